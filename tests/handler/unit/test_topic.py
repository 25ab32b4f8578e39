"""Announcing: which topic, which text, which tag, and by when."""

from typing import cast

import pytest

from handler.model import Succeeded
from handler.outcome import outcome_of
from handler.provisioning.retry import Backoff
from handler.smq.client import Smq, SmqError
from handler.smq.senders import ResultTopic
from tests.handler.unit.fakes import DOCUMENT, FakeClock, ScriptedSmq, circumstances

OUTCOME = outcome_of(Succeeded("sync-1", "created"), DOCUMENT, circumstances())
PASSING = SmqError("InternalError", transient=True)


def announced(clock: FakeClock, smq: ScriptedSmq, room: float = 100.0) -> ScriptedSmq:
    """`smq` after OUTCOME was published on it with that much time left."""
    topic = ResultTopic(cast(Smq, smq), "outcomes", clock, Backoff(4, 1.0, 2.0))
    topic.publish(OUTCOME, clock.now() + room)
    return smq


def test_an_outcome_goes_to_the_topic_with_its_status_as_tag(clock: FakeClock) -> None:
    """So that subscribers can filter."""
    smq = announced(clock, ScriptedSmq(iter([])))
    assert (smq.published, smq.sent) == ([("outcomes", OUTCOME.text(), "succeeded")], [])


def test_every_publication_of_an_outcome_is_the_same_text(clock: FakeClock) -> None:
    """And so the same event id, by which consumers drop the second."""
    smq = announced(clock, ScriptedSmq(iter([PASSING, PASSING])))
    assert smq.published == [("outcomes", OUTCOME.text(), "succeeded")] * 3


def test_an_outcome_that_is_not_accepted_in_time_is_not_announced(clock: FakeClock) -> None:
    """The last failure says why."""
    with pytest.raises(SmqError) as caught:
        announced(clock, ScriptedSmq(iter([PASSING] * 9)), room=0.5)
    assert caught.value is PASSING
