"""Whether the services can be reached, and whether they take the key. Knows codes; must not know what lies behind."""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from express_sync.ops.doctor.cloud import SERVICES, Patient, Service
from express_sync.ops.doctor.finding import Finding, unknown, well, wrong
from express_sync.ops.terminal.certificates import CURE, UNTRUSTED

Standing = Literal["accepted", "refused", "unreached", "untrusted", "strange", "unclear"]


class Refusal(NamedTuple):
    """What a service says of a key: the codes it says it with, what it means and what to do."""

    code: re.Pattern[str]
    finds: str
    cure: str


_OTHER_KEY = "check the access key id: it may be deleted, disabled or of another account"
_ONE_KEY = "use id, secret and token of one and the same temporary key"
_CLOCK = "set the clock of this machine"
_REFUSALS = tuple(
    Refusal(re.compile(code, re.IGNORECASE), finds, cure)
    for code, finds, cure in (
        (r"InvalidAccessKeyId.*", "does not know the access key", _OTHER_KEY),
        (r"InvalidSecurityToken\.Expired|SecurityTokenExpired", "finds the token expired", "get a new temporary key"),
        (r"InvalidSecurityToken.*|MissingSecurityToken", "finds the security token wrong", _ONE_KEY),
        (
            r"Signature(DoesNot|Not)Match|InvalidAccessKeySecret",
            "finds the signature wrong",
            "check the access key secret",
        ),
        (r"InvalidTimeStamp.*|TimeExpired|RequestTimeTooSkewed", "finds the time of the call wrong", _CLOCK),
    )
)
_ANSWERED_A_KNOWN_KEY = frozenset(
    (
        "",
        "QueueNotExist",
        "NoPermission",
        "Forbidden.RAM",
        "RoleNotExist",
        "AssumeRoleFail",
        "FunctionNotFound",
    )
)
_UNREACHED = (
    "NotReached",
    "NetWorkException",
    "NotConnected",
    "NameNotResolved",
    "TlsFailed",
    "ConnectionLost",
    "ReadTimeout",
)
# What carries no code of a service, or what only another service would say.
_STRANGE = re.compile(
    r"RespDataDamaged|MalformedAnswer|Http[0-9]+|Invalid(Action|Api)\.NotFound|InvalidVersion|Missing(Action|Version)|PathNotSupported"
)


def standing(code: str) -> Standing:
    """What the code of a service's first answer tells of how one stands with it."""
    if code in _ANSWERED_A_KNOWN_KEY:
        return "accepted"
    if code == UNTRUSTED:
        return "untrusted"
    if code in _UNREACHED:
        return "unreached"
    if _STRANGE.fullmatch(code):
        return "strange"
    return "refused" if refusal(code) else "unclear"


def refusal(code: str) -> Refusal | None:
    """What a code says of the key that asked, None if it says nothing of it."""
    return next((each for each in _REFUSALS if each.code.fullmatch(code)), None)


def closed(patient: Patient, service: Service) -> Finding | None:
    """Why nothing behind a service can be seen, None if it can; what is to be done about it other checks say."""
    if not patient.endpoint(service):
        return unknown(f"{service.name} was not asked", f"add {service.section}.endpoint to the profile")
    if standing(patient.code(service)) in ("accepted", "unclear"):
        return None
    return unknown(f"{service.name} could not be asked", "see to its endpoint and the key first")


def endpoints(patient: Patient) -> Iterator[Finding]:
    """Whether there is an answer, and the service's own, at each endpoint of the profile."""
    for service in SERVICES:
        url = patient.endpoint(service)
        if not url:
            yield unknown(f"The profile names no {service.name}", f"add {service.section}.endpoint to it")
            continue
        code = patient.code(service)
        match standing(code):
            case "unreached":
                yield wrong(f"{service.name} at {url} cannot be reached", f"check {_place(service)} and the network")
            case "untrusted":
                yield wrong(f"The certificate of {service.name} at {url} is not trusted", CURE)
            case "strange":
                cure = f"check {_place(service)}, and whether a proxy answers in its place"
                yield wrong(f"{service.name} at {url} answers in words not its own ({code})", cure)
            case _:
                yield well(f"{service.name} answers at {url}")


def credentials(patient: Patient) -> Iterator[Finding]:
    """Where the key comes from, whether it is whole, and whether each service takes it."""
    key = patient.found.credentials
    shown = f"Key {_masked(key.access_key_id)} comes from {patient.found.where}"
    if key.access_key_id.startswith("STS.") and not key.security_token:
        yield wrong(f"{shown} and is temporary, but has no security token", "set its token too")
    else:
        yield well(shown)
    for service in SERVICES:
        if patient.endpoint(service):
            yield _judgement(service, patient.code(service))


def _judgement(service: Service, code: str) -> Finding:
    if said := refusal(code):
        return wrong(f"{service.name} {said.finds} ({code})", said.cure)
    if standing(code) == "accepted":
        return well(f"{service.name} takes the key")
    if standing(code) == "unclear":
        says = f"{service.name} answers {code}, which does not tell whether it takes the key"
        return unknown(says, "check the security token if there is one, and what the key may do")
    return unknown(f"{service.name} could not be asked about the key", "see to its endpoint first")


def _masked(access_key_id: str) -> str:
    return f"{access_key_id[:4]}…{access_key_id[-4:]}" if len(access_key_id) > 12 else "…"


def _place(service: Service) -> str:
    return f"{service.section}.endpoint of the profile"
