"""The errors of OSS as on its error pages, and their XML.

Verified: the body's elements; NoSuchBucket, NoSuchKey, AccessDenied for a bucket that has another endpoint and for a
key without the permission, InvalidAccessKeyId, SignatureDoesNotMatch, RequestTimeTooSkewed. Believed: the messages of
SecurityTokenExpired, InvalidSecurityToken, InvalidObjectName and of a wrong region in the signature; FileAlreadyExists
and InvalidDigest are on the page of PutObject.
"""

from xml.sax.saxutils import escape

from express_sync.local.api_error import ApiError, ErrorTable, TableError

_UNMATCHED = (
    "The request signature we calculated does not match the signature you provided. Check your key and signing method."
)
ERRORS: ErrorTable = {
    "AccessDenied": (403, "You have no right to access this object because of bucket acl."),
    "FileAlreadyExists": (409, "The object you specified already exists and can not be overwritten."),
    "InvalidDigest": (400, "The Content-MD5 you specified was invalid."),
    "InvalidObjectName": (400, "The specified object is not valid."),
    "InvalidAccessKeyId": (403, "The OSS Access Key Id you provided does not exist in our records."),
    "InvalidArgument": (400, "Invalid signing region in Authorization header."),
    "InvalidSecurityToken": (403, "The security token you provided is invalid."),
    "NoSuchBucket": (404, "The specified bucket does not exist."),
    "NoSuchKey": (404, "The specified key does not exist."),
    "RequestTimeTooSkewed": (403, "The difference between the request time and the current time is too large."),
    "SecurityTokenExpired": (403, "The security token you provided has expired."),
    "SignatureDoesNotMatch": (403, _UNMATCHED),
}
ELSEWHERE = (
    "The bucket you are attempting to access must be addressed using the specified endpoint. "
    "Please send all future requests to this endpoint."
)


class OssError(TableError):
    """An error of this service; `more` are further elements of the body."""

    table = ERRORS

    def __init__(self, code: str, message: str = "", **more: str) -> None:
        super().__init__(code, message)
        self.more = more


def body_of(error: ApiError, request_id: str, host: str) -> bytes:
    """Return the body of the error response."""
    own = {"Code": error.code, "Message": error.message, "RequestId": request_id, "HostId": host}
    more = error.more if isinstance(error, OssError) else {}
    elements = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in {**own, **more}.items())
    return f'<?xml version="1.0" encoding="UTF-8"?><Error>{elements}</Error>'.encode()
