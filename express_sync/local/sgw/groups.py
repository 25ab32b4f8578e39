"""The express synchronization groups of one account, in memory. Knows no HTTP, signatures, clock and faults.

Reproduces: names unique within the account, one group per bucket and prefix, the group limit, conflicts with
event rules of other makers, the listing with its two filters. A created group is listed at once.
Does not reproduce: buckets, shares and queues (each well-named bucket counts as existing and shared, in any
region), charges, authorisation, deletion, the tasks of the asynchronous operations.
Unknown, and so chosen: the same bucket and prefix under another name is `ConflictExpressSyncConfig`, a
conflict among groups' configurations; `ExpressSyncNotificationEventConflict` is kept for event rules that
somebody else made on the bucket, where one prefix contains the other. Groups with overlapping but different
prefixes are left in peace. Names compare exactly, prefixes without normalisation. The documented limit has no
number, so there is none by default. Which buckets have a share cannot be listed where all of them have one: without
a name it is those that groups stand on and one example, at their roots.
"""

import secrets
import string
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from express_sync.local.account import Account
from express_sync.local.sgw.constraints import is_bucket, violation
from express_sync.local.sgw.errors import DOCUMENTED, Refusal

_Findings = tuple[tuple[bool, str], ...]
_ID_ALPHABET = string.digits + string.ascii_lowercase
EXAMPLE_BUCKET = "sgw-shared-example"


@dataclass(frozen=True, slots=True)
class Group:
    """One group; `prefix` "" is the root of the bucket, `topic` the MNS topic that belongs to the group."""

    id: str
    name: str
    bucket: str
    region: str
    prefix: str
    description: str
    topic: str


@dataclass(frozen=True, slots=True)
class EventRule:
    """A notification rule that somebody else made on a bucket, for everything under `prefix`."""

    bucket: str
    prefix: str

    def overlaps(self, group: Group) -> bool:
        """Whether an object could concern both: the same bucket, and one prefix contains the other."""
        nested = self.prefix.startswith(group.prefix) or group.prefix.startswith(self.prefix)
        return self.bucket == group.bucket and nested


class GroupService:
    """All groups of `account`; refuses, with a documented error, what the service refuses."""

    def __init__(
        self, account: Account, group_limit: int | None = None, event_rules: Collection[EventRule] = ()
    ) -> None:
        """Start empty; `group_limit` and `event_rules` are what the account already has against new groups."""
        self.account = account
        self._group_limit = group_limit
        self._event_rules = tuple(event_rules)
        self._groups: dict[str, Group] = {}
        self._places: set[tuple[str, str]] = set()

    def create(self, parameters: Mapping[str, str]) -> Group | Refusal:
        """Create the group that the `parameters` describe, if nothing speaks against it; the order is chosen."""
        if broken := violation(parameters):
            return broken
        group_id = _new_id()
        group = _group(parameters, group_id, _topic_of(group_id))
        return _first(self._uniqueness(group) + self._crowding(group)) or self._keep(group)

    def seed(self, parameters: Mapping[str, str]) -> Group | Refusal:
        """Put in a group made elsewhere: any words and any number, but still no name or bucket and prefix twice.

        `parameters` may bring an ExpressSyncId and an MnsTopic of their own.
        """
        group_id = parameters.get("ExpressSyncId") or _new_id()
        group = _group(parameters, group_id, parameters.get("MnsTopic") or _topic_of(group_id))
        return _first(self._uniqueness(group)) or self._keep(group)

    def describe(self, bucket: str | None = None, prefix: str | None = None) -> tuple[Group, ...]:
        """List groups, oldest first: all, those of `bucket`, or those of `bucket` at exactly `prefix`.

        As documented: no prefix means all of the bucket's groups, the empty prefix only the group at its root,
        and a prefix without a bucket is not supported (chosen: ignored). An empty bucket is none at all (chosen).
        """
        return tuple(
            group
            for group in self._groups.values()
            if not bucket or (group.bucket == bucket and prefix in (None, group.prefix))
        )

    def shared_buckets(self, bucket: str | None = None, region: str | None = None) -> tuple[tuple[str, str], ...]:
        """List buckets that have a share, each with its region: all, or those of that name and region."""
        known = {group.bucket: group.region for group in self._groups.values()}
        named = {bucket: region or self.account.region} if bucket and is_bucket(bucket) else {}
        candidates = {EXAMPLE_BUCKET: self.account.region, **named, **known}
        return tuple(
            (name, place)
            for name, place in candidates.items()
            if bucket in (None, "", name) and region in (None, "", place)
        )

    def reset(self) -> None:
        """Forget all groups."""
        self._groups.clear()
        self._places.clear()

    def _uniqueness(self, group: Group) -> _Findings:
        return (
            (group.name in self._groups, "DuplicateExpressSyncName"),
            ((group.bucket, group.prefix) in self._places, "ConflictExpressSyncConfig"),
        )

    def _crowding(self, group: Group) -> _Findings:
        full = self._group_limit is not None and len(self._groups) >= self._group_limit
        return (
            (any(rule.overlaps(group) for rule in self._event_rules), "ExpressSyncNotificationEventConflict"),
            (full, "ExpressSyncNotificationEventLimitExceed"),
        )

    def _keep(self, group: Group) -> Group:
        self._groups[group.name] = group
        self._places.add((group.bucket, group.prefix))
        return group


def _first(findings: _Findings) -> Refusal | None:
    return next((DOCUMENTED[code] for found, code in findings if found), None)


def _new_id() -> str:
    """Make up an id that looks as documented: `sync-`, three zeros, seventeen more digits or small letters."""
    return "sync-000" + "".join(secrets.choice(_ID_ALPHABET) for _ in range(17))


def _topic_of(group_id: str) -> str:
    """Name a group's topic as the page of DescribeExpressSyncs does; another page shows another form."""
    return "sgw-express-sync-" + group_id.removeprefix("sync-")


def _group(parameters: Mapping[str, str], group_id: str, topic: str) -> Group:
    return Group(
        id=group_id,
        name=parameters["Name"],
        bucket=parameters["BucketName"],
        region=parameters["BucketRegion"],
        prefix=parameters.get("BucketPrefix", ""),
        description=parameters.get("Description", ""),
        topic=topic,
    )
