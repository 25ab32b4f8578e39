"""Sending back: which queue, which text, hidden for how long, and by when."""

from typing import cast

import pytest

from handler.provisioning.retry import Backoff
from handler.smq.client import Smq, SmqError
from handler.smq.senders import QueueSender
from tests.handler.unit.fakes import FakeClock, ScriptedSmq

BODY = '{"specversion":"1.0"}'
PASSING = SmqError("InternalError", transient=True)


def sent_back(clock: FakeClock, smq: ScriptedSmq, room: float = 100.0) -> ScriptedSmq:
    """`smq` after BODY was sent back on it with that much time left."""
    sender = QueueSender(cast(Smq, smq), "requests", clock, Backoff(4, 1.0, 2.0))
    sender.send(BODY, 90, clock.now() + room)
    return smq


def test_one_message_goes_to_the_queue_hidden_for_its_delay(clock: FakeClock) -> None:
    """To the letter."""
    smq = sent_back(clock, ScriptedSmq(iter([])))
    assert (smq.sent, smq.published) == ([("requests", [BODY], 90)], [])


def test_a_passing_failure_is_sat_out(clock: FakeClock) -> None:
    """The same message again: two of them in the queue lead to one verdict, none of them to silence."""
    smq = sent_back(clock, ScriptedSmq(iter([PASSING])))
    assert smq.sent == [("requests", [BODY], 90)] * 2


def test_a_message_that_is_not_accepted_in_time_is_not_sent_back(clock: FakeClock) -> None:
    """The last failure says why."""
    with pytest.raises(SmqError) as caught:
        sent_back(clock, ScriptedSmq(iter([PASSING] * 9)), room=0.5)
    assert caught.value is PASSING
