"""The error codes with which services reject a key, what each means, and the fix."""

import re
from typing import NamedTuple


class KeyRejection(NamedTuple):
    """The codes with which a service rejects a key, what they mean, and the fix."""

    code: re.Pattern[str]
    meaning: str
    fix: str


_OTHER_KEY = "check the access key id: it may be deleted, disabled or of another account"
_ONE_KEY = "use id, secret and token of one and the same temporary key"
_CLOCK = "set the clock of this machine"
_REJECTIONS = tuple(
    KeyRejection(re.compile(code, re.IGNORECASE), meaning, fix)
    for code, meaning, fix in (
        (r"InvalidAccessKeyId.*", "does not know the access key", _OTHER_KEY),
        (
            r"InvalidSecurityToken\.Expired|SecurityTokenExpired",
            "reports that the security token has expired",
            "get a new temporary key",
        ),
        (
            r"InvalidSecurityToken.*|MissingSecurityToken",
            "reports that the security token is wrong or missing",
            _ONE_KEY,
        ),
        (
            r"Signature(DoesNot|Not)Match|InvalidAccessKeySecret",
            "reports that the signature is wrong",
            "check the access key secret",
        ),
        (
            r"InvalidTimeStamp.*|TimeExpired|RequestTimeTooSkewed",
            "reports that the time of the call is wrong",
            _CLOCK,
        ),
    )
)


def key_rejection(code: str) -> KeyRejection | None:
    """Return the rejection of the key that a code stands for, None for any other code."""
    return next((each for each in _REJECTIONS if each.code.fullmatch(code)), None)
