"""Access keys of Alibaba Cloud."""

import re
from dataclasses import dataclass, field

_SENDABLE = re.compile(r"[!-~]{0,8192}")  # printable ASCII without spaces, no longer than HTTP servers take a header


@dataclass(frozen=True, slots=True)
class Credentials:
    """A key pair; `security_token` is empty for a long-lived one. The representation hides the secrets."""

    access_key_id: str
    access_key_secret: str = field(repr=False)
    security_token: str = field(default="", repr=False)


def unsendable_part(key_id: object, secret: object, token: object) -> str:
    """Return which part of a key cannot be sent, empty if all of them can.

    A header cannot carry other characters, and the exceptions of HTTP libraries then quote the whole value.
    """
    parts = {"access key id": key_id, "access key secret": secret, "security token": token}
    return next((name for name, part in parts.items() if not (isinstance(part, str) and _SENDABLE.fullmatch(part))), "")
