"""Provisions one request: creates the group, retries, and looks the group up before it reports a failure.

Names of groups are unique in an account, so creating twice can never make two groups: a retry is always safe, and only
the verdict is hard.
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
    GroupList,
    Indeterminate,
    LookupResult,
    ProvisionRequest,
    Rejected,
    Succeeded,
    Verdict,
)
from handler.provisioning import errors, ownership
from handler.provisioning.retry import MIN_CALL_SECONDS, ApiCall, Backoff, Clock, Deadlines, Retry
from handler.provisioning.verdict import decide, groups_named

CREATE, LOOKUP = "CreateExpressSync", "DescribeExpressSyncs"


class Service(Protocol):
    """The two calls of the API. Each takes at most `timeout_seconds` and returns errors as values."""

    def create(self, request: ProvisionRequest, timeout_seconds: float) -> Answer: ...

    def describe(self, bucket_name: str | None, timeout_seconds: float) -> LookupResult: ...


@dataclass(frozen=True, slots=True)
class Policy:
    """How often to try, and the meaning of an identical group that exists already.

    `late_pause_seconds`: the pause before the second lookup; longer than the service is believed to process a request.
    """

    backoff: Backoff
    call_timeout_seconds: float
    late_pause_seconds: float
    adoption: Adoption


@dataclass(frozen=True, slots=True)
class Provisioner:
    """Provisions requests with a policy. Stateless, so threads may share it."""

    policy: Policy
    service: Service
    clock: Clock

    def provision(
        self,
        request: ProvisionRequest,
        deadlines: Deadlines,
        observe: Callable[[ApiCall], None],
        *,
        in_flight: bool,
        is_last: bool,
    ) -> Verdict:
        """Return the verdict on a valid request by `deadlines.lookup`; call `observe` after every API call.

        `in_flight`: something that was sent for the same group before may still make it. `is_last`: no later
        generation follows, so only the deadline ends the retries of a lookup.
        """
        if self.policy.adoption == "owned" and (broken := ownership.violations(request)):
            return Rejected(broken)
        attempts = self._create(request, deadlines.create, observe)
        last = attempts[-1]
        if isinstance(last, Created):
            return Succeeded(last.express_sync_id, "created")
        for is_second in (False, True):
            noted = _after(self._pause(deadlines.lookup), observe) if is_second else observe
            found = self._look_up(request, deadlines.lookup, noted, is_last=is_last)
            verdict = decide(request, attempts, last, found, self.policy.adoption, in_flight=in_flight)
            if verdict is not None:
                return _with_longer_wait(verdict, found)
        return Indeterminate(errors.reason_of(last))

    def _create(
        self, request: ProvisionRequest, until: float, observe: Callable[[ApiCall], None]
    ) -> tuple[Answer, ...]:
        as_sent = request
        if self.policy.adoption == "owned":
            as_sent = replace(request, description=ownership.marked_description(request))
        retry = self._retry(self.policy.backoff, observe)
        return retry.call(CREATE, lambda timeout: self.service.create(as_sent, timeout), until)

    def _look_up(
        self, request: ProvisionRequest, until: float, observe: Callable[[ApiCall], None], *, is_last: bool
    ) -> LookupResult:
        """Return the groups on the bucket, or if none of them has the name, all groups."""
        backoff = self.policy.backoff
        retry = self._retry(backoff.unlimited() if is_last else backoff, observe)

        def describe(bucket_name: str | None) -> LookupResult:
            call = partial(self.service.describe, bucket_name)
            return retry.call(LOOKUP, call, until)[-1]

        found = describe(request.bucket_name)
        is_absent = isinstance(found, GroupList) and not groups_named(found, request)
        return describe(None) if is_absent else found

    def _pause(self, until: float) -> float:
        """Sleep, and return for how many seconds."""
        time_left = until - MIN_CALL_SECONDS - self.clock.now()
        pause = max(0.0, min(self.policy.late_pause_seconds, time_left))
        self.clock.sleep(pause)
        return pause

    def _retry(self, backoff: Backoff, observe: Callable[[ApiCall], None]) -> Retry:
        return Retry(backoff, self.policy.call_timeout_seconds, self.clock, observe)


def _after(paused_seconds: float, observe: Callable[[ApiCall], None]) -> Callable[[ApiCall], None]:
    """Return an observer of calls of which the first follows a pause."""
    pauses = iter((paused_seconds,))
    return lambda attempt: observe(replace(attempt, paused_seconds=next(pauses, 0.0)))


def _with_longer_wait(verdict: Verdict, found: LookupResult) -> Verdict:
    """Return the verdict; if the lookup was asked to wait longer, with that wait."""
    if not isinstance(verdict, Failed | Indeterminate):
        return verdict
    longest = max(verdict.reason.retry_after_seconds, errors.retry_after_seconds(found))
    return replace(verdict, reason=replace(verdict.reason, retry_after_seconds=longest))
