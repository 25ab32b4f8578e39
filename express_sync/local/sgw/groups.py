"""The express synchronization groups of one account, in memory.

Reproduces: names unique within the account, one group per bucket and prefix, the group limit, conflicts with
event rules that others made, the listing with its two filters. A created group is listed at once.
Does not reproduce: buckets, shares and queues (each bucket with a valid name counts as existing and shared, in any
region), so that a group is always empty, idle and can be deleted; charges, authorisation.
Unknown, and so chosen: the same bucket and prefix under another name is `ConflictExpressSyncConfig`, a conflict of
the configurations of groups; `ExpressSyncNotificationEventConflict` is for event rules that somebody else made on the
bucket, where one prefix contains the other. Groups with overlapping but different prefixes are allowed. Names compare
exactly, prefixes without normalisation. The documented limit has no number, so the default is unlimited. Every bucket
has a share here, so they cannot be listed: without a name the list has the buckets of groups and one example.
A deletion is complete when it is answered; its task, which the service completes later, is complete at once.
"""

import secrets
import string
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from express_sync.local.account import Account
from express_sync.local.sgw import constraints
from express_sync.local.sgw.errors import SgwError

_ID_ALPHABET = string.digits + string.ascii_lowercase
EXAMPLE_BUCKET = "sgw-shared-example"
MAX_TASKS = 1000


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
class Task:
    """A completed task of an asynchronous operation on the group with the id `target`; the time is in epoch seconds."""

    id: str
    name: str
    target: str
    time_s: int


@dataclass(frozen=True, slots=True)
class EventRule:
    """A notification rule that somebody else made on a bucket, for all objects under `prefix`."""

    bucket: str
    prefix: str

    def overlaps(self, group: Group) -> bool:
        """Tell whether an object can match both: the same bucket, and one prefix contains the other."""
        nested = self.prefix.startswith(group.prefix) or group.prefix.startswith(self.prefix)
        return self.bucket == group.bucket and nested


class GroupService:
    """All groups of `account`; what the service refuses raises its documented error."""

    def __init__(
        self,
        account: Account,
        group_limit: int | None = None,
        event_rules: Collection[EventRule] = (),
        now: Callable[[], float] = time.time,
    ) -> None:
        """Start without groups; `group_limit` and `event_rules` are restrictions of the account on new groups.

        `now` is in seconds since the epoch.
        """
        self.account = account
        self._group_limit = group_limit
        self._event_rules = tuple(event_rules)
        self._groups: dict[str, Group] = {}
        self._places: set[tuple[str, str]] = set()
        self._tasks: deque[Task] = deque(maxlen=MAX_TASKS)
        self._now = now

    def create(self, parameters: Mapping[str, str]) -> Group:
        """Create the group that the `parameters` describe. SgwError; the order of the checks is chosen."""
        constraints.check(parameters)
        group_id = _new_id()
        group = _group(parameters, group_id, _topic_of(group_id))
        self._check_unique(group)
        self._check_account(group)
        return self._store(group)

    def seed(self, parameters: Mapping[str, str]) -> Group:
        """Store a group made elsewhere, without any limits, except that names and places are unique. SgwError.

        `parameters` may include ExpressSyncId and MnsTopic.
        """
        group_id = parameters.get("ExpressSyncId") or _new_id()
        group = _group(parameters, group_id, parameters.get("MnsTopic") or _topic_of(group_id))
        self._check_unique(group)
        return self._store(group)

    def describe(self, bucket: str | None = None, prefix: str | None = None) -> tuple[Group, ...]:
        """Return groups, oldest first: all, those of `bucket`, or those of `bucket` at exactly `prefix`.

        As documented: no prefix means all of the bucket's groups, the empty prefix only the group at its root,
        and a prefix without a bucket is not supported (chosen: ignored). An empty bucket counts as absent (chosen).
        """
        return tuple(
            group
            for group in self._groups.values()
            if not bucket or (group.bucket == bucket and prefix in (None, group.prefix))
        )

    def shared_buckets(self, bucket: str | None = None, region: str | None = None) -> tuple[tuple[str, str], ...]:
        """Return buckets that have a share, each with its region: all, or those of that name and region."""
        known = {group.bucket: group.region for group in self._groups.values()}
        named = {bucket: region or self.account.region} if bucket and constraints.is_bucket(bucket) else {}
        candidates = {EXAMPLE_BUCKET: self.account.region, **named, **known}
        return tuple(
            (name, place)
            for name, place in candidates.items()
            if bucket in (None, "", name) and region in (None, "", place)
        )

    def delete(self, group_id: str) -> Task:
        """Delete the group and return the task of the deletion, which is complete. SgwError."""
        if not group_id:
            raise SgwError("EmptyExpressSyncId")
        group = next((each for each in self._groups.values() if each.id == group_id), None)
        if group is None:
            raise SgwError("ExpressSyncNotExist")
        del self._groups[group.name]
        self._places.discard((group.bucket, group.prefix))
        task = Task(f"t-000{_random_part()}", "DeleteExpressSync", group_id, int(self._now()))
        self._tasks.append(task)
        return task

    def tasks(self, target_id: str, task_id: str = "") -> tuple[Task, ...]:
        """Return the tasks of a group, oldest first: all, or the one with that id."""
        return tuple(task for task in self._tasks if task.target == target_id and task_id in ("", task.id))

    def reset(self) -> None:
        """Remove all groups and tasks."""
        self._groups.clear()
        self._places.clear()
        self._tasks.clear()

    def _check_unique(self, group: Group) -> None:
        if group.name in self._groups:
            raise SgwError("DuplicateExpressSyncName")
        if (group.bucket, group.prefix) in self._places:
            raise SgwError("ConflictExpressSyncConfig")

    def _check_account(self, group: Group) -> None:
        if any(rule.overlaps(group) for rule in self._event_rules):
            raise SgwError("ExpressSyncNotificationEventConflict")
        if self._group_limit is not None and len(self._groups) >= self._group_limit:
            raise SgwError("ExpressSyncNotificationEventLimitExceed")

    def _store(self, group: Group) -> Group:
        self._groups[group.name] = group
        self._places.add((group.bucket, group.prefix))
        return group


def _new_id() -> str:
    """Return an id in the documented form: `sync-`, three zeros, seventeen more digits or small letters."""
    return f"sync-000{_random_part()}"


def _random_part() -> str:
    # one read of random bytes, where `secrets.choice` for each character costs as much as a whole call
    return "".join(_ID_ALPHABET[byte % len(_ID_ALPHABET)] for byte in secrets.token_bytes(17))


def _topic_of(group_id: str) -> str:
    """Return the name of a group's topic as on the page of DescribeExpressSyncs; another page has another form."""
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
