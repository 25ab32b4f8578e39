"""Every way this service says no: HTTP status, code and message, word for word. Knows no cause and no wire format.

Reproduces the fifteen errors documented for CreateExpressSync, and the codes of the API gateway in front of
it as its public error list and answers quoted in public give them. `InvalidVersion`, `MissingParameter` and
the like are members of the gateway's families `Invalid{Parameter}` and `Missing{Parameter}`. Unknown: the
wording behind `Rejected.Throttling` and the HTTP status behind `InvalidAccessKeyId.NotFound` (400 in some
lists, 404 in most), `UnsupportedHTTPMethod`, `Forbidden.RAM`'s details; those are chosen.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """One error answer, without what only a certain call can add to it (request id, host)."""

    status: int
    code: str
    message: str


def _by_code(*refusals: Refusal) -> dict[str, Refusal]:
    return {refusal.code: refusal for refusal in refusals}


DOCUMENTED = _by_code(
    Refusal(400, "EmptyExpressSyncName", "You must enter a valid name for the sync group."),
    Refusal(400, "EmptyBucketName", "You must enter a valid name for the bucket."),
    Refusal(400, "EmptyBucketRegion", "You must specify a valid region for the bucket."),
    Refusal(
        400,
        "InvalidExpressSyncName",
        "The specified name for the sync group is invalid. The name must be 1 to 128 characters in length and can "
        "contain letters, digits, periods (.), underscores (_), and hyphens (-). "
        "The name must start with a letter.",
    ),
    Refusal(
        400,
        "DescriptionOverLimit",
        "The length of the specified gateway description exceeds the maximum limit. "
        "The description cannot exceed 255 characters.",
    ),
    Refusal(
        400,
        "DuplicateExpressSyncName",
        "The specified name of the sync group already exists. Try again later after you specify a valid parameter.",
    ),
    Refusal(
        400,
        "ConflictExpressSyncConfig",
        "The parameter you specified for the sync group is invalid. "
        "Try again later after you specify a valid parameter.",
    ),
    Refusal(
        400,
        "ExpressSyncNotificationEventLimitExceed",
        "The number of sync groups exceeds the maximum limit. If you want to add more sync groups, "
        "we recommend that you submit a ticket to apply for the whitelist permission.",
    ),
    Refusal(400, "InvalidRegionId", "The specified RegionId does not exist. You must specify a valid RegionId."),
    Refusal(400, "InvalidBucketName", "The specified bucket name is invalid. You must enter a valid bucket name."),
    Refusal(
        400,
        "ExpressSyncNotificationEventConflict",
        "The express sync configuration of bucket and prefix conflicts with existing notification events in MNS.",
    ),
    Refusal(
        403,
        "NoPermission",
        "Insufficient permissions. We recommend that you contact the administrator of the Alibaba Cloud account "
        "to grant the required permissions to you.",
    ),
    Refusal(
        403,
        "AssumeRoleFail",
        "Failed to perform cross-service authorization. Try again later. "
        "If the error persists after several tries, we recommend that you submit a ticket.",
    ),
    Refusal(
        404,
        "RoleNotExist",
        "The role that Cloud Storage Gateway needs to obtain cross-service authorization does not exist. "
        "You must grant the required permissions to Cloud Storage Gateway.",
    ),
    Refusal(
        500,
        "InternalError",
        "Unexpected error. Try again later. If the error persists after several tries, "
        "we recommend that you submit a ticket.",
    ),
)

_TEMPORARILY_DOWN = "The request has failed due to a temporary failure of the server."
_NOT_FOUND = "Specified api is not found, please check your url and method."
_UNMATCHED = "Specified signature is not matched with our calculation. server string to sign is:"

GATEWAY = _by_code(
    Refusal(400, "Throttling", "Request was denied due to request throttling."),
    Refusal(400, "Throttling.User", "Request was denied due to user flow control."),
    Refusal(400, "Throttling.Api", "Request was denied due to api flow control."),
    Refusal(400, "Rejected.Throttling", "QPS Limit Exceeded"),
    Refusal(503, "ServiceUnavailable", _TEMPORARILY_DOWN),
    Refusal(400, "SignatureNonceUsed", "Specified signature nonce was used already."),
    Refusal(400, "SignatureDoesNotMatch", _UNMATCHED),
    Refusal(400, "IncompleteSignature", "The request signature does not conform to Aliyun standards."),
    Refusal(400, "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted."),
    Refusal(400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired."),
    Refusal(400, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired."),
    Refusal(400, "InvalidSecurityToken.Malformed", "Specified SecurityToken is malformed."),
    Refusal(400, "InvalidSecurityToken.MismatchWithAccessKey", "Specified SecurityToken mismatch with the AccessKey."),
    Refusal(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found."),
    Refusal(400, "InvalidParameter.Format", "Specified parameter format is not valid."),
    Refusal(400, "InvalidVersion", "Specified parameter Version is not valid."),
    Refusal(400, "InvalidSignatureMethod", "Specified parameter SignatureMethod is not valid."),
    Refusal(400, "InvalidSignatureVersion", "Specified parameter SignatureVersion is not valid."),
    Refusal(
        400,
        "MissingParameter",
        "The input parameter that is mandatory for processing this request is not supplied.",
    ),
    Refusal(405, "UnsupportedHTTPMethod", "This http method is not supported."),
    Refusal(404, "InvalidAction.NotFound", _NOT_FOUND),
    Refusal(404, "InvalidApi.NotFound", _NOT_FOUND),
    Refusal(
        403,
        "Forbidden.RAM",
        "User not authorized to operate on the specified resource, or this API doesn't support RAM.",
    ),
)

REFUSALS = {**GATEWAY, **DOCUMENTED}


def missing(parameter: str) -> Refusal:
    """Say that a common parameter is absent, as the gateway's family `Missing{Parameter}` does."""
    return Refusal(400, f"Missing{parameter}", f"{parameter} is mandatory for this action.")
