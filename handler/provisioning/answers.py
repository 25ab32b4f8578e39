"""What an answer tells: what the call has done, whether to ask again, what may be shown of it.

The facts are the table in `codes`; this module must not know policies, deadlines or verdicts.
"""

from handler.model import Answer, Created, Finding, Reason, Refused, Seen, Unanswered
from handler.provisioning.errors import Effect, meaning

_PASSING = (Effect.NOT_EXECUTED, Effect.UNKNOWN)


def effect(answer: Answer) -> Effect:
    """What the create call behind this answer has done."""
    match answer:
        case Created():
            return Effect.DONE
        case Refused(code, http_status):
            return meaning(code, http_status).effect
        case unanswered:
            return Effect.UNKNOWN if unanswered.sent else Effect.NOT_EXECUTED


def is_retryable(result: Answer | Finding) -> bool:
    """Whether the same call may be answered otherwise a moment later."""
    return not isinstance(result, Seen) and effect(result) in _PASSING


def is_impossible(answer: Refused | Unanswered) -> bool:
    """Whether a request that is answered so can never have made its group, whoever sent it before."""
    return isinstance(answer, Refused) and meaning(answer.code, answer.http_status).impossible


def reason(answer: Refused | Unanswered) -> Reason:
    """What may be shown of an answer. The API's own text stays out: a gateway may quote the request in it."""
    http_status = answer.http_status if isinstance(answer, Refused) else None
    row = meaning(answer.code, http_status)
    return Reason(
        code=answer.code,
        message=row.message,
        hint=row.hint,
        retryable=row.effect in _PASSING,
        http_status=http_status,
        api_request_id=answer.api_request_id if isinstance(answer, Refused) else "",
        retry_after_seconds=retry_after_seconds(answer),
    )


def retry_after_seconds(result: Answer | Finding) -> float:
    """Return the seconds for which the answer asks not to be called again, 0 where it asks for nothing."""
    return result.retry_after_seconds if isinstance(result, Refused) else 0.0
