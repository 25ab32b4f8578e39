"""The function as it is called, `handler.entry.handle`, composed as it is deployed; only its cloud is replaced.

`surroundings` replaces sockets, environment and clock. Every violation is an AssertionError of the input
that caused it.
"""

import contextlib
import json
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, get_args

import pytest

from handler import control, entry, invocation
from handler.entry import handle
from handler.faults import DeliveriesUnfinishedError
from handler.inbound import envelope
from handler.inbound.strict_json import read_bytes
from handler.model import Adoption
from tests.support.clock import ManualClock
from tests.system.fuzz.surroundings import Lines, Pool, StrictSmq

CONTEXT = SimpleNamespace(
    request_id="FC-1",
    credentials=SimpleNamespace(access_key_id="id", access_key_secret="secret", security_token="token"),
    function=SimpleNamespace(name="express-sync-provision", timeout="120"),
    region="cn-hangzhou",
    account_id="1234567890123456",
)
SETTINGS = {
    "RESULT_TOPIC": "outcomes",
    "MNS_ENDPOINT": "https://mns.invalid",
    "REQUEST_QUEUE": "requests",
    "DEAD_LETTER_QUEUE": "dead-letters",
    "MAX_ATTEMPTS": "2",
    "CONCURRENCY": "4",
}
ADOPTIONS = get_args(Adoption)
ANSWERS: Mapping[str, Set[str]] = {
    "drain": {"finished", "left"},
    "refusal": {"refused"},
}
KEPT = 3  # messages in a queue when a command arrives


@dataclass
class Target:
    """Feeds events and keeps count; `slowest_seconds` is CPU time of one input."""

    fed: int = 0
    published: int = 0
    slowest_seconds: float = 0.0
    statuses: Counter[str] = field(default_factory=Counter)
    commands: Counter[str] = field(default_factory=Counter)
    bodies: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT))

    def feed(self, event: bytes) -> None:
        """Hand one event to the function; AssertionError if anything but outcomes by contract comes of it.

        If it is a command, the queues hold former events.
        """
        problems: list[str] = []
        clock = ManualClock(time.monotonic(), fraction=0.5)
        smq = StrictSmq(clock, problems=problems)
        command = control.parse(read_bytes(event))
        smq.put("requests", *self.bodies)
        smq.put("dead-letters", *self.bodies)
        began = time.process_time()
        with self._composed(clock, smq, Pool(problems)), contextlib.redirect_stdout(Lines(problems)):
            answer = _answer(event)
        self.slowest_seconds = max(self.slowest_seconds, time.process_time() - began)
        self.fed += 1
        assert problems == [], problems
        if command is not None:
            self._check_summary(answer)
        else:
            intake = envelope.parse(event)
            assert intake.deliveries or event.strip() == b"[]", "a message without a delivery"
            told = len(smq.published) + smq.refused
            assert bool(told) == bool(intake.deliveries), "silence"
            assert told <= len(intake.deliveries), "copies of one submission are told once"
            assert answer is not None or smq.refused, "nothing else brings an event back"
        self._remember(event, smq)

    @contextlib.contextmanager
    def _composed(self, clock: ManualClock, smq: StrictSmq, pool: Pool) -> Iterator[None]:
        """Return the adapters of the function, with settings that alternate from input to input."""
        more = {"MAX_DEFERRALS": str(self.fed % 2), "ADOPTION": ADOPTIONS[self.fed % len(ADOPTIONS)]}
        with pytest.MonkeyPatch.context() as patch:
            for name, value in {**SETTINGS, **more}.items():
                patch.setenv(f"EXPRESS_SYNC_{name}", value)
            patch.setattr(invocation, "SystemClock", lambda: clock)
            patch.setattr(invocation, "Smq", lambda *_: smq)
            patch.setattr(entry, "_connections", lambda _url, _concurrency: pool)
            entry._settings.cache_clear()
            yield
            entry._settings.cache_clear()

    def _check_summary(self, answer: Any) -> None:
        (kind,) = [kind for kind, told in ANSWERS.items() if told == {*answer} - {"code"}]
        self.commands[kind] += 1

    def _remember(self, event: bytes, smq: StrictSmq) -> None:
        self.published += len(smq.published)
        self.statuses["to come back"] += smq.refused
        self.statuses.update(outcome["data"]["status"] for outcome in smq.published)
        if len(event) < 5000:
            self.bodies.append(event.decode("utf-8", "replace"))


def _answer(event: bytes) -> Any:
    """What a caller gets, which is JSON; None where the event has to be delivered again."""
    try:
        return json.loads(handle(event, CONTEXT))
    except DeliveriesUnfinishedError:
        return None
