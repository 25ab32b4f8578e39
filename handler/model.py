"""The words of the trade: request, group, answer (to a create), finding (of a look), verdict. Values, all of them.

It must not know JSON text, HTTP, MNS or FC.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

MESSAGE_BYTES = (
    65536  # the most that an MNS message may have, https://help.aliyun.com/zh/mns/developer-reference/sendmessage
)
Document = Mapping[str, Any]
_PLACE = {"bucketName": "bucket_name", "bucketRegion": "bucket_region", "bucketPrefix": "bucket_prefix"}
_FIELDS = {"requestId": "request_id", "name": "name", **_PLACE, "description": "description"}
Adoption = Literal["identical", "never", "owned"]
Disposition = Literal["created", "existing"]


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule: where (JSONPath), which, and what is expected there. Never holds the offending value."""

    path: str
    rule: str
    message: str


@dataclass(frozen=True, slots=True)
class ProvisionRequest:
    """A request that keeps every rule of the contract; `bucket_prefix` is empty for the whole bucket."""

    request_id: str
    name: str
    bucket_name: str
    bucket_region: str
    bucket_prefix: str = ""
    description: str = ""

    @staticmethod
    def of(document: Document) -> "ProvisionRequest":
        """The request in a document that validation has passed."""
        return ProvisionRequest(**{field: document[name] for name, field in _FIELDS.items() if name in document})

    @property
    def configuration(self) -> tuple[str, ...]:
        """What makes up the requested group; the description does not configure anything."""
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
    """Any other answer that arrived; `code` is the API's, or a name of ours where it gave none."""

    code: str
    http_status: int
    api_request_id: str = ""
    retry_after_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No answer arrived. `sent` tells whether the request may have reached the service, and so may still land."""

    code: str
    sent: bool


@dataclass(frozen=True, slots=True)
class Fragment:
    """An entry of a list of groups that cannot be read in full; None for each field that cannot be read."""

    name: str | None
    bucket_name: str | None
    bucket_prefix: str | None

    def may_be(self, request: ProvisionRequest) -> bool:
        """Return whether this may be a group of the requested name, or a nameless one where the request's would be."""
        if self.name is not None:
            return self.name == request.name
        is_other_prefix = self.bucket_prefix is not None and (
            self.bucket_prefix.strip("/") != request.bucket_prefix.strip("/")
        )
        return self.bucket_name == request.bucket_name and not is_other_prefix


@dataclass(frozen=True, slots=True)
class Seen:
    """A look that succeeded, with every group it showed.

    Absence is proven only for a request that none of the `unreadable` entries may be.
    """

    groups: tuple[Group, ...]
    unreadable: tuple[Fragment, ...] = ()


Answer = Created | Refused | Unanswered
Finding = Seen | Refused | Unanswered


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a request has no group, or why that cannot be known: the last answer, as far as it may be shown.

    `retry_after_seconds` is how long the API asked not to be called again.
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
    """The group is there, exactly as requested."""

    express_sync_id: str
    disposition: Disposition


@dataclass(frozen=True, slots=True)
class Rejected:
    """The message breaks the contract; nothing was asked of the API."""

    violations: tuple[Violation, ...]


@dataclass(frozen=True, slots=True)
class Failed:
    """The group was looked for and this request has not made it."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Indeterminate:
    """Whether the group exists, or whose it is, cannot be known yet; `may_settle` if it may be known later."""

    reason: Reason
    may_settle: bool = True


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not settled for a reason that may pass; the request goes back to its queue for `delay_seconds`."""

    reason: Reason
    delay_seconds: int


Verdict = Succeeded | Rejected | Failed | Indeterminate | Deferred
