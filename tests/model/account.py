"""The groups of an account as the API keeps them: names are unique, a create is all or nothing, a look shows all of it.

Reproduces the effects of the two calls and the one refusal that follows from them; faults belong elsewhere.
"""

from collections.abc import Iterable

from handler.model import Created, Finding, Group, ProvisionRequest, Refused, Seen
from tests.model.truth import Made


class Account:
    """An account with the groups it has; `create` and `describe` are what the service does, not what a caller hears."""

    def __init__(self, made: Iterable[Made] = ()) -> None:
        self._made = {each.group.name: each for each in made}

    def named(self, name: str) -> Made | None:
        """The group of that name, if there is one."""
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

    def describe(self, bucket_name: str | None) -> Seen:
        """The groups on a bucket, or all of them."""
        groups = (made.group for made in self._made.values())
        return Seen(tuple(group for group in groups if bucket_name in (None, group.bucket_name)))


def is_complete(finding: Finding, bucket_name: str | None, name: str) -> bool:
    """Whether a look on that bucket (None: on all) tells if there is a group of the name."""
    return isinstance(finding, Seen) and (bucket_name is None or any(group.name == name for group in finding.groups))
