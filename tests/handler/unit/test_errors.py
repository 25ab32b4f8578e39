"""What an answer means for its call, and what of it may be shown."""

import pytest

from handler.model import Answer, LookupResult, Refused, Unanswered
from handler.provisioning import errors
from handler.provisioning.error_table import Effect
from tests.support import samples


@pytest.mark.parametrize(
    ("answer", "effect"),
    [
        (samples.CREATED, Effect.DONE),
        (samples.ASSUME_ROLE_FAIL, Effect.NOT_EXECUTED),
        (samples.THROTTLED, Effect.NOT_EXECUTED),
        (Refused("Http429", 429), Effect.NOT_EXECUTED),
        (samples.NOT_CONNECTED, Effect.NOT_EXECUTED),
        (samples.INTERNAL_ERROR, Effect.POSSIBLY_DONE),
        (samples.READ_TIMEOUT, Effect.POSSIBLY_DONE),
        (Refused("Undocumented", 500), Effect.POSSIBLY_DONE),
        (Refused("Undocumented", 404), Effect.TERMINAL),
        (samples.DUPLICATE, Effect.TERMINAL),
    ],
)
def test_effect_of_a_call_follows_from_its_answer(answer: Answer, effect: Effect) -> None:
    """A refusal is looked up in the table; a missing answer depends on whether anything was sent."""
    assert effect is errors.effect(answer)


@pytest.mark.parametrize("code", ["ReadTimeout", "NotConnected", "DuplicateExpressSyncName"])
def test_effect_of_a_missing_answer_ignores_its_code(code: str) -> None:
    """After sending, the call is possibly done; before, it is not executed."""
    assert Effect.POSSIBLY_DONE is errors.effect(Unanswered(code, sent=True))
    assert Effect.NOT_EXECUTED is errors.effect(Unanswered(code, sent=False))


@pytest.mark.parametrize(
    ("result", "retryable"),
    [
        (samples.NO_GROUPS, False),
        (samples.CREATED, False),
        (samples.DUPLICATE, False),
        (samples.NO_PERMISSION, False),
        (samples.INTERNAL_ERROR, True),
        (samples.ASSUME_ROLE_FAIL, True),
        (samples.READ_TIMEOUT, True),
        (samples.NOT_CONNECTED, True),
    ],
)
def test_only_temporary_errors_are_retryable(result: Answer | LookupResult, retryable: bool) -> None:
    """A success and a permanent refusal are final."""
    assert errors.is_retryable(result) is retryable


@pytest.mark.parametrize(
    ("answer", "impossible"),
    [
        (Refused("InvalidBucketName", 400), True),
        (Unanswered("InvalidBucketName", sent=True), False),
        (samples.DUPLICATE, False),
        (samples.READ_TIMEOUT, False),
    ],
)
def test_missing_answer_never_makes_a_request_impossible(answer: Refused | Unanswered, impossible: bool) -> None:
    assert errors.is_impossible(answer) is impossible


def test_reason_has_our_own_message_and_not_the_apis() -> None:
    """A gateway may quote the request in its message."""
    reason = errors.reason_of(Refused("RoleNotExist", 404, "API-9"))
    assert (reason.code, reason.http_status, reason.api_request_id) == ("RoleNotExist", 404, "API-9")
    assert reason.message == "The role that Cloud Storage Gateway assumes does not exist."
    assert "console" in reason.hint
    assert not reason.retryable


@pytest.mark.parametrize("answer", [samples.READ_TIMEOUT, samples.NOT_CONNECTED])
def test_reason_without_an_answer_has_no_status_and_no_api_id(answer: Unanswered) -> None:
    """The request can be replayed."""
    reason = errors.reason_of(answer)
    assert (reason.code, reason.http_status, reason.api_request_id) == (answer.code, None, "")
    assert reason.retryable


@pytest.mark.parametrize(("http_status", "retryable"), [(403, False), (429, True), (500, True)])
def test_reason_of_an_undocumented_code_follows_its_status(http_status: int, *, retryable: bool) -> None:
    """The status decides whether a replay makes sense."""
    assert errors.reason_of(Refused("Undocumented", http_status)).retryable is retryable
