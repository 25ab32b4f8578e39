"""What outlives a delivery of a request: the group of its name, what was said of it, what is still in flight."""

from dataclasses import dataclass, replace

from handler.model import ProvisionRequest
from tests.model.account import Account
from tests.model.truth import Made, Story


@dataclass(frozen=True, slots=True)
class State:
    """`standing`: the group of the requested name. `in_flight`: a create that the service has not worked off yet."""

    standing: Made | None
    story: Story
    in_flight: ProvisionRequest | None = None

    def landed(self) -> "State":
        """The same once nothing is in flight any more."""
        if self.in_flight is None:
            return self
        account = Account([self.standing] if self.standing else [])
        account.create(self.in_flight)
        return replace(self, standing=account.named(self.in_flight.name), in_flight=None)

    def ends(self) -> Story:
        """The story of the request if no delivery follows."""
        last = self.landed()
        return last.story.ends(last.standing)
