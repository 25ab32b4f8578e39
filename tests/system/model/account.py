"""The groups of an account as the API keeps them: names are unique, a create is all or nothing, a lookup shows them.

Reproduces the effects of the two calls, the one refusal that follows from them, and the forms in which the API may show
prefix and region. Faults belong elsewhere.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from handler.model import Created, Group, GroupList, LookupResult, ProvisionRequest, Refused
from tests.system.model.invariants import Made


@dataclass(frozen=True, slots=True)
class Form:
    """How a lookup shows what was asked for: prefixes without the slashes at their ends, regions by another name."""

    strips_slashes: bool = False
    region: str = ""

    def of(self, group: Group) -> Group:
        """Return the group as a lookup shows it."""
        prefix = group.bucket_prefix.strip("/") if self.strips_slashes else group.bucket_prefix
        return replace(group, bucket_prefix=prefix, bucket_region=self.region or group.bucket_region)


AS_ASKED = Form()


class Account:
    """An account with the groups it has; `create` and `describe` are what the service does, not what a caller hears."""

    def __init__(self, made: Iterable[Made] = (), form: Form = AS_ASKED) -> None:
        self._made = {each.group.name: each for each in made}
        self._form = form

    @property
    def groups(self) -> tuple[Made, ...]:
        """Every group, in the order in which they were made."""
        return tuple(self._made.values())

    def named(self, name: str) -> Made | None:
        """Return the group of that name, if there is one."""
        return self._made.get(name)

    def create(self, request: ProvisionRequest) -> Created | Refused:
        """Make the group unless the name is taken; the maker is the request's id."""
        if request.name in self._made:
            return Refused("DuplicateExpressSyncName", 400)
        group = Group(
            express_sync_id=f"sync-{len(self._made) + 1}",
            name=request.name,
            bucket_name=request.bucket_name,
            bucket_region=request.bucket_region,
            bucket_prefix=request.bucket_prefix,
            description=request.description,
        )
        self._made[request.name] = Made(group, request.request_id)
        return Created(group.express_sync_id, "")

    def describe(self, bucket_name: str | None) -> GroupList:
        """Return the groups on a bucket, or all of them, as the API shows them."""
        groups = (made.group for made in self._made.values())
        return GroupList(tuple(self._form.of(group) for group in groups if bucket_name in (None, group.bucket_name)))


def is_complete(finding: LookupResult, bucket_name: str | None, name: str) -> bool:
    """Return whether a lookup on that bucket (None: on all) tells if there is a group of the name."""
    return isinstance(finding, GroupList) and (bucket_name is None or is_shown(finding, name))


def is_shown(finding: LookupResult, name: str) -> bool:
    """Return whether the lookup showed a group of the name."""
    return isinstance(finding, GroupList) and any(group.name == name for group in finding.groups)
