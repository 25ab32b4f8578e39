"""What is said when OSS or ROS cannot be used: one clause that names what is wrong, one that says what to do.

Knows codes of both services; must not know what was being done. What a service says of a key is that of `doctor`.

Sources: the error pages of OSS (NoSuchBucket; the 403 of a bucket that has another endpoint), of ROS (StackNotFound,
ActionInProgress, NotSupported) and of the API gateway in front of ROS.
"""

import re
from urllib.parse import unquote

from express_sync.ops.doctor.endpoints import key_rejection
from express_sync.ops.terminal.certificates import CURE, UNTRUSTED
from express_sync.ops.terminal.output import printable
from handler.credentials import Credentials

NOT_REACHED = "NotReached"
_PASSING = re.compile(r"NotReached|(Rejected\.)?Throttling.*|ServiceUnavailable|InternalError|Http5[0-9]+")
_DENIED = re.compile(r"AccessDenied|NoPermission|Forbidden.*")
_LONGEST = 300


class RefusedError(Exception):
    """A service did not do what it was asked; `code` is its own, or NotReached. `message` is its text, unsafe to print.

    `elsewhere` is the endpoint that OSS says a bucket has, where it says so.
    """

    def __init__(self, service: str, action: str, code: str, message: str = "", elsewhere: str = "") -> None:
        super().__init__(f"{service} refuses {action} with {code}")
        self.service, self.action, self.code = service, action, code
        self.message, self.elsewhere = message, elsewhere

    @property
    def may_pass(self) -> bool:
        """Whether the same call may succeed in a while."""
        return bool(_PASSING.fullmatch(self.code))


def quotable(text: str, credentials: Credentials) -> str:
    """Return the text of a service, or nothing if it repeats a secret.

    A refused signature is answered with what should have been signed, in which a token is percent-encoded twice.
    """
    plain = unquote(unquote(unquote(text)))
    secrets = (credentials.access_key_secret, credentials.security_token)
    return "" if any(secret and secret in form for secret in secrets for form in (text, plain)) else text


def clauses(refused: RefusedError) -> tuple[str, str]:
    """What is wrong, and what to do; neither begins with a capital nor ends with a full stop of its own."""
    service, code = refused.service, refused.code
    if known := key_rejection(code):
        return f"{service} {known.meaning} ({code})", known.fix
    if code == UNTRUSTED:
        return f"the certificate of {service} is not trusted", CURE
    if code == NOT_REACHED:
        return f"{service} cannot be reached", "check --region and the network"
    if _DENIED.fullmatch(code):
        cure = f"grant it {refused.action}; docs/deploy.md has the whole policy"
        return f"the key may not do {refused.action} ({code})", cure
    if refused.may_pass:
        return f"{service} cannot do {refused.action} now ({code})", "try again in a minute"
    said = printable(refused.message)[:_LONGEST].rstrip(". ")
    return f"{service} refuses {refused.action} ({code}{': ' if said else ''}{said})", "correct what it names"


def sentence(refused: RefusedError) -> str:
    """Both clauses as one sentence."""
    wrong, cure = clauses(refused)
    return f"{wrong[0].upper()}{wrong[1:]}; {cure}."
