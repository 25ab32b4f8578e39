"""Errors of OSS and ROS, and their explanation: one clause names the fault, another the fix.

Errors about the key are explained as `doctor` explains them.

Sources: the error pages of OSS (NoSuchBucket; the 403 of a bucket that has another endpoint), of ROS (StackNotFound,
ActionInProgress, NotSupported) and of the API gateway in front of ROS.
"""

import html
import re
from collections.abc import Iterator
from urllib.parse import unquote

from express_sync.ops.acs import NOT_REACHED
from express_sync.ops.targets.key_rejections import key_rejection
from express_sync.ops.terminal.certificates import FIX, UNTRUSTED
from express_sync.ops.terminal.printable import printable
from handler.credentials import Credentials

_TRANSIENT = re.compile(rf"{NOT_REACHED}|(Rejected\.)?Throttling.*|ServiceUnavailable|InternalError|Http5[0-9]+")
_DENIED = re.compile(r"AccessDenied|NoPermission|Forbidden.*")
_MAX_MESSAGE = 300
_PART = 12  # characters; a random text never has so many in common with a key
_JSON_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")


class ServiceError(Exception):
    """A call to a service failed; `code` is the service's own, or NotReached. `message` is unsafe to print.

    `bucket_endpoint` is the endpoint of the bucket, if OSS names it.
    """

    def __init__(self, service: str, action: str, code: str, message: str = "", bucket_endpoint: str = "") -> None:
        super().__init__(f"{service} rejects {action} with {code}")
        self.service, self.action, self.code = service, action, code
        self.message, self.bucket_endpoint = message, bucket_endpoint

    @property
    def is_transient(self) -> bool:
        """Whether the same call may succeed later."""
        return bool(_TRANSIENT.fullmatch(self.code))


def without_secrets(text: str, credentials: Credentials) -> str:
    """Return the message of a service, or an empty string if it contains a secret or a part of one.

    After a wrong signature the message contains the string to sign, in which a token is percent-encoded twice, and
    which may be escaped once more or cut off.
    """
    plain = unquote(unquote(unquote(html.unescape(_JSON_ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)))))
    secrets = (credentials.access_key_secret, credentials.security_token)
    return "" if any(part in form for secret in secrets for part in _parts(secret) for form in (text, plain)) else text


def _parts(secret: str) -> Iterator[str]:
    """Yield the parts of a secret by which a longer part of it is recognised; a short secret is one part."""
    return (secret[start : start + _PART] for start in range(max(1, len(secret) - _PART + 1)) if secret)


def explanation(error: ServiceError) -> str:
    """Return a sentence that names the fault and the fix."""
    fault, fix = _clauses(error)
    return f"{fault[0].upper()}{fault[1:]}; {fix}."


def _clauses(error: ServiceError) -> tuple[str, str]:
    service, code = error.service, error.code
    if rejection := key_rejection(code):
        return f"{service} {rejection.meaning} ({code})", rejection.fix
    if code == UNTRUSTED:
        return f"the certificate of {service} is not trusted", FIX
    if code == NOT_REACHED:
        return f"{service} cannot be reached", "check --region and the network"
    if _DENIED.fullmatch(code):
        fix = f"grant {error.action} to it; docs/deploy.md has the whole policy"
        return f"the key has no permission for {error.action} ({code})", fix
    if error.is_transient:
        return f"{service} cannot perform {error.action} now ({code})", "try again in a minute"
    message = printable(error.message)[:_MAX_MESSAGE].rstrip(". ")
    return f"{service} rejects {error.action} ({code}{': ' if message else ''}{message})", "correct the cause"
