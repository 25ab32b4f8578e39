"""Who calls the function, and as whom it acts: its triggers and its role. Must not know how they are asked about.

Neither role can be tried from here: the function's is its own, and Cloud Storage Gateway takes on its service role
only when it makes a group. The one line that says so says what shows it.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from express_sync.ops.doctor.cloud import FUNCTIONS, SMQ, Patient
from express_sync.ops.doctor.endpoints import closed
from express_sync.ops.doctor.finding import Finding, unknown, well, wrong

_DEPLOY = "deploy template.yml"
_FETCH = {"control": {"drain": "requests"}}
_SOURCE = ("eventSourceConfig", "eventSourceParameters", "sourceMNSParameters")


def role(patient: Patient) -> Iterator[Finding]:
    """With which role the function acts, and what would show that it and the service's own role suffice."""
    if shut := closed(patient, FUNCTIONS):
        yield shut
        return
    answer = patient.function
    if answer.code:
        yield _unseen("The function's role", answer.code, "fc:GetFunction")
        return
    arn = answer.document.get("role")
    if not arn:
        yield wrong("The function has no role, so it gets no key to act with", _DEPLOY)
        return
    name = str(arn).rpartition("/")[2]
    yield well(f"The function acts with the role {name}")
    yield unknown(
        f"What {name} may do, and whether Cloud Storage Gateway has its own role, shows only when a group is made",
        "send one request with `express-sync submit FILE --wait`, whose outcome names a right or role that is missing",
    )


def trigger(patient: Patient) -> Iterator[Finding]:
    """Whether what lies in the request queue is brought to the function."""
    if shut := closed(patient, FUNCTIONS):
        yield shut
        return
    answer, queue = patient.triggers, patient.named(SMQ, "requestQueue")
    if answer.code:
        yield _unseen("What calls the function", answer.code, "fc:ListTriggers")
        return
    listed = answer.document.get("triggers")
    triggers = [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []
    yield _bringing(queue, [each for each in triggers if _queue_of(each) == queue or _fetches(each)])


def _bringing(queue: str, triggers: list[Mapping[str, Any]]) -> Finding:
    if not triggers:
        return wrong(f"No trigger brings requests from {queue} to the function", _DEPLOY)
    enabled = [each for each in triggers if _is_on(_config(each))]
    if not enabled:
        name = triggers[0].get("triggerName")
        return wrong(f"Trigger {name} of {queue} is switched off", "switch it on in the console of Function Compute")
    return well(f"Trigger {enabled[0].get('triggerName')} brings requests from {queue} to the function")


def _unseen(subject: str, code: str, right: str) -> Finding:
    if code == "FunctionNotFound":
        return unknown(f"{subject} is not known, as there is no function", "see to the function first")
    if code == "AccessDenied":
        return unknown(f"{subject} may not be looked at", f"grant the key {right}, or check its security token")
    return unknown(f"{subject} is not known ({code})", "see its page in the console of Function Compute")


def _queue_of(trigger: Mapping[str, Any]) -> str:
    """The queue that a trigger takes from, empty for one that takes from none."""
    found: Any = _config(trigger)
    for name in _SOURCE:
        found = found.get(name) if isinstance(found, Mapping) else None
    return str(found.get("QueueName", "")) if isinstance(found, Mapping) else ""


def _fetches(trigger: Mapping[str, Any]) -> bool:
    """Whether a trigger has the function fetch requests itself, as the timer of Intake=pull does."""
    return _parsed(_config(trigger).get("payload")) == _FETCH


def _is_on(config: Mapping[str, Any]) -> bool:
    """A timer says `enable`, a trigger of a queue `triggerEnable`, and may leave it out."""
    return config.get("enable", config.get("triggerEnable", True)) is True


def _config(trigger: Mapping[str, Any]) -> Mapping[str, Any]:
    """The configuration, which the API gives as a JSON text."""
    config = _parsed(trigger.get("triggerConfig"))
    return config if isinstance(config, Mapping) else {}


def _parsed(text: object) -> object:
    """What a JSON text says, None for anything else."""
    try:
        return json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return None
