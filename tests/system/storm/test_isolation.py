"""A batch is processed in parallel up to a limit; a slow, failing or malformed message affects no other message."""

import json
from datetime import datetime

from tests.system.storm.watched_cloud import FAST, Document, WatchedCloud, request, watched_cloud

DEEP = "[" * 5000 + "]" * 5000
POISON = ("\ufffd\ufffd", "{", '"half', "null", DEEP, json.dumps({"requestId": "x" * 20000}), "🜏" * 5000)


def run(running: WatchedCloud, bodies: list[str]) -> dict[str, Document]:
    """The outcomes of these messages by message id, all of one batch."""
    ids = running.send(bodies)
    running.settle()
    assert [answer.outcome for answer in running.answers] == ["succeeded"], "all of one batch, which did not come back"
    verdicts = {event["data"]["messageId"]: event["data"] for event in running.published()}
    assert list(verdicts.keys() - set(ids)) == []
    return {message_id: verdicts[message_id] for message_id in ids}


def test_bad_messages_neither_affect_nor_delay_other_messages() -> None:
    good = [f"good-{number}" for number in range(6)]
    with watched_cloud({**FAST, "EXPRESS_SYNC_API_TIMEOUT_SECONDS": "60"}) as running:
        running.fail_creates("slow", ["slow:8000"])
        running.fail_creates("failing", ["RoleNotExist"])
        names = ["slow", "failing", *good]
        bodies = [*(json.dumps(request(name)) for name in names), *POISON]
        slow, failing, *others = run(running, bodies).values()
        assert slow["status"] == "succeeded"
        assert slow["timings"]["elapsedMs"] >= 8000
        assert failing["status"] == "failed"
        assert [data["status"] for data in others] == ["succeeded"] * 6 + ["rejected"] * len(POISON)
        finished = [datetime.fromisoformat(data["timings"]["finishedAt"][:-1]) for data in (failing, *others)]
        waited = datetime.fromisoformat(slow["timings"]["finishedAt"][:-1]) - max(finished)
        assert waited.total_seconds() > 0, "the other messages finished before the slow one"


def test_concurrency_setting_limits_parallel_requests() -> None:
    names = [f"bounded-{number}" for number in range(16)]
    with watched_cloud({**FAST, "EXPRESS_SYNC_CONCURRENCY": "4"}) as running:
        for name in names:
            running.fail_creates(name, ["slow:1000"])
        verdicts = run(running, [json.dumps(request(name)) for name in names])
        assert most_at_once([data["timings"] for data in verdicts.values()]) == 4


def most_at_once(timings: list[Document]) -> int:
    """The largest number of intervals that share an instant; one that ends where another begins shares none."""
    spans = [(str(timing["startedAt"]), str(timing["finishedAt"])) for timing in timings]
    return max(sum(begin <= start < end for begin, end in spans) for start, _ in spans)
