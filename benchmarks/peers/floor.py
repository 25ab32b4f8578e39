"""The floor: two kept connections of http.client, a signature for each call, no validation, no log, no retry.

The least that a function for this work can do in Python. Placed as handler/entry.py into a code directory.
"""

import base64
import hashlib
import hmac
import json
import os
import re
import uuid
from email.utils import formatdate
from functools import cache
from http.client import HTTPConnection, HTTPSConnection
from time import gmtime, strftime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

NOTHING = hashlib.sha256(b"").hexdigest()
ID = re.compile(rb"<MessageId>([^<]+)")


@cache
def connection(variable: str) -> HTTPConnection:
    """Return the connection that the instance keeps to the endpoint in a variable."""
    endpoint = urlsplit(os.environ[variable])
    kind = HTTPSConnection if endpoint.scheme == "https" else HTTPConnection
    return kind(endpoint.netloc)


def created(request: dict[str, Any], keys: Any) -> str:
    """Create the group and return its id."""
    to = connection("EXPRESS_SYNC_SGW_ENDPOINT")
    fields = {"Name": "name", "BucketName": "bucketName", "BucketRegion": "bucketRegion"}
    query = urlencode(sorted((field, request[name]) for field, name in fields.items()), quote_via=quote)
    headers = {
        "host": f"{to.host}:{to.port}",
        "x-acs-action": "CreateExpressSync",
        "x-acs-content-sha256": NOTHING,
        "x-acs-date": strftime("%Y-%m-%dT%H:%M:%SZ", gmtime()),
        "x-acs-security-token": keys.security_token,
        "x-acs-signature-nonce": uuid.uuid4().hex,
        "x-acs-version": "2018-05-11",
    }
    names = sorted(headers)
    lines = "".join(f"{name}:{headers[name]}\n" for name in names)
    canonical = f"POST\n/\n{query}\n{lines}\n{';'.join(names)}\n{NOTHING}"
    to_sign = f"ACS3-HMAC-SHA256\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(keys.access_key_secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    headers["authorization"] = (
        f"ACS3-HMAC-SHA256 Credential={keys.access_key_id},SignedHeaders={';'.join(names)},Signature={signature}"
    )
    to.request("POST", f"/?{query}", headers={**headers, "accept": "application/json"})
    answer = json.loads(to.getresponse().read())
    assert answer["Success"], answer
    return str(answer["ExpressSyncId"])


def publish(body: str, keys: Any) -> None:
    """Publish the outcome."""
    to = connection("EXPRESS_SYNC_MNS_ENDPOINT")
    path = f"/topics/{os.environ['EXPRESS_SYNC_RESULT_TOPIC']}/messages"
    text = body.replace("&", "&amp;").replace("<", "&lt;")
    document = f"<Message><MessageBody>{text}</MessageBody><MessageTag>succeeded</MessageTag></Message>".encode()
    headers = {"Content-Type": "text/xml", "Date": formatdate(usegmt=True), "x-mns-version": "2015-06-06"}
    to_sign = f"POST\n\ntext/xml\n{headers['Date']}\nx-mns-version:2015-06-06\n{path}"
    digest = hmac.new(keys.access_key_secret.encode(), to_sign.encode(), hashlib.sha1).digest()
    headers["Authorization"] = f"MNS {keys.access_key_id}:{base64.b64encode(digest).decode()}"
    headers["security-token"] = keys.security_token
    to.request("POST", path, document, headers)
    answer = to.getresponse().read()
    assert ID.search(answer), answer


def process(request: dict[str, Any], keys: Any) -> str:
    """Create the group of one request, publish its outcome, and return that."""
    outcome = json.dumps({"status": "succeeded", "expressSyncId": created(request, keys), **request})
    publish(outcome, keys)
    return outcome


def handle(event: bytes, context: Any) -> str:
    """Process a direct request, or every message of a batch, one after the other."""
    value = json.loads(event)
    requests = [json.loads(each["data"]["messageBody"]) for each in value] if isinstance(value, list) else [value]
    return [process(request, context.credentials) for request in requests][-1]
