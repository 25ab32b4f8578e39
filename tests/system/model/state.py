"""The state between deliveries: groups of the account, published events, calls in flight, messages in the queue."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from handler.model import ProvisionRequest
from tests.system.model.account import Account
from tests.system.model.invariants import Circumstance, Kind, Made, Statement, Story


@dataclass(frozen=True, slots=True, order=True)
class Copy:
    """A message in the queue: its body, its submissions, and the generation that it states.

    `deferrals` is how often the request was really requeued.
    """

    body: int
    submissions: tuple[str, ...]
    generation: int = 0
    deferrals: int = 0


@dataclass(frozen=True, slots=True)
class Environment:
    """Everything that a delivery can depend on.

    `groups`: those of the account. `in_flight`: creates that still have to land, each different one once.
    `copies`: the messages in the queue, sorted.
    """

    groups: tuple[Made, ...]
    copies: tuple[Copy, ...]
    in_flight: tuple[ProvisionRequest, ...] = ()

    def landed(self, order: Sequence[ProvisionRequest] = ()) -> "Environment":
        """Return the environment after all calls have landed, in that order if one is given."""
        if not self.in_flight:
            return self
        account = Account(self.groups)
        for request in order or self.in_flight:
            account.create(request)
        return replace(self, groups=account.groups, in_flight=())


@dataclass(frozen=True, slots=True)
class Effect:
    """The effect of a delivery, or of a step of one: the environment after it, its events, and the findings.

    `requeued`: how many messages it has sent to the queue.
    """

    environment: Environment
    statements: tuple[tuple[Statement, Circumstance], ...] = ()
    found: frozenset[Kind] = frozenset()
    requeued: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """The environment, and the published events. No delivery knows the events of an earlier one."""

    environment: Environment
    story: Story

    def after(self, effect: Effect) -> "State":
        """Return the state after a delivery, or a step of one, with this effect."""
        story = self.story
        for said, now in effect.statements:
            story = story.with_statement(said, now)
        return State(effect.environment, story.with_findings(*effect.found))

    def closed(self) -> Story:
        """Return the story if no delivery follows, because no message is left or because they are abandoned."""
        account = {made.group.name: made for made in self.environment.landed().groups}
        return self.story.closed(account, is_abandoned=bool(self.environment.copies))
