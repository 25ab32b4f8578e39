"""The queries of docs/operations.md and docs/dashboard.json name what the function logs and what a stack has."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs

from express_sync.ops.targets.profiles import completed
from handler.log import DeliveryLog, invocation_log
from handler.model import Failed
from handler.outcome import outcome_of
from handler.provisioning.errors import reason_of
from handler.provisioning.retry import ApiCall
from tests.support.checkout import DOCS
from tests.support.samples import DOCUMENT, THROTTLED, outcome_context

OPERATIONS = (DOCS / "operations.md").read_text(encoding="utf-8")
DASHBOARD = (DOCS / "dashboard.json").read_text(encoding="utf-8")
CHARTS = [chart for chart in json.loads(DASHBOARD)["charts"] if "search" in chart]
QUERIES = [
    *re.findall(r"^\|[^|]+\| `(.+)` +\|$", OPERATIONS.partition("## Logs")[2].partition("## ")[0], re.MULTILINE),
    *(chart["search"]["query"] for chart in CHARTS),
]


@pytest.fixture(scope="module")
def logged() -> Sequence[Mapping[str, Any]]:
    """Return one line of each event that the function logs about a delivery."""
    outcome = outcome_of(Failed(reason_of(THROTTLED)), DOCUMENT, outcome_context())
    with capture_logs() as lines:
        log = DeliveryLog.of(invocation_log("FC-1"), "M-1", "REQ-1", "trace")
        log.call(ApiCall("CreateExpressSync", 1, THROTTLED, 0.1, 0.5))
        log.published(outcome)
        log.not_published(outcome, "TopicNotExist")
        log.not_settled(outcome, "QueueNotExist")
        log.crashed(ValueError())
    return lines


@pytest.mark.parametrize("query", QUERIES)
def test_query_uses_fields_and_events_of_the_log(query: str, logged: Sequence[Mapping[str, Any]]) -> None:
    used = set(re.findall(r"message\.([A-Za-z_]+)", query))
    events = {quoted or word for quoted, word in re.findall(r'message\.event: (?:"([^"]+)"|(\w+))', query)}
    assert used
    assert used <= {field for line in logged for field in line}
    assert events <= {line["event"] for line in logged}


def test_page_names_every_event_of_the_log(logged: Sequence[Mapping[str, Any]]) -> None:
    named = re.search(r"`event` \((.+?)\)", OPERATIONS, re.DOTALL)
    assert named is not None
    assert set(re.findall(r"`([^`]+)`", named[1])) == {line["event"] for line in logged}


def test_dashboard_shows_queues_of_a_stack() -> None:
    queues = {name for chart in json.loads(DASHBOARD)["charts"] for name in _queues(chart)}
    stack = completed({"region": "cn-hangzhou", "accountId": "1", "namePrefix": "PREFIX"})
    assert queues
    assert queues <= set(stack["mns"].values())


def _queues(chart: Mapping[str, Any]) -> list[str]:
    return [dimension["queue"] for dimension in chart.get("metric", {}).get("dimensions", ())]
