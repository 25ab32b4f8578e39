"""What each error code of the API means, as one table. It must not know who calls, or what is said of a request.

Sources: the error list of the CreateExpressSync documentation (15 codes, Oct 2024) and the gateway codes that every
RPC-style API of Alibaba Cloud shares. A test holds `DOCUMENTED` against that list.
"""

from dataclasses import dataclass, replace
from enum import Enum


class Effect(Enum):
    """What a create call has done, as far as its answer tells."""

    DONE = "done"
    NOT_EXECUTED = "not executed"
    UNKNOWN = "unknown: it may have made the group, or may still make it"
    TERMINAL = "terminal"


@dataclass(frozen=True, slots=True)
class Meaning:
    """One row: HTTP status, effect, what it means, what a person can do.

    `impossible`: a request that gets this answer can never have made its group, whoever asked before.
    """

    http_status: int
    effect: Effect
    message: str
    hint: str
    impossible: bool = False


_CORRECT = "Correct the request and submit it under a requestId of its own."
_TRY_LATER = "Nothing to correct: replay it later. If it persists, submit a ticket to Alibaba Cloud."
_CREDENTIALS = "Check the function's role and its credentials, then replay."
_RAM = "Grant hcs-sgw:CreateExpressSync and hcs-sgw:DescribeExpressSyncs to the function's role, then replay."

_DONE, _NOT_EXECUTED, _UNKNOWN, _TERMINAL = Effect

DOCUMENTED = {
    "EmptyExpressSyncName": Meaning(400, _TERMINAL, "The group name is empty.", _CORRECT, True),
    "EmptyBucketName": Meaning(400, _TERMINAL, "The bucket name is empty.", _CORRECT, True),
    "EmptyBucketRegion": Meaning(400, _TERMINAL, "The bucket region is empty.", _CORRECT, True),
    "InvalidExpressSyncName": Meaning(400, _TERMINAL, "The group name is not allowed.", _CORRECT, True),
    "DescriptionOverLimit": Meaning(400, _TERMINAL, "The description is too long.", _CORRECT, True),
    "DuplicateExpressSyncName": Meaning(
        400,
        _TERMINAL,
        "Another group has this name.",
        "Choose another name, or compare the existing group with the request.",
    ),
    "ConflictExpressSyncConfig": Meaning(
        400,
        _TERMINAL,
        "The configuration conflicts with an existing group.",
        "Find the group on the same bucket and prefix; choose another prefix or use that group.",
    ),
    "ExpressSyncNotificationEventLimitExceed": Meaning(
        400,
        _TERMINAL,
        "The account has as many groups as it may have.",
        "Delete groups nobody uses or ask for a higher limit with a ticket, then replay.",
    ),
    "InvalidRegionId": Meaning(400, _TERMINAL, "The bucket region does not exist.", _CORRECT, True),
    "InvalidBucketName": Meaning(400, _TERMINAL, "The bucket name is not valid.", _CORRECT, True),
    "ExpressSyncNotificationEventConflict": Meaning(
        400,
        _TERMINAL,
        "Bucket and prefix conflict with an existing event notification rule in SMQ.",
        "Remove the event rule of the bucket that covers this prefix, or choose another prefix, then replay.",
    ),
    "NoPermission": Meaning(403, _TERMINAL, "The caller lacks the permission.", _RAM),
    "AssumeRoleFail": Meaning(
        403,
        _NOT_EXECUTED,
        "Cloud Storage Gateway could not assume its service role.",
        "Usually passes: replay it later. If it persists, check the role AliyunServiceRoleForHCSSGW.",
    ),
    "RoleNotExist": Meaning(
        404,
        _TERMINAL,
        "The role that Cloud Storage Gateway assumes does not exist.",
        "Authorize Cloud Storage Gateway once in its console (role AliyunServiceRoleForHCSSGW), then replay.",
    ),
    "InternalError": Meaning(500, _UNKNOWN, "The API met an internal error.", _TRY_LATER),
}

GATEWAY = {
    "ServiceUnavailable": Meaning(503, _UNKNOWN, "The API is unavailable.", _TRY_LATER),
    # Every attempt has a nonce of its own, so something on the way has sent this one twice: the first may be worked.
    "SignatureNonceUsed": Meaning(400, _UNKNOWN, "The signature nonce was used before.", _TRY_LATER),
    "InvalidTimeStamp.Expired": Meaning(400, _NOT_EXECUTED, "The signature has expired.", _TRY_LATER),
    # The next invocation is given a fresh one.
    "InvalidSecurityToken.Expired": Meaning(400, _NOT_EXECUTED, "The security token has expired.", _TRY_LATER),
    "InvalidSecurityToken.Malformed": Meaning(400, _TERMINAL, "The security token is malformed.", _CREDENTIALS),
    "InvalidAccessKeyId.NotFound": Meaning(404, _TERMINAL, "The access key does not exist.", _CREDENTIALS),
    "SignatureDoesNotMatch": Meaning(400, _TERMINAL, "The signature does not match.", _CREDENTIALS),
    "Forbidden.RAM": Meaning(403, _TERMINAL, "RAM denies the call.", _RAM),
}

