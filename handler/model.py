"""Domain model: immutable values for requests, groups, API results and verdicts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

# The maximum size of an MNS message, https://help.aliyun.com/zh/mns/developer-reference/sendmessage
MAX_MESSAGE_BYTES = 65536
Document = Mapping[str, Any]
_PLACE = {"bucketName": "bucket_name", "bucketRegion": "bucket_region", "bucketPrefix": "bucket_prefix"}
_FIELDS = {"requestId": "request_id", "name": "name", **_PLACE, "description": "description"}
Adoption = Literal["identical", "never", "owned"]
Disposition = Literal["created", "existing"]


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule: its place (JSONPath), its name, and what is expected. Does not contain the offending value."""

    path: str
    rule: str
    message: str


@dataclass(frozen=True, slots=True)
class ProvisionRequest:
    """A valid request; `bucket_prefix` is empty for the whole bucket."""

    request_id: str
    name: str
    bucket_name: str
    bucket_region: str
    bucket_prefix: str = ""
    description: str = ""

    @staticmethod
    def of(document: Document) -> "ProvisionRequest":
        """Return the request in a valid document."""
        return ProvisionRequest(**{field: document[name] for name, field in _FIELDS.items() if name in document})

    @property
    def configuration(self) -> tuple[str, ...]:
        """Return the configuration of the requested group; the description is not part of it."""
        return (self.name, self.bucket_name, self.bucket_region, self.bucket_prefix)


@dataclass(frozen=True, slots=True)
class Group:
    """An express synchronization group as DescribeExpressSyncs shows it."""

    express_sync_id: str
    name: str
    bucket_name: str
    bucket_region: str
    bucket_prefix: str
    description: str


@dataclass(frozen=True, slots=True)
class Created:
    """HTTP 200, Success true and an ExpressSyncId."""

    express_sync_id: str
    api_request_id: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Any other answer; `code` is the API's, or one of the function's own codes if the API gave none."""

    code: str
    http_status: int
    api_request_id: str = ""
    retry_after_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No answer arrived. `sent`: whether the call may have reached the service, so that it may still take effect."""

    code: str
    sent: bool


@dataclass(frozen=True, slots=True)
class Fragment:
    """An entry of a list of groups that cannot be read in full; None for each field that cannot be read."""

    name: str | None
    bucket_name: str | None
    bucket_prefix: str | None


@dataclass(frozen=True, slots=True)
class GroupList:
    """The result of a successful lookup: all listed groups.

    A group is proven absent only if the list is complete and none of its `unreadable` entries may be the group.
    """

    groups: tuple[Group, ...]
    unreadable: tuple[Fragment, ...] = ()
    is_complete: bool = True


Answer = Created | Refused | Unanswered
LookupResult = GroupList | Refused | Unanswered


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a verdict is not a success: the last answer, as far as it may be shown.

    `retry_after_seconds` is for how long the API asked not to be called again.
    """

    code: str
    message: str
    hint: str
    retryable: bool
    http_status: int | None = None
    api_request_id: str = ""
    retry_after_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Succeeded:
    """The group exists as requested."""

    status: ClassVar[str] = "succeeded"
    express_sync_id: str
    disposition: Disposition


@dataclass(frozen=True, slots=True)
class Rejected:
    """The message breaks the contract; the API was not called."""

    status: ClassVar[str] = "rejected"
    violations: tuple[Violation, ...]


@dataclass(frozen=True, slots=True)
class Failed:
    """The request has not made a group, and nothing that was sent for it can still make one."""

    status: ClassVar[str] = "failed"
    reason: Reason


@dataclass(frozen=True, slots=True)
class Indeterminate:
    """Whether the group exists, or who made it, is unknown; `may_become_known` if it may become known later."""

    status: ClassVar[str] = "indeterminate"
    reason: Reason
    may_become_known: bool = True


@dataclass(frozen=True, slots=True)
class Deferred:
    """A temporary error; the request is requeued with a delay of `delay_seconds`."""

    status: ClassVar[str] = "deferred"
    reason: Reason
    delay_seconds: int


Verdict = Succeeded | Rejected | Failed | Indeterminate | Deferred
