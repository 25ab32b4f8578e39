"""Signs invocations without code of the emulator: written from the services' documents, with `http.client`."""

import base64
import hashlib
import hmac
import http.client
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from urllib.parse import quote

from express_sync.local.account import LOCAL_ACCOUNT, Key
from tests.support.patience import PATIENCE_SECONDS

PATH_2016 = "/2016-08-15/services/express-sync/functions/sample/invocations"
PATH_2023 = "/2023-03-30/functions/sample/invocations"
JSON_BODY = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Response:
    """One response; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def send(port: int, path: str, headers: Mapping[str, str], body: bytes, method: str = "POST") -> Response:
    """Send one request to the loopback port."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        connection.request(method, path, body, dict(headers))
        response = connection.getresponse()
        return Response(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    finally:
        connection.close()


def fc_headers(
    path: str, extra: Mapping[str, str] | None = None, key: Key = LOCAL_ACCOUNT.user, at: float | None = None
) -> dict[str, str]:
    """Return the headers of a signed call of API version 2016-08-15."""
    headers = {"date": formatdate(time.time() if at is None else at, usegmt=True), "content-type": "application/json"}
    headers |= {"x-fc-security-token": key.security_token} if key.security_token else {}
    headers |= extra or {}
    own = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers) if name.startswith("x-fc-"))
    text = f"POST\n\n{headers['content-type']}\n{headers['date']}\n{own}{path}"
    digest = hmac.new(key.access_key_secret.encode(), text.encode(), hashlib.sha256).digest()
    return {**headers, "authorization": f"FC {key.access_key_id}:{base64.b64encode(digest).decode()}"}


def acs3_headers(
    path: str,
    body: bytes,
    query: Mapping[str, str] | None = None,
    key: Key = LOCAL_ACCOUNT.user,
    at: float | None = None,
    extra: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the headers of a call signed with ACS3-HMAC-SHA256."""
    moment = time.gmtime(time.time() if at is None else at)
    headers = {
        "host": "127.0.0.1",
        "x-acs-date": time.strftime("%Y-%m-%dT%H:%M:%SZ", moment),
        "x-acs-content-sha256": hashlib.sha256(body).hexdigest(),
    }
    headers |= {"x-acs-security-token": key.security_token} if key.security_token else {}
    names = sorted(headers)
    pairs = sorted((query or {}).items())
    canonical = "\n".join(
        [
            "POST",
            path,
            "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in pairs),
            "".join(f"{name}:{headers[name]}\n" for name in names),
            ";".join(names),
            headers["x-acs-content-sha256"],
        ]
    )
    text = "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical.encode()).hexdigest()
    signature = hmac.new(key.access_key_secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    given = f"Credential={key.access_key_id},SignedHeaders={';'.join(names)},Signature={signature}"
    return {**headers, **(extra or {}), "authorization": f"ACS3-HMAC-SHA256 {given}"}
