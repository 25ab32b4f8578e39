"""One request to one verdict: create, back off, and look before saying no.

Names of groups are unique in an account, so creating twice can never make two groups: retrying is always safe and
only the verdict is hard. This module must not know queues, topics, envelopes, or what real time is.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from handler.model import (
    Adoption,
    Answer,
    Created,
    Failed,
    Finding,
    Indeterminate,
    ProvisionRequest,
    Seen,
    Succeeded,
    Verdict,
)
from handler.provisioning import answers, ownership
from handler.provisioning.backoff import Backoff
from handler.provisioning.retry import SHORTEST_CALL_SECONDS, Attempt, Clock, Insistence
from handler.provisioning.verdict import judge, namesake


class Service(Protocol):
    """The two calls of the API. Each is told how many seconds it may take; neither raises for a bad answer."""

    def create(self, request: ProvisionRequest, timeout_seconds: float) -> Answer: ...

    def describe(self, bucket_name: str | None, timeout_seconds: float) -> Finding: ...


@dataclass(frozen=True, slots=True)
class Policy:
    """How hard to try, and what an identical group that is already there means.

    `late_pause_seconds`: how long after an unanswered attempt to look once more; longer than the service is
    believed to work on a request.
    """

    backoff: Backoff
    call_timeout_seconds: float
    late_pause_seconds: float
    adoption: Adoption


COLD_START_SECONDS = 5.0  # the timeout runs from before the function is imported, the clock only from after it


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Monotonic instants of one invocation: the latest end of a create call, of a look, and of publishing."""

    create: float
    look: float
    publish: float

    @staticmethod
    def of(began: float, timeout_seconds: float, look_reserve: float, publish_reserve: float) -> "Deadlines":
        """The deadlines within a function's timeout. Reserves give way on a short one: 40 % is left for creating."""
        publish = began + timeout_seconds - min(COLD_START_SECONDS, timeout_seconds * 0.1)
        look = publish - min(publish_reserve, timeout_seconds * 0.2)
        return Deadlines(create=look - min(look_reserve, timeout_seconds * 0.3), look=look, publish=publish)


@dataclass(frozen=True, slots=True)
class Provisioner:
    """One request after another to verdicts; keeps nothing of any of them, so threads may share it."""

    policy: Policy
    service: Service
    clock: Clock

    def provision(
        self,
        request: ProvisionRequest,
        deadlines: Deadlines,
        observe: Callable[[Attempt], None],
        *,
        in_flight: bool = False,
        is_last: bool = True,
    ) -> Verdict:
        """Return the verdict on a valid request before `deadlines.look`; call `observe` after every API call.

        `in_flight`: something sent for the same group before may still make it. `is_last`: there is no later
        generation, so that only the deadline ends a lookup that fails.
        """
        attempts = self._create(request, deadlines.create, observe)
        last = attempts[-1]
        if isinstance(last, Created):
            return Succeeded(last.express_sync_id, "created")

        def look_and_judge() -> Verdict | None:
            finding = self._look(request, deadlines.look, observe, is_last=is_last)
            verdict = judge(request, attempts, last, finding, self.policy.adoption, in_flight=in_flight)
            return verdict and _patient(verdict, finding)

        verdict = look_and_judge()
        if verdict is None:
            self._pause(deadlines.look)
            verdict = look_and_judge()
        return verdict or Indeterminate(answers.reason(last))

    def _create(
        self, request: ProvisionRequest, until: float, observe: Callable[[Attempt], None]
    ) -> tuple[Answer, ...]:
        as_sent = request
        if self.policy.adoption == "owned":
            as_sent = replace(request, description=ownership.marked_description(request))
        insistence = self._insistence(self.policy.backoff, observe)
        return insistence.on("CreateExpressSync", lambda timeout: self.service.create(as_sent, timeout), until)

    def _look(
        self, request: ProvisionRequest, until: float, observe: Callable[[Attempt], None], *, is_last: bool
    ) -> Finding:
        """Return the groups among which the name would be: those on the bucket, or all of them if it is not there."""
        backoff = self.policy.backoff
        insistence = self._insistence(backoff.unlimited() if is_last else backoff, observe)

        def describe(bucket_name: str | None) -> Finding:
            call = partial(self.service.describe, bucket_name)
            return insistence.on("DescribeExpressSyncs", call, until)[-1]

        finding = describe(request.bucket_name)
        is_not_there = isinstance(finding, Seen) and namesake(finding, request) is None
        return describe(None) if is_not_there else finding

    def _pause(self, until: float) -> None:
        room = until - SHORTEST_CALL_SECONDS - self.clock.now()
        self.clock.sleep(max(0.0, min(self.policy.late_pause_seconds, room)))

    def _insistence(self, backoff: Backoff, observe: Callable[[Attempt], None]) -> Insistence:
        return Insistence(backoff, self.policy.call_timeout_seconds, self.clock, observe)


def _patient(verdict: Verdict, finding: Finding) -> Verdict:
    """Return the verdict, which waits at least as long as the lookup was asked to."""
    asked_for = answers.retry_after_seconds(finding)
    if not isinstance(verdict, Failed | Indeterminate) or verdict.reason.retry_after_seconds >= asked_for:
        return verdict
    return replace(verdict, reason=replace(verdict.reason, retry_after_seconds=asked_for))
