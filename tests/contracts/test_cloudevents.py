"""The official Python SDK of CloudEvents reads every outcome, and what it writes back is still valid."""

import json
from pathlib import Path

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event, to_structured_event

from express_sync.ops.outcomes.reader import read
from tests.support.checkout import OUTCOMES
from tests.support.contract import OUTCOME_VALIDATOR

STRUCTURED = {"content-type": "application/cloudevents+json"}


@pytest.mark.parametrize("path", sorted(OUTCOMES.glob("*.json")), ids=lambda path: path.stem)
def test_python_sdk_writes_a_valid_outcome_back(path: Path) -> None:
    """It writes microseconds; nothing else changes."""
    before = json.loads(path.read_bytes())
    event = from_http_event(HTTPMessage(headers=STRUCTURED, body=path.read_bytes()))
    assert (event.get_id(), event.get_source(), event.get_type()) == (before["id"], before["source"], before["type"])
    text = to_structured_event(event).body.decode()
    after = json.loads(text)
    assert [error.message for error in OUTCOME_VALIDATOR.iter_errors(after)] == []
    assert after["time"] == before["time"].replace("Z", "000Z")
    assert {**after, "time": before["time"]} == before
    assert read(text) is not None
