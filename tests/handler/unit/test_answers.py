"""What an answer tells of the call behind it, and what of it may be shown."""

import pytest

from handler.model import Answer, LookupResult, Refused, Unanswered
from handler.provisioning import errors
from handler.provisioning.error_table import Effect
from tests.handler.unit import fakes


@pytest.mark.parametrize(
    ("answer", "effect"),
    [
        (fakes.CREATED, Effect.DONE),
        (fakes.ASSUME_ROLE_FAIL, Effect.NOT_EXECUTED),
        (fakes.THROTTLED, Effect.NOT_EXECUTED),
        (Refused("Http429", 429), Effect.NOT_EXECUTED),
        (fakes.NOT_CONNECTED, Effect.NOT_EXECUTED),
        (fakes.INTERNAL_ERROR, Effect.POSSIBLY_DONE),
        (fakes.READ_TIMEOUT, Effect.POSSIBLY_DONE),
        (Refused("Undocumented", 500), Effect.POSSIBLY_DONE),
        (Refused("Undocumented", 404), Effect.TERMINAL),
        (fakes.DUPLICATE, Effect.TERMINAL),
    ],
)
def test_the_effect_is_what_the_call_has_done(answer: Answer, effect: Effect) -> None:
    """Refusals go by the table; silence goes by whether anything was sent."""
    assert effect is errors.effect(answer)


@pytest.mark.parametrize("code", ["ReadTimeout", "NotConnected", "DuplicateExpressSyncName"])
def test_silence_is_judged_by_what_was_sent_not_by_its_name(code: str) -> None:
    """The same name without an answer is unknown once something was sent, and harmless before."""
    assert Effect.POSSIBLY_DONE is errors.effect(Unanswered(code, sent=True))
    assert Effect.NOT_EXECUTED is errors.effect(Unanswered(code, sent=False))


@pytest.mark.parametrize(
    ("result", "retryable"),
    [
        (fakes.NO_GROUPS, False),
        (fakes.CREATED, False),
        (fakes.DUPLICATE, False),
        (fakes.NO_PERMISSION, False),
        (fakes.INTERNAL_ERROR, True),
        (fakes.ASSUME_ROLE_FAIL, True),
        (fakes.READ_TIMEOUT, True),
        (fakes.NOT_CONNECTED, True),
    ],
)
def test_only_passing_answers_are_worth_another_call(result: Answer | LookupResult, retryable: bool) -> None:
    """A success and a refusal for good settle the matter; anything that passes does not."""
    assert errors.is_retryable(result) is retryable


@pytest.mark.parametrize(
    ("answer", "impossible"),
    [
        (Refused("InvalidBucketName", 400), True),
        (Unanswered("InvalidBucketName", sent=True), False),
        (fakes.DUPLICATE, False),
        (fakes.READ_TIMEOUT, False),
    ],
)
def test_only_an_answer_that_arrived_can_make_a_request_impossible(
    answer: Refused | Unanswered, impossible: bool
) -> None:
    """Silence proves nothing."""
    assert errors.is_impossible(answer) is impossible


def test_a_reason_shows_code_status_and_api_id_with_our_own_words() -> None:
    """What the API wrote itself is not shown, for a gateway may quote the request in it."""
    reason = errors.reason_of(Refused("RoleNotExist", 404, "API-9"))
    assert (reason.code, reason.http_status, reason.api_request_id) == ("RoleNotExist", 404, "API-9")
    assert reason.message == "The role that Cloud Storage Gateway assumes does not exist."
    assert "console" in reason.hint
    assert not reason.retryable


@pytest.mark.parametrize("answer", [fakes.READ_TIMEOUT, fakes.NOT_CONNECTED])
def test_a_reason_without_an_answer_has_neither_status_nor_api_id(answer: Unanswered) -> None:
    """What never arrived has no status; replaying it makes sense."""
    reason = errors.reason_of(answer)
    assert (reason.code, reason.http_status, reason.api_request_id) == (answer.code, None, "")
    assert reason.retryable


@pytest.mark.parametrize(("http_status", "retryable"), [(403, False), (429, True), (500, True)])
def test_the_reason_of_an_undocumented_code_goes_by_its_status(http_status: int, *, retryable: bool) -> None:
    """Where the name says nothing, the status decides whether replaying makes sense."""
    assert errors.reason_of(Refused("Undocumented", http_status)).retryable is retryable
