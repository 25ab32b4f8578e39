"""Whether the function is there, can run, and works on the queues of the profile. Must not know how it is asked."""

from collections.abc import Iterator, Mapping
from typing import Any

from express_sync.ops.doctor.cloud import FUNCTIONS, SMQ, Patient
from express_sync.ops.doctor.endpoints import closed
from express_sync.ops.doctor.finding import Finding, unknown, well, wrong

# The function's settings that name what the profile names too.
SETTINGS = {
    "EXPRESS_SYNC_RESULT_TOPIC": "resultTopic",
    "EXPRESS_SYNC_REQUEST_QUEUE": "requestQueue",
    "EXPRESS_SYNC_DEAD_LETTER_QUEUE": "deadLetterQueue",
}


def function(patient: Patient) -> Iterator[Finding]:
    """Whether the function exists, is active, and is set to the names of the profile, as far as it can be seen."""
    if shut := closed(patient, FUNCTIONS):
        yield shut
        return
    subject, answer = f"Function {patient.named(FUNCTIONS, 'function')}", patient.function
    if answer.code:
        yield _unseen(subject, answer.code)
        return
    yield _state(subject, answer.document)
    yield from _settings(patient, answer.document)


def _unseen(subject: str, code: str) -> Finding:
    if code == "FunctionNotFound":
        return wrong(f"{subject} does not exist", "deploy template.yml, or correct fc.function of the profile")
    if code == "AccessDenied":
        return unknown(f"{subject} may not be looked at", "grant the key fc:GetFunction, or check its security token")
    return unknown(f"{subject} could not be looked at ({code})", "try again in a minute")


def _state(subject: str, description: Mapping[str, Any]) -> Finding:
    state = description.get("state", "Active")
    if state in ("Active", "Inactive"):  # Inactive: has no instance at the moment
        return well(f"{subject} is there")
    return wrong(f"{subject} cannot run: its state is {state}", "see its page in the console, and deploy template.yml")


def _settings(patient: Patient, description: Mapping[str, Any]) -> Iterator[Finding]:
    """What is not set as the profile has it; nothing where the environment was not shown."""
    environment = description.get("environmentVariables")
    if not isinstance(environment, Mapping):
        return
    for variable, key in SETTINGS.items():
        wanted, set_to = patient.named(SMQ, key), environment.get(variable)
        if wanted and set_to != wanted:
            is_set = f"is set to {set_to}" if set_to else "is not set"
            yield wrong(
                f"{variable} of the function {is_set}, not to {wanted}", f"deploy template.yml, or correct mns.{key}"
            )
