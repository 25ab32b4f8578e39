"""Checks whether the function exists, can run, and uses the queues of the profile."""

from collections.abc import Iterator, Mapping
from typing import Any

from express_sync.ops.doctor.cloud import FUNCTIONS, SMQ, InspectedCloud
from express_sync.ops.doctor.endpoints import needs
from express_sync.ops.doctor.finding import DEPLOY, Finding, ok, unknown, wrong

# The settings of the function that must equal a name in the profile.
SETTINGS = {
    "EXPRESS_SYNC_RESULT_TOPIC": "resultTopic",
    "EXPRESS_SYNC_REQUEST_QUEUE": "requestQueue",
    "EXPRESS_SYNC_DEAD_LETTER_QUEUE": "deadLetterQueue",
}


@needs(FUNCTIONS)
def function(cloud: InspectedCloud) -> Iterator[Finding]:
    """Check that the function exists, is active, and is configured with the names of the profile."""
    subject, response = f"Function {cloud.setting(FUNCTIONS, 'function')}", cloud.function
    if response.code:
        yield _lookup_failed(subject, response.code)
        return
    yield _state(subject, response.document)
    yield from _settings(cloud, response.document)


def _lookup_failed(subject: str, code: str) -> Finding:
    if code == "FunctionNotFound":
        return wrong(f"{subject} does not exist", f"{DEPLOY}, or correct fc.function of the profile")
    if code == "AccessDenied":
        fix = "grant fc:GetFunction to the key, or check its security token"
        return unknown(f"The key is not permitted to look up {subject}", fix)
    return unknown(f"{subject} could not be looked up ({code})", "try again in a minute")


def _state(subject: str, description: Mapping[str, Any]) -> Finding:
    state = description.get("state", "Active")
    if state in ("Active", "Inactive"):  # Inactive: has no instance at the moment
        return ok(f"{subject} exists")
    return wrong(f"{subject} cannot run: its state is {state}", f"see its page in the console, and {DEPLOY}")


def _settings(cloud: InspectedCloud, description: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield each setting that differs from the profile; nothing if the response has no environment."""
    environment = description.get("environmentVariables")
    if not isinstance(environment, Mapping):
        return
    for variable, key in SETTINGS.items():
        expected, actual = cloud.setting(SMQ, key), environment.get(variable)
        if expected and actual != expected:
            state = f"is set to {actual}" if actual else "is not set"
            message = f"{variable} of the function {state}, not to {expected}"
            yield wrong(message, f"{DEPLOY}, or correct mns.{key}")
