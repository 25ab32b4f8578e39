"""What the result of an API call means: its effect, whether to retry, and what may be shown of it.

The facts are in `error_table`.
"""

from dataclasses import replace

from handler.model import Answer, Created, GroupList, LookupResult, Reason, Refused, Unanswered
from handler.provisioning.error_table import (
    CLIENT_ERRORS,
    DOCUMENTED,
    GATEWAY,
    OWN,
    REFUSED,
    SERVER_ERRORS,
    SERVER_SIDE,
    THROTTLED,
    THROTTLING_PREFIXES,
    Effect,
    ErrorInfo,
)

_BY_CODE = {**DOCUMENTED, **GATEWAY}
_SPELLINGS = {code.lower(): code for code in _BY_CODE}
_THROTTLING = tuple(prefix.lower() for prefix in THROTTLING_PREFIXES)
_TOO_MANY_REQUESTS = 429
_RETRYABLE = (Effect.NOT_EXECUTED, Effect.POSSIBLY_DONE)


def error_info(code: str, http_status: int | None) -> ErrorInfo:
    """Return the row for a code, documented or not: by its name, else by its HTTP status.

    Whatever its code, a 5xx leaves open whether the call was executed: Alibaba Cloud's pages on idempotence put 500,
    503 and a missing answer into one class.
    """
    row = _row(code, http_status)
    return replace(row, effect=Effect.POSSIBLY_DONE, impossible=False) if http_status in SERVER_ERRORS else row


def is_known(code: str) -> bool:
    """Return whether the API or its gateway is known to use this code."""
    return bool(documented(code)) or _is_throttling(code)


def documented(code: str) -> str:
    """Return the code in `error_table` that a code of the API stands for, empty if none.

    Services of Alibaba Cloud refine a code by a suffix (`Throttling.User`), and gateways differ in upper and lower
    case.
    """
    folded = code.lower()
    return _SPELLINGS.get(folded) or _SPELLINGS.get(folded.partition(".")[0], "")


def effect(answer: Answer) -> Effect:
    """Return the effect of the create call that was answered so."""
    if isinstance(answer, Created):
        return Effect.DONE
    if isinstance(answer, Refused):
        return error_info(answer.code, answer.http_status).effect
    return Effect.POSSIBLY_DONE if answer.sent else Effect.NOT_EXECUTED


def is_retryable(result: Answer | LookupResult) -> bool:
    """Return whether the same call may get another result a moment later."""
    return not isinstance(result, GroupList) and effect(result) in _RETRYABLE


def is_impossible(answer: Refused | Unanswered) -> bool:
    """Return whether a request that gets this answer can never have made its group, in any earlier attempt."""
    return isinstance(answer, Refused) and error_info(answer.code, answer.http_status).impossible


def reason(code: str, http_status: int | None = None) -> Reason:
    """Return the reason that a code stands for."""
    row = error_info(code, http_status)
    return Reason(
        code=code, message=row.message, hint=row.hint, retryable=row.effect in _RETRYABLE, http_status=http_status
    )


def reason_of(answer: Refused | Unanswered) -> Reason:
    """Return what may be shown of an answer. The API's own text stays out: a gateway may quote the request in it."""
    if isinstance(answer, Unanswered):
        return reason(answer.code)
    return replace(
        reason(answer.code, answer.http_status),
        api_request_id=answer.api_request_id,
        retry_after_seconds=answer.retry_after_seconds,
    )


def retry_after_seconds(result: Answer | LookupResult) -> float:
    """Return for how many seconds the API asked not to be called again, 0 if it did not ask."""
    return result.retry_after_seconds if isinstance(result, Refused) else 0.0


def _row(code: str, http_status: int | None) -> ErrorInfo:
    known = OWN.get(code) or _BY_CODE.get(code)
    if known is not None:
        return known
    if name := documented(code):
        return replace(_BY_CODE[name], impossible=False)
    if _is_throttling(code) or http_status == _TOO_MANY_REQUESTS:
        return THROTTLED
    return REFUSED if http_status in CLIENT_ERRORS else SERVER_SIDE


def _is_throttling(code: str) -> bool:
    return code.lower().startswith(_THROTTLING)
