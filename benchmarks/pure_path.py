"""CPU per message on the pure path, beside the schema check of the library as it comes.

    python -m benchmarks.pure_path

The path: contract check, ids, verdict to outcome, outcome to text, one log line; and once more with what comes before
it, from the trigger's bytes to the delivery. No network.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
from jsonschema import Draft7Validator

from benchmarks.comparison import Comparison, Limit, Row, in_turns, table
from express_sync.ops.terminal import output
from handler import log
from handler.inbound import envelope, validation
from handler.inbound.envelope import Delivery
from handler.model import Succeeded
from handler.outcome import OutcomeContext, Processing, outcome_of
from tests.support.samples import MOMENT

EVENT = (Path(__file__).parents[1] / "events" / "triggers" / "cloudevent-plain.json").read_bytes()
BODY = json.loads(EVENT)["data"]["messageBody"]
FLOOR = Draft7Validator(validation.REQUEST_SCHEMA)
MESSAGES, ROUNDS = 2000, 9


@contextmanager
def log_to_nowhere() -> Iterator[log.Logger]:
    """Give the log of an invocation whose lines are written to the null device."""
    with Path(os.devnull).open("w") as nowhere:
        log.configure("INFO")
        structlog.configure(logger_factory=structlog.WriteLoggerFactory(nowhere))
        yield log.invocation_log("request-1")
        structlog.reset_defaults()


def parsed() -> Delivery:
    """Return the only delivery of the sample event."""
    (delivery,) = envelope.parse(EVENT).deliveries
    return delivery


def decided(delivery: Delivery, invocation: log.Logger) -> None:
    """Run everything that the function computes for one parsed, valid message, except signatures."""
    request_id = validation.usable_request_id(delivery.document)
    assert not validation.violations(delivery.document)
    # As the function does; the helper of the tests would copy a context.
    context = OutcomeContext(
        "acs:fc:cn-hangzhou:1:functions/f",
        delivery.message_id,
        request_id,
        delivery.lineage,
        Processing(MOMENT, MOMENT),
    )
    outcome = outcome_of(Succeeded("sync-0001xv7je357xn8tr", "created"), delivery.document, context)
    log.DeliveryLog.of(invocation, delivery.message_id, request_id).published(outcome)


def checked_by_the_library() -> None:
    """Run the unmodified schema check of the library."""
    assert not list(FLOOR.iter_errors(DOCUMENT))


def parsed_and_checked() -> None:
    """Parse the envelope and the body with `json`, and run that check."""
    json.loads(EVENT)
    assert not list(FLOOR.iter_errors(json.loads(BODY)))


DOCUMENT = json.loads(BODY)


def rows() -> list[Row]:
    """Measure the path with and without parsing, each beside its floor."""
    with log_to_nowhere() as invocation:
        delivery = parsed()
        path, check, whole, least = in_turns(
            ROUNDS,
            _cpu(lambda: decided(delivery, invocation)),
            _cpu(checked_by_the_library),
            _cpu(lambda: decided(parsed(), invocation)),
            _cpu(parsed_and_checked),
        )
    alone = Comparison("CPU per message, pure path", "µs", path, "the library's schema check alone", check)
    parsing = Comparison("CPU per message, with parsing", "µs", whole, "json and that check alone", least)
    return [Limit(alone, goal=60), parsing]


def _cpu(work: Callable[[], None]) -> Callable[[], float]:
    def once() -> float:
        began = time.process_time()
        for _ in range(MESSAGES):
            work()
        return (time.process_time() - began) / MESSAGES * 1e6

    return once


if __name__ == "__main__":
    output.results().print(table(rows()))
