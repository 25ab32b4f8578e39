"""What outlives a delivery: the groups of the account, what was said, what is in flight, what the queue holds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from handler.model import ProvisionRequest
from tests.system.model.account import Account
from tests.system.model.truth import Circumstance, Kind, Made, Said, Story


@dataclass(frozen=True, slots=True, order=True)
class Copy:
    """A message in the queue: which body it holds, for which submissions, in which generation as it says itself.

    `deferrals` is how often the request was really sent back to come to it.
    """

    body: int
    submissions: tuple[str, ...]
    generation: int = 0
    deferrals: int = 0


@dataclass(frozen=True, slots=True)
class World:
    """What a delivery meets, and all that it can depend on.

    `groups`: those of the account. `in_flight`: creates whose effect is still to come, each different one once.
    `copies`: the messages that the queue holds, sorted.
    """

    groups: tuple[Made, ...]
    copies: tuple[Copy, ...]
    in_flight: tuple[ProvisionRequest, ...] = ()

    def landed(self, order: Sequence[ProvisionRequest] = ()) -> "World":
        """Return the same once nothing is in flight any more, landed in that order if one is given."""
        if not self.in_flight:
            return self
        account = Account(self.groups)
        for request in order or self.in_flight:
            account.create(request)
        return replace(self, groups=account.groups, in_flight=())


@dataclass(frozen=True, slots=True)
class Effect:
    """What a delivery, or a step of one, has done: the world after it, what it said and when, what was found in it.

    `sent_back`: how many messages it has put into the queue.
    """

    world: World
    said: tuple[tuple[Said, Circumstance], ...] = ()
    found: frozenset[Kind] = frozenset()
    sent_back: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """What outlives a delivery: the world, and what was said. No delivery can know what was said before it."""

    world: World
    story: Story

    def after(self, effect: Effect) -> "State":
        """Return the state after a delivery, or a step of one, with this effect."""
        story = self.story
        for said, now in effect.said:
            story = story.hears(said, now)
        return State(effect.world, story.shows(*effect.found))

    def ends(self) -> Story:
        """Return the story if no delivery follows, because no message is left or because they are given up."""
        account = {made.group.name: made for made in self.world.landed().groups}
        return self.story.ends(account, is_given_up=bool(self.world.copies))
