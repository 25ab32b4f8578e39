"""The ready object: what tools need to know of a running local cloud."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from express_sync.local.account import Account
from express_sync.local.template.deployment import Deployment

RESULT_TOPIC = "EXPRESS_SYNC_RESULT_TOPIC"
REQUEST_QUEUE = "EXPRESS_SYNC_REQUEST_QUEUE"
DEAD_LETTER_QUEUE = "EXPRESS_SYNC_DEAD_LETTER_QUEUE"
PORTAL_SUBSCRIPTION = "portal"  # the name in template.yml; it takes the same outcomes as that of the result queue


def ready_object(
    deployment: Deployment, account: Account, urls: Mapping[str, str], ca_file: Path | None = None
) -> dict[str, Any]:
    """Return the ready object of a cloud that serves mns, sgw and fc at `urls`; `ca_file` certifies its https URLs."""
    settings = deployment.function.environment
    topic = settings.get(RESULT_TOPIC, "")
    trigger = next(iter(deployment.triggers), None)
    return {
        "region": account.region,
        "accountId": account.account_id,
        "accessKeyId": account.user.access_key_id,
        "accessKeySecret": account.user.access_key_secret,
        "mns": {
            "endpoint": urls["mns"],
            "requestQueue": trigger.queue if trigger else settings.get(REQUEST_QUEUE, ""),
            "resultTopic": topic,
            "resultQueue": _subscribed_queue(deployment, topic, ""),
            "portalQueue": _portal_queue(deployment, topic),
            "failureQueue": _subscribed_queue(deployment, topic, "failed"),
            "deadLetterQueue": trigger.dead_letter_queue if trigger else settings.get(DEAD_LETTER_QUEUE, ""),
        },
        "sgw": {"endpoint": urls["sgw"]},
        "fc": {"endpoint": urls["fc"], "function": deployment.function.name},
        "console": f"{urls['fc']}/",
        **({"caFile": str(ca_file)} if ca_file else {}),
    }


def _subscribed_queue(deployment: Deployment, topic: str, tag: str) -> str:
    wanted = (topic, tag)
    own = [each for each in deployment.subscriptions if each.name != PORTAL_SUBSCRIPTION]
    return next((each.queue for each in own if (each.topic, each.filter_tag) == wanted), "")


def _portal_queue(deployment: Deployment, topic: str) -> str:
    wanted = (topic, PORTAL_SUBSCRIPTION)
    return next((each.queue for each in deployment.subscriptions if (each.topic, each.name) == wanted), "")
