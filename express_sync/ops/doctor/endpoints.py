"""Checks whether the services can be reached and whether they accept the key."""

import re
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Literal

from express_sync.ops.acs import NOT_REACHED
from express_sync.ops.doctor.cloud import SERVICES, InspectedCloud, Service
from express_sync.ops.doctor.finding import Finding, ok, unknown, wrong
from express_sync.ops.targets.key_rejections import key_rejection
from express_sync.ops.terminal.certificates import FIX, UNTRUSTED

ServiceStatus = Literal["accepted", "rejected", "unreachable", "untrusted", "foreign", "unclear"]
Check = Callable[[InspectedCloud], Iterator[Finding]]

_CODES_FOR_AN_ACCEPTED_KEY = frozenset(
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
_UNREACHABLE = (
    NOT_REACHED,
    "NetWorkException",
    "NotConnected",
    "NameNotResolved",
    "TlsFailed",
    "ConnectionLost",
    "ReadTimeout",
)
# A response without an error code of the service, or with one of another service.
_FOREIGN = re.compile(
    r"RespDataDamaged|MalformedAnswer|Http[0-9]+|Invalid(Action|Api)\.NotFound|InvalidVersion|Missing(Action|Version)|PathNotSupported"
)


def service_status(code: str) -> ServiceStatus:
    """Return what the error code of the first call tells about endpoint and key of a service."""
    if code in _CODES_FOR_AN_ACCEPTED_KEY:
        return "accepted"
    if code == UNTRUSTED:
        return "untrusted"
    if code in _UNREACHABLE:
        return "unreachable"
    if _FOREIGN.fullmatch(code):
        return "foreign"
    return "rejected" if key_rejection(code) else "unclear"


def unavailable(cloud: InspectedCloud, service: Service) -> Finding | None:
    """Return why the resources of a service cannot be checked, None if they can; other checks name the fix."""
    if not cloud.endpoint(service):
        return unknown(f"{service.name} was not called", f"add {service.section}.endpoint to the profile")
    if service_status(cloud.code(service)) in ("accepted", "unclear"):
        return None
    return unknown(f"{service.name} could not be called", "fix its endpoint and the key first")


def needs(service: Service) -> Callable[[Check], Check]:
    """Run a check only if the resources of the service can be checked; otherwise the only finding says why not."""

    def decorate(check: Check) -> Check:
        @wraps(check)
        def checked(cloud: InspectedCloud) -> Iterator[Finding]:
            if finding := unavailable(cloud, service):
                yield finding
            else:
                yield from check(cloud)

        return checked

    return decorate


def endpoints(cloud: InspectedCloud) -> Iterator[Finding]:
    """Check that each endpoint of the profile responds, and that the right service does."""
    for service in SERVICES:
        url = cloud.endpoint(service)
        if not url:
            yield unknown(f"The profile has no endpoint for {service.name}", f"add {service.section}.endpoint to it")
            continue
        code = cloud.code(service)
        match service_status(code):
            case "unreachable":
                yield wrong(f"{service.name} at {url} cannot be reached", f"check {_key(service)} and the network")
            case "untrusted":
                yield wrong(f"The certificate of {service.name} at {url} is not trusted", FIX)
            case "foreign":
                fix = f"check {_key(service)}, and whether a proxy responds instead"
                yield wrong(f"The endpoint {url} does not respond like {service.name} ({code})", fix)
            case _:
                yield ok(f"{service.name} responds at {url}")


def credentials(cloud: InspectedCloud) -> Iterator[Finding]:
    """Report where the key comes from, and check that it is complete and that each service accepts it."""
    key = cloud.found.credentials
    source = f"Key {_masked(key.access_key_id)} comes from {cloud.found.where}"
    if key.access_key_id.startswith("STS.") and not key.security_token:
        yield wrong(f"{source} and is temporary, but has no security token", "set its token, too")
    else:
        yield ok(source)
    for service in SERVICES:
        if cloud.endpoint(service):
            yield _key_finding(service, cloud.code(service))


def _key_finding(service: Service, code: str) -> Finding:
    if rejection := key_rejection(code):
        return wrong(f"{service.name} {rejection.meaning} ({code})", rejection.fix)
    if service_status(code) == "accepted":
        return ok(f"{service.name} accepts the key")
    if service_status(code) == "unclear":
        message = f"{service.name} responds with {code}, which does not show whether it accepts the key"
        return unknown(message, "check the security token if there is one, and the permissions of the key")
    return unknown(f"{service.name} could not check the key", "fix its endpoint first")


def _masked(access_key_id: str) -> str:
    return f"{access_key_id[:4]}…{access_key_id[-4:]}" if len(access_key_id) > 12 else "…"


def _key(service: Service) -> str:
    return f"{service.section}.endpoint of the profile"
