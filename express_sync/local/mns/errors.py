"""The service's errors: code, HTTP status and message.

Reproduces the documented error list (help page "Error codes" of SMQ and its older versions, read 2026), including its
spelling mistakes, and messages of the service that others quote: that of SignatureDoesNotMatch in issue 6 of
aliyun-mns-go-sdk, that of TopicNameInvalid in the error list of ApsaraVideo Media Processing, that of a body that is
too long in programs that compare with it. "Start with alpha" is the service's wording; a name may start with a digit.
Chosen: QueueNameLengthError names the limit in force; the page still has the former one, 256. The page has the message
of QpsLimitExceeded without its end, which names the limit.
Unknown: the service's messages for the codes of the third table; there only code and status are the service's. The code
for a quota that is used up is unknown, too; it is chosen.
"""

from express_sync.local.api_error import ErrorTable, TableError

_DOCUMENTED: ErrorTable = {
    "AccessDenied": (403, "The OwnerId that your Access Key Id associated to is forbidden for this operation."),
    "InternalError": (500, "Interal error."),
    "InternalServerError": (500, "Interal error."),
    "InvalidAccessKeyId": (403, "The AccessKey Id you provided is not exist."),
    "InvalidArgument": (400, "The XML you provided did not validate against our published schema."),
    "InvalidAuthorizationHeader": (400, "The Authorization header format is invalid."),
    "InvalidDateHeader": (400, "The Date header format is invalid."),
    "InvalidDegist": (400, "The Content-MD5 you specified is invalid."),
    "InvalidQueryString": (400, "Http request URL contains invalid querystring item."),
    "InvalidRequestURL": (400, "Http request URL format invalid."),
    "InvalidQueueName": (
        400,
        (
            "The queue name you provided is invalid. "
            "QueueName should start with alpha and contain only alpha, digit or - ."
        ),
    ),
    "MalformedXML": (400, "The XML you provided was not well-formed."),
    "MessageNotExist": (404, "Message not exist."),
    "MissingAuthorizationHeader": (400, "Authorization header is required."),
    "MissingDateHeader": (400, "Date header is required."),
    "MissingReceiptHandle": (400, "ReceiptHandle is required."),
    "MissingVisibilityTimeout": (400, "VisibilityTimeout is required."),
    "QpsLimitExceeded": (400, "The qps limit of the queue is exceeded."),
    "QueueAlreadyExist": (409, "The queue you want to create is already exist."),
    "QueueDeletedRecently": (400, "The queue you want to create is deleted recently."),
    "QueueNameLengthError": (400, "Queue name length should between 1 and 120."),
    "QueueNotExist": (404, "The queue name you provided is not exist."),
    "ReceiptHandleError": (400, "The receipt handle you provide is not valid."),
    "SubscriptionNotExist": (404, "The subscription name you provided is not exist."),
    "TimeExpired": (408, "The http request you sent is expired."),
    "TooManyRequests": (429, "The request is denied by cluster flow limiter for too many requests."),
    "TopicNotExist": (404, "The topic name you provided is not exist."),
}
_QUOTED: ErrorTable = {
    "SignatureDoesNotMatch": (
        403,
        (
            "The request signature we calculated does not match the signature you provided. "
            "Check your key and signing method."
        ),
    ),
    "TopicNameInvalid": (
        400,
        (
            "The topic name you provided is invalid. "
            "TopicName should start with alpha or digit and contain only alpha, digit or -."
        ),
    ),
}
_MESSAGE_UNKNOWN: ErrorTable = {
    "EndpointInvalid": (400, "The endpoint you provided is invalid."),
    "InvalidContentType": (400, "The Content-Type you specified is invalid."),
    "InvalidVersionHeader": (400, "The x-mns-version header is invalid."),
    "MissingVersionHeader": (400, "The x-mns-version header is required."),
    "QuotaExceeded": (403, "The number of resources exceeds the quota of the account."),
    "SubscriptionAlreadyExist": (409, "The subscription you want to create is already exist."),
    "SubscriptionNameInvalid": (400, "The subscription name you provided is invalid."),
    "SubscriptionNameLengthError": (400, "The length of the subscription name should between 1 and 255."),
    "TopicAlreadyExist": (409, "The topic you want to create is already exist."),
    "TopicDeletedRecently": (400, "The topic you want to create is deleted recently."),
    "TopicNameLengthError": (400, "The length of the topic name should between 1 and 120."),
}
ERRORS: ErrorTable = {**_DOCUMENTED, **_QUOTED, **_MESSAGE_UNKNOWN}


class MnsError(TableError):
    """An error of this service."""

    table = ERRORS


def invalid_element(name: str) -> MnsError:
    """Return the error for an element that the schema does not allow there, or not with its value."""
    return MnsError(
        "InvalidArgument", f"The XML you provided did not validate against our published schema, cause by {name}."
    )


def too_long() -> MnsError:
    """Return the error for a message body that is longer than the queue or topic allows."""
    return MnsError("InvalidArgument", "The length of message should not be larger than MaximumMessageSize.")


def out_of_range(name: str, low: int, high: int, unit: str) -> MnsError:
    """Return the error for a value that is not within `low` to `high` of `unit`."""
    bounds = f"{low} and {high} {unit}".rstrip()
    return MnsError("InvalidArgument", f"The value of {name} should between {bounds}.")
