"""The errors of Cloud Storage Gateway: code, HTTP status and message, word for word.

Reproduces the fifteen errors documented for CreateExpressSync, and code and status of those of DeleteExpressSync that
can happen here. Unknown: the messages of the latter.
"""

from express_sync.local.api_error import ErrorTable, TableError
from express_sync.local.openapi.errors import GATEWAY

DOCUMENTED: ErrorTable = {
    "EmptyExpressSyncName": (400, "You must enter a valid name for the sync group."),
    "EmptyBucketName": (400, "You must enter a valid name for the bucket."),
    "EmptyBucketRegion": (400, "You must specify a valid region for the bucket."),
    "InvalidExpressSyncName": (
        400,
        (
            "The specified name for the sync group is invalid. The name must be 1 to 128 characters in "
            "length and can contain letters, digits, periods (.), underscores (_), and hyphens (-). The name "
            "must start with a letter."
        ),
    ),
    "DescriptionOverLimit": (
        400,
        (
            "The length of the specified gateway description exceeds the maximum limit. The description "
            "cannot exceed 255 characters."
        ),
    ),
    "DuplicateExpressSyncName": (
        400,
        "The specified name of the sync group already exists. Try again later after you specify a valid parameter.",
    ),
    "ConflictExpressSyncConfig": (
        400,
        (
            "The parameter you specified for the sync group is invalid. Try again later after you specify a "
            "valid parameter."
        ),
    ),
    "ExpressSyncNotificationEventLimitExceed": (
        400,
        (
            "The number of sync groups exceeds the maximum limit. If you want to add more sync groups, we "
            "recommend that you submit a ticket to apply for the whitelist permission."
        ),
    ),
    "InvalidRegionId": (
        400,
        "The specified RegionId does not exist. You must specify a valid RegionId.",
    ),
    "InvalidBucketName": (
        400,
        "The specified bucket name is invalid. You must enter a valid bucket name.",
    ),
    "ExpressSyncNotificationEventConflict": (
        400,
        "The express sync configuration of bucket and prefix conflicts with existing notification events in MNS.",
    ),
    "NoPermission": (
        403,
        (
            "Insufficient permissions. We recommend that you contact the administrator of the Alibaba Cloud "
            "account to grant the required permissions to you."
        ),
    ),
    "AssumeRoleFail": (
        403,
        (
            "Failed to perform cross-service authorization. Try again later. If the error persists after "
            "several tries, we recommend that you submit a ticket."
        ),
    ),
    "RoleNotExist": (
        404,
        (
            "The role that Cloud Storage Gateway needs to obtain cross-service authorization does not exist. "
            "You must grant the required permissions to Cloud Storage Gateway."
        ),
    ),
    "InternalError": (
        500,
        (
            "Unexpected error. Try again later. If the error persists after several tries, we recommend that "
            "you submit a ticket."
        ),
    ),
}

DOCUMENTED_OF_DELETE: ErrorTable = {
    "EmptyExpressSyncId": (400, "You must enter a valid ID for the sync group."),
    "ExpressSyncNotExist": (400, "The specified sync group does not exist."),
}

# All that a client of this service can get.
ERRORS: ErrorTable = {**GATEWAY, **DOCUMENTED, **DOCUMENTED_OF_DELETE}


class SgwError(TableError):
    """An error of this service or of the API gateway."""

    table = ERRORS
