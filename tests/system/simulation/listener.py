"""What holds for each submission by the rule for listeners in docs/guarantees.md, and whether it is true."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from handler.model import ProvisionRequest
from tests.system.simulation.cloud import Api


@dataclass(slots=True)
class Listener:
    """Keeps, of the events on one submission, the one with the greatest `sequence`; compares each with the account."""

    api: Api
    events: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    succeeded_at: dict[str, float] = field(default_factory=dict)
    requests: dict[str, ProvisionRequest] = field(default_factory=dict)
    submitted_at: dict[str, float] = field(default_factory=dict)
    untrue: int = 0

    def expect(self, submission: str, request: ProvisionRequest) -> None:
        """Remember a submission, known by the id of its message."""
        self.requests[submission] = request
        self.submitted_at[submission] = self.api.time.now

    def hear(self, event: Mapping[str, Any]) -> None:
        """Take in an event that the topic has accepted."""
        self.api.land()
        submission = event["data"]["submissionId"]
        status = event["data"]["status"]
        if status == "succeeded":
            self.succeeded_at.setdefault(submission, self.api.time.now)
        self.untrue += self._is_untrue(event, may_land=True)
        known = self.events.get(submission)
        if known is None or event["sequence"] >= known["sequence"]:
            self.events[submission] = event

    def last_success_after(self, instant: float) -> float | None:
        """Return the seconds from then to the last first success of what was submitted before, None without any."""
        submitted = [each for each, at in self.submitted_at.items() if at < instant]
        seconds = [self.succeeded_at[each] - instant for each in submitted if each in self.succeeded_at]
        return max([0.0, *seconds]) if seconds else None

    def status(self, submission: str) -> str:
        """Return the status that holds for a submission."""
        return str(self.events[submission]["data"]["status"]) if submission in self.events else "silence"

    def outcomes(self) -> Counter[str]:
        """Return how many submissions have which status."""
        return Counter(self.status(each) for each in self.requests)

    def untrue_in_the_end(self) -> int:
        """Return how many of the statuses that hold are not true of the account."""
        return sum(self._is_untrue(self.events[each]) for each in self.requests if each in self.events)

    def _is_untrue(self, event: Mapping[str, Any], *, may_land: bool = False) -> bool:
        request = self.requests[event["data"]["submissionId"]]
        made = self.api.account.named(request.name)
        match event["data"]["status"]:
            case "succeeded":
                return made is None or made.group.express_sync_id != event["data"]["expressSyncId"]
            case "failed":
                in_flight = may_land and any(late == request for _, late in self.api.in_flight)
                return made is not None or in_flight
            case "rejected":
                return True
            case _:
                return False
