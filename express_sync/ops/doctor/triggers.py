"""Checks the triggers and the role of the function.

Neither the role of the function nor that of Cloud Storage Gateway can be tested without creating a group: the first
belongs to the function, and the service assumes the second only then. One finding says so, and how to find out.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from express_sync.ops.doctor.cloud import FUNCTIONS, SMQ, InspectedCloud
from express_sync.ops.doctor.endpoints import needs
from express_sync.ops.doctor.finding import DEPLOY, Finding, ok, unknown, wrong

_DRAIN_REQUESTS = {"control": {"drain": "requests"}}
_SOURCE = ("eventSourceConfig", "eventSourceParameters", "sourceMNSParameters")


@needs(FUNCTIONS)
def role(cloud: InspectedCloud) -> Iterator[Finding]:
    """Check that the function has a role, and tell how to find out whether its permissions suffice."""
    response = cloud.function
    if response.code:
        yield _lookup_failed("The function's role", response.code, "fc:GetFunction")
        return
    arn = response.document.get("role")
    if not arn:
        yield wrong("The function has no role, so it has no key to call other services with", DEPLOY)
        return
    name = str(arn).rpartition("/")[2]
    yield ok(f"The function has the role {name}")
    yield unknown(
        f"The permissions of {name} and the role of Cloud Storage Gateway can be tested only by creating a group",
        "send one request with `express-sync submit FILE --wait`; its outcome names a missing permission or role",
    )


@needs(FUNCTIONS)
def trigger(cloud: InspectedCloud) -> Iterator[Finding]:
    """Check that an enabled trigger delivers the messages of the request queue to the function."""
    response, queue = cloud.triggers, cloud.setting(SMQ, "requestQueue")
    if response.code:
        yield _lookup_failed("The function's trigger", response.code, "fc:ListTriggers")
        return
    listed = response.document.get("triggers")
    triggers = [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []
    yield _delivery(queue, [each for each in triggers if _queue_of(each) == queue or _drains_requests(each)])


def _delivery(queue: str, triggers: list[Mapping[str, Any]]) -> Finding:
    if not triggers:
        return wrong(f"No trigger delivers requests from {queue} to the function", DEPLOY)
    enabled = [each for each in triggers if _is_enabled(_config(each))]
    if not enabled:
        name = triggers[0].get("triggerName")
        return wrong(f"Trigger {name} of {queue} is disabled", "enable it in the console of Function Compute")
    return ok(f"Trigger {enabled[0].get('triggerName')} delivers requests from {queue} to the function")


def _lookup_failed(subject: str, code: str, right: str) -> Finding:
    if code == "FunctionNotFound":
        return unknown(f"{subject} could not be looked up, because the function does not exist", "deploy the function")
    if code == "AccessDenied":
        message = f"{subject} could not be looked up, because the key has no permission"
        return unknown(message, f"grant {right} to the key, or check its security token")
    return unknown(f"{subject} could not be looked up ({code})", "see its page in the console of Function Compute")


def _queue_of(trigger: Mapping[str, Any]) -> str:
    """Return the queue of a trigger, or an empty string for a trigger of another kind."""
    found: Any = _config(trigger)
    for name in _SOURCE:
        found = found.get(name) if isinstance(found, Mapping) else None
    return str(found.get("QueueName", "")) if isinstance(found, Mapping) else ""


def _drains_requests(trigger: Mapping[str, Any]) -> bool:
    """Return whether a trigger has the function drain the request queue, as the timer of Intake=pull does."""
    return _parsed(_config(trigger).get("payload")) == _DRAIN_REQUESTS


def _is_enabled(config: Mapping[str, Any]) -> bool:
    """Return whether a trigger is enabled: a timer has `enable`, a queue trigger `triggerEnable`, true by default."""
    return config.get("enable", config.get("triggerEnable", True)) is True


def _config(trigger: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the configuration, which the API returns as JSON text."""
    config = _parsed(trigger.get("triggerConfig"))
    return config if isinstance(config, Mapping) else {}


def _parsed(text: object) -> object:
    """Return the value of a JSON text, None for anything else."""
    try:
        return json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None
