"""CPU per message on the pure path, beside the floor that no design can go below: parsing and the schema check alone.

    python -m benchmarks.pure_path

The path: trigger envelope to delivery, contract check, verdict to outcome, outcome to text. No network, no log line.
"""

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from jsonschema import Draft7Validator

from handler import envelope, validation
from handler.model import Succeeded
from handler.outcome import announce
from tests.unit.fakes import circumstances

EVENT = (Path(__file__).parents[1] / "events" / "triggers" / "cloudevent-plain.json").read_bytes()
BODY = json.loads(EVENT)["data"]["messageBody"]
FLOOR = Draft7Validator(validation.REQUEST_SCHEMA)
MESSAGES, RUNS = 2000, 7


def pure_path() -> None:
    """Everything the function computes for one valid message, but for signatures and log lines."""
    (delivery,) = envelope.parse(EVENT).deliveries
    assert not validation.violations(delivery.document)
    announce(Succeeded("sync-0001xv7je357xn8tr", "created"), delivery.document, circumstances()).text()


def floor() -> None:
    """Parsing envelope and body, and one schema check with the library alone."""
    json.loads(EVENT)
    assert not list(FLOOR.iter_errors(json.loads(BODY)))


def microseconds(work: Callable[[], None]) -> float:
    """CPU per call, the median of several runs."""
    runs = []
    for _ in range(RUNS):
        began = time.process_time()
        for _ in range(MESSAGES):
            work()
        runs.append((time.process_time() - began) / MESSAGES * 1e6)
    return statistics.median(runs)


if __name__ == "__main__":
    ours, least = microseconds(pure_path), microseconds(floor)
    print(f"pure path {ours:.1f} µs, floor {least:.1f} µs per message, ratio {ours / least:.2f}")
