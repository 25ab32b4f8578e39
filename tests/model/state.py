"""What outlives a delivery of a request: the group of its name, what was said of it, what is still to come."""

from dataclasses import dataclass, replace

from handler.model import ProvisionRequest
from tests.model.account import Account
from tests.model.truth import Made, Story


@dataclass(frozen=True, slots=True, order=True)
class Copy:
    """A message of the request in the queue.

    `generation` is what it says of itself, `deferrals` how often the request was really sent back to come to it.
    """

    generation: int = 0
    deferrals: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """`standing`: the group of the requested name. `in_flight`: a create that the service has not worked off yet.

    `copies`: the messages of the request that the queue holds, sorted.
    """

    standing: Made | None
    story: Story
    copies: tuple[Copy, ...]
    in_flight: ProvisionRequest | None = None

    def landed(self) -> "State":
        """The same once nothing is in flight any more."""
        if self.in_flight is None:
            return self
        account = Account([self.standing] if self.standing else [])
        account.create(self.in_flight)
        return replace(self, standing=account.named(self.in_flight.name), in_flight=None)

    def ends(self) -> Story:
        """The story of the request if no delivery follows, for want of copies or because it is given up."""
        last = self.landed()
        return last.story.ends(last.standing, is_given_up=bool(self.copies))
