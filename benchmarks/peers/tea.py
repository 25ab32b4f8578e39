"""The same job in the way the official documentation shows it: validate, call through the official Tea SDK, publish.

No retries, no read-back, no deferral, one message at a time: less than the function does, so a floor for this style.
Placed as handler/entry.py into a code directory.
"""

import json
import logging
import os
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


def handle(event: bytes, context: Any) -> str:
    """Create the group that a direct request asks for; publish and return the outcome."""
    request = json.loads(event)
    VALIDATOR.validate(request)
    keys = context.credentials
    scheme, _, host = os.environ["EXPRESS_SYNC_SGW_ENDPOINT"].partition("://")
    client = Client(
        Config(
            access_key_id=keys.access_key_id,
            access_key_secret=keys.access_key_secret,
            security_token=keys.security_token,
            endpoint=host,
            protocol=scheme,
        )
    )
    created = client.create_express_sync(
        CreateExpressSyncRequest(
            name=request["name"], bucket_name=request["bucketName"], bucket_region=request["bucketRegion"]
        )
    ).body
    outcome = json.dumps({"status": "succeeded", "expressSyncId": created.express_sync_id, **request})
    account = Account(
        os.environ["EXPRESS_SYNC_MNS_ENDPOINT"], keys.access_key_id, keys.access_key_secret, keys.security_token
    )
    account.get_topic(os.environ["EXPRESS_SYNC_RESULT_TOPIC"]).publish_message(TopicMessage(outcome, "succeeded"))
    LOGGER.info("created %s", created.express_sync_id)
    return outcome
