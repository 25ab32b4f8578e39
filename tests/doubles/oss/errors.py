"""Every way OSS says no, as its error pages have it, and the XML it says it in.

Verified: the body's elements; NoSuchBucket, NoSuchKey, AccessDenied for a bucket that has another endpoint and for a
key without the right, InvalidAccessKeyId, SignatureDoesNotMatch, RequestTimeTooSkewed. Believed: the words of
SecurityTokenExpired, InvalidSecurityToken and of a wrong region in the signature.
"""

from collections.abc import Mapping
from xml.sax.saxutils import escape

_UNMATCHED = (
    "The request signature we calculated does not match the signature you provided. Check your key and signing method."
)
_TABLE: Mapping[str, tuple[int, str]] = {
    "AccessDenied": (403, "You have no right to access this object because of bucket acl."),
    "InvalidAccessKeyId": (403, "The OSS Access Key Id you provided does not exist in our records."),
    "InvalidArgument": (400, "Invalid signing region in Authorization header."),
    "InvalidSecurityToken": (403, "The security token you provided is invalid."),
    "MethodNotAllowed": (405, "The specified method is not allowed against this resource."),
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


class RefusalError(Exception):
    """OSS refuses with a code of the table; `more` are further elements of the body."""

    def __init__(self, code: str, message: str = "", **more: str) -> None:
        self.code = code
        self.status, usual = _TABLE[code]
        self.more = more
        super().__init__(message or usual)

    def body(self, request_id: str, host: str) -> bytes:
        """The body of the answer."""
        own = {"Code": self.code, "Message": str(self), "RequestId": request_id, "HostId": host}
        elements = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in {**own, **self.more}.items())
        return f'<?xml version="1.0" encoding="UTF-8"?><Error>{elements}</Error>'.encode()
