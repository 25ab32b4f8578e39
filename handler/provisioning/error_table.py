"""The meaning of each error code of the API, as one table.

Sources: the error list of the CreateExpressSync documentation (15 codes, Oct 2024) and the gateway codes that every
RPC-style API of Alibaba Cloud shares. A test holds `DOCUMENTED` against that list.
"""

from dataclasses import dataclass
from enum import Enum


class Effect(Enum):
    """The effect of a create call, as far as its answer proves."""

    DONE = "done"
    NOT_EXECUTED = "not executed"
    POSSIBLY_DONE = "possibly done: it may have made the group, or may still make it"
    TERMINAL = "not executed, and a repetition is refused in the same way"


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """One row: HTTP status, effect, an explanation, and a hint for the operator.

    `impossible`: a request that gets this answer can never have made its group, in any earlier attempt.
    """

    http_status: int
    effect: Effect
    message: str
    hint: str
    impossible: bool = False


_CORRECT = "Correct the request and submit it under a new requestId."
_TRY_LATER = "Nothing to correct: replay it later. If it persists, submit a ticket to Alibaba Cloud."
_CREDENTIALS = "Check the function's role and its credentials, then replay."
_RAM = "Grant hcs-sgw:CreateExpressSync and hcs-sgw:DescribeExpressSyncs to the function's role, then replay."

_NOT_EXECUTED, _POSSIBLY_DONE, _TERMINAL = Effect.NOT_EXECUTED, Effect.POSSIBLY_DONE, Effect.TERMINAL

DOCUMENTED = {
    "EmptyExpressSyncName": ErrorInfo(400, _TERMINAL, "The group name is empty.", _CORRECT, True),
    "EmptyBucketName": ErrorInfo(400, _TERMINAL, "The bucket name is empty.", _CORRECT, True),
    "EmptyBucketRegion": ErrorInfo(400, _TERMINAL, "The bucket region is empty.", _CORRECT, True),
    "InvalidExpressSyncName": ErrorInfo(400, _TERMINAL, "The group name is not allowed.", _CORRECT, True),
    "DescriptionOverLimit": ErrorInfo(400, _TERMINAL, "The description is too long.", _CORRECT, True),
    "DuplicateExpressSyncName": ErrorInfo(
        400,
        _TERMINAL,
        "Another group has this name.",
        "Choose another name, or compare the existing group with the request.",
    ),
    "ConflictExpressSyncConfig": ErrorInfo(
        400,
        _TERMINAL,
        "The configuration conflicts with an existing group.",
        "Find the group on the same bucket and prefix; choose another prefix or use that group.",
    ),
    "ExpressSyncNotificationEventLimitExceed": ErrorInfo(
        400,
        _TERMINAL,
        "The account has as many groups as it may have.",
        "Delete unused groups or ask for a higher limit with a ticket, then replay.",
    ),
    "InvalidRegionId": ErrorInfo(400, _TERMINAL, "The bucket region does not exist.", _CORRECT, True),
    "InvalidBucketName": ErrorInfo(400, _TERMINAL, "The bucket name is not valid.", _CORRECT, True),
    "ExpressSyncNotificationEventConflict": ErrorInfo(
        400,
        _TERMINAL,
        "Bucket and prefix conflict with an existing event notification rule in SMQ.",
        "Remove the event rule of the bucket that covers this prefix, or choose another prefix, then replay.",
    ),
    "NoPermission": ErrorInfo(403, _TERMINAL, "The caller lacks the permission.", _RAM),
    "AssumeRoleFail": ErrorInfo(
        403,
        _NOT_EXECUTED,
        "Cloud Storage Gateway could not assume its service role.",
        "Usually passes: replay it later. If it persists, check the role AliyunServiceRoleForHCSSGW.",
    ),
    "RoleNotExist": ErrorInfo(
        404,
        _TERMINAL,
        "The role that Cloud Storage Gateway assumes does not exist.",
        "Authorize Cloud Storage Gateway once in its console (role AliyunServiceRoleForHCSSGW), then replay.",
    ),
    "InternalError": ErrorInfo(500, _POSSIBLY_DONE, "The API met an internal error.", _TRY_LATER),
}

