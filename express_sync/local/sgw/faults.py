"""The faults that calls of this service can meet.

Chosen: `malformed-200` and `success-false` do not run the operation; `trickle` runs it; `normalised` stores the
prefix without slashes at its ends.
"""

from typing import Literal, NamedTuple

from express_sync.local.faults import Fault, Kind, Kinds
from express_sync.local.sgw.errors import ERRORS, SgwError

Distortion = Literal["bad gateway", "forbidden", "empty", "unsuccessful", "malformed"]
RetryAfter = Literal["", "milliseconds", "seconds"]


class ErrorResponse(NamedTuple):
    """An error instead of the result: in XML whatever the requested format, or with the time to retry after."""

    code: str
    in_xml: bool = False
    retry_after: RetryAfter = ""

    @property
    def error(self) -> SgwError:
        """Return the error to respond with."""
        return SgwError(self.code)


Wire = Literal["result", "normalised", "early hints", "reset", "silence", "trickle"] | Distortion | ErrorResponse

NO_FAULT: Fault[Wire] = Fault("", "now", "result")
KINDS: Kinds[Wire] = {
    **{code: Kind("never", ErrorResponse(code)) for code in ERRORS},
    **{f"xml-error:{code}": Kind("never", ErrorResponse(code, in_xml=True)) for code in ERRORS},
    "throttling": Kind(
        "never", ErrorResponse("Throttling.User", retry_after="milliseconds"), "MILLISECONDS", is_number_optional=True
    ),
    "unavailable": Kind("never", ErrorResponse("ServiceUnavailable")),
    "retry-after": Kind("never", ErrorResponse("Throttling.User", retry_after="seconds"), "SECONDS"),
    "http-403-html": Kind("never", "forbidden"),
    "http-502-html": Kind("never", "bad gateway"),
    "empty-500": Kind("never", "empty"),
    "success-false": Kind("never", "unsuccessful"),
    "malformed-200": Kind("never", "malformed"),
    "reset-before": Kind("never", "reset"),
    "reset-after": Kind("now", "reset"),
    "timeout-before": Kind("never", "silence"),
    "timeout-after": Kind("now", "silence"),
    "error-after": Kind("now", ErrorResponse("InternalError")),
    "early-hints": Kind("now", "early hints"),
    "normalised": Kind("now", "normalised"),
    "trickle": Kind("now", "trickle"),
    "late-commit": Kind("later", "silence", "SECONDS"),
    "late-500": Kind("later", ErrorResponse("InternalError"), "SECONDS"),
    "slow": Kind("now", "result", "MILLISECONDS"),
}
