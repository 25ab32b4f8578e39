"""The same job over the older official SDK, aliyun-python-sdk-core with its CommonRequest, and the MNS SDK.

One client of each SDK is kept by the instance. No retries, no read-back, no deferral, one message after the other: less
than the function does. Placed as handler/entry.py into a code directory.
"""

import json
import logging
import os
from functools import cache
from pathlib import Path
from typing import Any

from aliyunsdkcore.auth.credentials import StsTokenCredential
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest
from jsonschema import Draft7Validator
from mns.account import Account
from mns.topic import TopicMessage

SCHEMAS = Path(__file__).parent.parent / "schemas"
VALIDATOR = Draft7Validator(json.loads((SCHEMAS / "provision-request.v1.json").read_bytes()))
LOGGER = logging.getLogger()


@cache
def gateway(*key: str) -> AcsClient:
    """Return the client of the gateway that the instance keeps."""
    verify = os.environ.get("SSL_CERT_FILE")
    return AcsClient(region_id="cn-hangzhou", credential=StsTokenCredential(*key), verify=verify)


@cache
def topic(*key: str) -> Any:
    """Return the topic of the account that the instance keeps."""
    return Account(os.environ["EXPRESS_SYNC_MNS_ENDPOINT"], *key).get_topic(os.environ["EXPRESS_SYNC_RESULT_TOPIC"])


def created(request: dict[str, Any], *key: str) -> str:
    """Create the group and return its id."""
    # with a port other than 443, it speaks TLS only if the domain names the scheme
    call = CommonRequest(
        domain=os.environ["EXPRESS_SYNC_SGW_ENDPOINT"], version="2018-05-11", action_name="CreateExpressSync"
    )
    call.set_method("POST")
    call.set_accept_format("json")
    for field, name in (("Name", "name"), ("BucketName", "bucketName"), ("BucketRegion", "bucketRegion")):
        call.add_query_param(field, request[name])
    return str(json.loads(gateway(*key).do_action_with_exception(call))["ExpressSyncId"])


def process(request: dict[str, Any], *key: str) -> str:
    """Create the group of one request, publish its outcome, and return that."""
    VALIDATOR.validate(request)
    outcome = json.dumps({"status": "succeeded", "expressSyncId": created(request, *key), **request})
    topic(*key).publish_message(TopicMessage(outcome, "succeeded"))
    LOGGER.info("created the group of %s", request["requestId"])
    return outcome


def handle(event: bytes, context: Any) -> str:
    """Process a direct request, or every message of a batch."""
    value, keys = json.loads(event), context.credentials
    requests = [json.loads(each["data"]["messageBody"]) for each in value] if isinstance(value, list) else [value]
    key = (keys.access_key_id, keys.access_key_secret, keys.security_token)
    return [process(request, *key) for request in requests][-1]
