"""The errors of the API gateway: code, HTTP status and message, word for word.

Reproduces the codes of the gateway's public error list and of answers quoted in public. `InvalidVersion`,
`MissingParameter` and the like are members of the gateway's families `Invalid{Parameter}` and `Missing{Parameter}`.
Unknown, and so chosen: the wording of `Rejected.Throttling`, the details of `Forbidden.RAM`, and the HTTP status of
`InvalidAccessKeyId.NotFound` (400 in some lists, 404 in most) and `UnsupportedHTTPMethod`.
"""

from express_sync.local.api_error import ApiError, ErrorTable, TableError

GATEWAY: ErrorTable = {
    "Throttling": (400, "Request was denied due to request throttling."),
    "Throttling.User": (400, "Request was denied due to user flow control."),
    "Throttling.Api": (400, "Request was denied due to api flow control."),
    "Rejected.Throttling": (400, "QPS Limit Exceeded"),
    "ServiceUnavailable": (503, "The request has failed due to a temporary failure of the server."),
    "SignatureNonceUsed": (400, "Specified signature nonce was used already."),
    "SignatureDoesNotMatch": (
        400,
        "Specified signature is not matched with our calculation. server string to sign is:",
    ),
    "IncompleteSignature": (400, "The request signature does not conform to Aliyun standards."),
    "InvalidTimeStamp.Format": (400, "Specified time stamp or date value is not well formatted."),
    "InvalidTimeStamp.Expired": (400, "Specified time stamp or date value is expired."),
    "InvalidSecurityToken.Expired": (400, "Specified SecurityToken is expired."),
    "InvalidSecurityToken.Malformed": (400, "Specified SecurityToken is malformed."),
    "InvalidSecurityToken.MismatchWithAccessKey": (400, "Specified SecurityToken mismatch with the AccessKey."),
    "InvalidAccessKeyId.NotFound": (404, "Specified access key is not found."),
    "InvalidParameter.Format": (400, "Specified parameter format is not valid."),
    "InvalidVersion": (400, "Specified parameter Version is not valid."),
    "InvalidSignatureMethod": (400, "Specified parameter SignatureMethod is not valid."),
    "InvalidSignatureVersion": (400, "Specified parameter SignatureVersion is not valid."),
    "MissingParameter": (
        400,
        "The input parameter that is mandatory for processing this request is not supplied.",
    ),
    "UnsupportedHTTPMethod": (405, "This http method is not supported."),
    "InvalidAction.NotFound": (404, "Specified api is not found, please check your url and method."),
    "InvalidApi.NotFound": (404, "Specified api is not found, please check your url and method."),
    "Forbidden.RAM": (
        403,
        "User not authorized to operate on the specified resource, or this API doesn't support RAM.",
    ),
}


class GatewayError(TableError):
    """An error of the API gateway."""

    table = GATEWAY


def missing(parameter: str) -> ApiError:
    """Return the error for an absent parameter, of the gateway's family `Missing{Parameter}`."""
    return ApiError(f"Missing{parameter}", 400, f"{parameter} is mandatory for this action.")