GATEWAY = {
    "ServiceUnavailable": ErrorInfo(503, _POSSIBLY_DONE, "The API is unavailable.", _TRY_LATER),
    # Every attempt has its own nonce, so a device on the network sent this one twice; the first may still be processed.
    "SignatureNonceUsed": ErrorInfo(400, _POSSIBLY_DONE, "The signature nonce was used before.", _TRY_LATER),
    "InvalidTimeStamp.Expired": ErrorInfo(400, _NOT_EXECUTED, "The signature has expired.", _TRY_LATER),
    # The next invocation is given a fresh one.
    "InvalidSecurityToken.Expired": ErrorInfo(400, _NOT_EXECUTED, "The security token has expired.", _TRY_LATER),
    "InvalidSecurityToken.Malformed": ErrorInfo(400, _TERMINAL, "The security token is malformed.", _CREDENTIALS),
    "InvalidAccessKeyId.NotFound": ErrorInfo(404, _TERMINAL, "The access key does not exist.", _CREDENTIALS),
    "SignatureDoesNotMatch": ErrorInfo(400, _TERMINAL, "The signature does not match.", _CREDENTIALS),
    "Forbidden.RAM": ErrorInfo(403, _TERMINAL, "RAM denies the call.", _RAM),
}

# The function's own codes, for results without a code of the API.
OWN = {
    "NotConnected": ErrorInfo(0, _NOT_EXECUTED, "The API could not be reached; nothing was sent.", _TRY_LATER),
    "NameNotResolved": ErrorInfo(
        0,
        _NOT_EXECUTED,
        "The host name of the API could not be resolved; nothing was sent.",
        "Check EXPRESS_SYNC_SGW_ENDPOINT and the name servers of the function's network, then replay.",
    ),
    "CertificateNotTrusted": ErrorInfo(
        0,
        _NOT_EXECUTED,
        "The certificate of the API is not trusted; nothing was sent.",
        "Check EXPRESS_SYNC_SGW_ENDPOINT and whether something between the function and the API replaces its "
        "certificate, then replay.",
    ),
    "TlsFailed": ErrorInfo(
        0,
        _NOT_EXECUTED,
        "No TLS connection to the API could be made; nothing was sent.",
        "Check that EXPRESS_SYNC_SGW_ENDPOINT names a host and port that speak TLS, then replay.",
    ),
    "ConnectionLost": ErrorInfo(0, _POSSIBLY_DONE, "The connection broke before an answer arrived.", _TRY_LATER),
    "ReadTimeout": ErrorInfo(0, _POSSIBLY_DONE, "No answer arrived in time.", _TRY_LATER),
    "GatewayLostService": ErrorInfo(502, _POSSIBLY_DONE, "A gateway answered in place of the API.", _TRY_LATER),
    "GatewayRefused": ErrorInfo(
        403,
        _POSSIBLY_DONE,
        "Something refused the request in place of the API; whether the API received it is not known.",
        "Find out which proxy or firewall answers in place of the API, then replay.",
    ),
    "MalformedAnswer": ErrorInfo(200, _POSSIBLY_DONE, "The answer cannot be read.", _TRY_LATER),
    "OutOfTime": ErrorInfo(0, _NOT_EXECUTED, "The invocation's time ran out.", _TRY_LATER),
    # A lookup, not a create call, leads to the next three: their effect says that a repetition ends in the same way.
    "OwnerUnknown": ErrorInfo(
        0,
        _TERMINAL,
        "A group that may be the requested one exists; whether this request made it is unknown.",
        "Compare the group with the request in the console. The adoption policy identical accepts one that is equal.",
    ),
    "RequestIdReused": ErrorInfo(
        0,
        _TERMINAL,
        "A group of the same requestId exists with another configuration.",
        _CORRECT,
    ),
    "ConfigurationUnclear": ErrorInfo(
        0,
        _TERMINAL,
        "A group of this name is on the bucket; whether its prefix and region are the requested ones is unclear.",
        "Compare the group with the request in the console. The adoption policy owned avoids the doubt.",
    ),
    "HandlerFault": ErrorInfo(
        0, _POSSIBLY_DONE, "The function failed with an internal error.", "Report it with the log lines."
    ),
}

CLIENT_ERRORS = range(400, 500)
SERVER_ERRORS = range(500, 600)

# Codes that are in none of the tables above, by their kind.
THROTTLING_PREFIXES = ("Throttling", "Rejected.Throttling")
THROTTLED = ErrorInfo(400, _NOT_EXECUTED, "The API throttles its callers.", _TRY_LATER)
SERVER_SIDE = ErrorInfo(500, _POSSIBLY_DONE, "The API failed with an undocumented error.", _TRY_LATER)
REFUSED = ErrorInfo(400, _TERMINAL, "The API refused with an undocumented code.", "Look the code up, then replay.")