# Names of ours for what carries no code of the API.
OWN = {
    "NotConnected": Meaning(0, _NOT_EXECUTED, "The API could not be reached; nothing was sent.", _TRY_LATER),
    "NameNotResolved": Meaning(
        0,
        _NOT_EXECUTED,
        "The host name of the API could not be resolved; nothing was sent.",
        "Check EXPRESS_SYNC_SGW_ENDPOINT and the name servers of the function's network, then replay.",
    ),
    "CertificateNotTrusted": Meaning(
        0,
        _NOT_EXECUTED,
        "The certificate of the API is not trusted; nothing was sent.",
        "Check EXPRESS_SYNC_SGW_ENDPOINT and whether something between the function and the API replaces its "
        "certificate, then replay.",
    ),
    "TlsFailed": Meaning(
        0,
        _NOT_EXECUTED,
        "No TLS connection to the API could be made; nothing was sent.",
        "Check that EXPRESS_SYNC_SGW_ENDPOINT names a host and port that speak TLS, then replay.",
    ),
    "ConnectionLost": Meaning(0, _UNKNOWN, "The connection broke before an answer arrived.", _TRY_LATER),
    "ReadTimeout": Meaning(0, _UNKNOWN, "No answer arrived in time.", _TRY_LATER),
    "GatewayLostService": Meaning(502, _UNKNOWN, "A gateway answered in place of the API.", _TRY_LATER),
    "GatewayRefused": Meaning(
        403,
        _UNKNOWN,
        "Something refused the request in place of the API; whether the API received it is not known.",
        "Find out which proxy or firewall answers in place of the API, then replay.",
    ),
    "MalformedAnswer": Meaning(200, _UNKNOWN, "The answer cannot be read.", _TRY_LATER),
    "OutOfTime": Meaning(0, _NOT_EXECUTED, "The invocation's time ran out.", _TRY_LATER),
    "OwnerUnknown": Meaning(
        0,
        _TERMINAL,
        "An identical group exists and adoption is switched off, so whose it is cannot be known.",
        "Compare the group with the request, or let the adoption policy be identical or owned.",
    ),
    "RequestIdReused": Meaning(
        0,
        _TERMINAL,
        "A group of this very requestId exists with another configuration.",
        "Submit the changed request under a requestId of its own.",
    ),
    "ConfigurationUnclear": Meaning(
        0,
        _TERMINAL,
        "A group of this name is on the bucket; whether its prefix and region are the requested ones is unclear.",
        "Compare the group with the request in the console. The adoption policy owned avoids the doubt.",
    ),
    "HandlerFault": Meaning(0, _UNKNOWN, "The function met a fault of its own.", "Report it with the log lines."),
}

_BY_CODE = {**DOCUMENTED, **GATEWAY, **OWN}
_THROTTLED = Meaning(400, _NOT_EXECUTED, "The API throttles its callers.", _TRY_LATER)
_SERVER_SIDE = Meaning(500, _UNKNOWN, "The API failed with an undocumented error.", _TRY_LATER)
_REFUSED = Meaning(400, _TERMINAL, "The API refused with an undocumented code.", "Look the code up, then replay.")
_THROTTLING_PREFIXES = ("Throttling", "Rejected.Throttling")
_TOO_MANY_REQUESTS = 429
_CLIENT_ERRORS = range(400, 500)
_SERVER_ERRORS = range(500, 600)


def meaning(code: str, http_status: int | None) -> Meaning:
    """Return the row for a code, documented or not: by its name, else by its HTTP status.

    Whatever its code, a 5xx leaves open what the call has done: Alibaba Cloud's pages on idempotence put 500, 503
    and a missing answer into one class.
    """
    row = _row(code, http_status)
    return replace(row, effect=_UNKNOWN, impossible=False) if http_status in _SERVER_ERRORS else row


def _row(code: str, http_status: int | None) -> Meaning:
    known = _BY_CODE.get(code)
    if known is not None:
        return known
    if code.startswith(_THROTTLING_PREFIXES) or http_status == _TOO_MANY_REQUESTS:
        return _THROTTLED
    return _REFUSED if http_status in _CLIENT_ERRORS else _SERVER_SIDE


def is_known(code: str) -> bool:
    """Return whether the API or its gateway is known to use this code."""
    return code in DOCUMENTED or code in GATEWAY or code.startswith(_THROTTLING_PREFIXES)
