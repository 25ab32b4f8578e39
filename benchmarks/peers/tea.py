"""The same job in the way the official documentation shows it: validate, call through the official Tea SDK, publish.

One client of each SDK is kept by the instance. No retries, no read-back, no deferral, one message after the other: less
than the function does. Placed as handler/entry.py into a code directory.
"""

import json
import logging
import os
from functools import cache
from pathlib import Path
from typing import Any

from alibabacloud_sgw20180511.client import Client
from alibabacloud_sgw20180511.models import CreateExpressSyncRequest
from alibabacloud_tea_openapi.models import Config
from jsonschema import Draft7Validator
from mns.account import Account
from mns.topic import TopicMessage

SCHEMAS = Path(__file__).parent.parent / "schemas"
VALIDATOR = Draft7Validator(json.loads((SCHEMAS / "provision-request.v1.json").read_bytes()))
LOGGER = logging.getLogger()


@cache
def gateway(key_id: str, secret: str, token: str) -> Client:
    """Return the client of the gateway that the instance keeps."""
    scheme, _, host = os.environ["EXPRESS_SYNC_SGW_ENDPOINT"].partition("://")
    return Client(
        Config(
            access_key_id=key_id,
            access_key_secret=secret,
            security_token=token,
            endpoint=host,
            protocol=scheme,
            ca=os.environ.get("SSL_CERT_FILE"),
        )
    )


@cache
def topic(key_id: str, secret: str, token: str) -> Any:
    """Return the topic of the account that the instance keeps."""
    account = Account(os.environ["EXPRESS_SYNC_MNS_ENDPOINT"], key_id, secret, token)
    return account.get_topic(os.environ["EXPRESS_SYNC_RESULT_TOPIC"])


def process(request: dict[str, Any], *key: str) -> str:
    """Create the group of one request, publish its outcome, and return that."""
    VALIDATOR.validate(request)
    wanted = CreateExpressSyncRequest(
        name=request["name"], bucket_name=request["bucketName"], bucket_region=request["bucketRegion"]
    )
    created = gateway(*key).create_express_sync(wanted).body
    outcome = json.dumps({"status": "succeeded", "expressSyncId": created.express_sync_id, **request})
    topic(*key).publish_message(TopicMessage(outcome, "succeeded"))
    LOGGER.info("created %s", created.express_sync_id)
    return outcome


def handle(event: bytes, context: Any) -> str:
    """Process a direct request, or every message of a batch."""
    value, keys = json.loads(event), context.credentials
    requests = [json.loads(each["data"]["messageBody"]) for each in value] if isinstance(value, list) else [value]
    key = (keys.access_key_id, keys.access_key_secret, keys.security_token)
    return [process(request, *key) for request in requests][-1]
