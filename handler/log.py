"""Log lines: one JSON object each, in one write, with the ids of its invocation, message and request.

Lines contain codes, counts and times, and no payload, secret or text of the API.
"""

import logging
import sys
from dataclasses import dataclass

import structlog
from structlog.typing import FilteringBoundLogger

from handler.faults import place_of
from handler.outcome import Outcome
from handler.provisioning.retry import ApiCall

Logger = FilteringBoundLogger


def configure(level: str) -> None:
    """Write lines of `level` and above to standard output, which the runtime collects."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.WriteLoggerFactory(sys.stdout),
    )


def invocation_log(invocation_id: str) -> Logger:
    """Return a logger bound to the invocation, by the request id of Function Compute."""
    logger: Logger = structlog.get_logger(request_id=invocation_id)
    return logger


@dataclass(frozen=True, slots=True)
class DeliveryLog:
    """The log of one delivery: each call, the verdict, and faults."""

    log: Logger

    @staticmethod
    def of(invocation: Logger, message_id: str, request_id: str | None, traceparent: str = "") -> "DeliveryLog":
        """Return the log of one delivery; `request_id` is None if the message has no usable requestId."""
        trace = {"traceparent": traceparent} if traceparent else {}
        return DeliveryLog(invocation.bind(message_id=message_id, requestId=request_id, **trace))

    def call(self, call: ApiCall) -> None:
        """Log one call of the API and the wait after it."""
        self.log.info(
            "called",
            operation=call.operation,
            attempt=call.number,
            took_ms=round(call.took_seconds * 1000),
            wait_seconds=call.wait_seconds and round(call.wait_seconds, 3),
            code=call.code,
            api_request_id=getattr(call.result, "api_request_id", ""),
        )

    def published(self, outcome: Outcome) -> None:
        """Log the verdict, once its outcome is published."""
        error = outcome.event["data"].get("error", {})
        self.log.info("announced", **_named(outcome), code=error.get("code"))

    def not_published(self, outcome: Outcome, code: str) -> None:
        """Log an outcome that the topic did not accept; its request is requeued."""
        self.log.error("unpublished", **_named(outcome), code=code)

    def not_settled(self, outcome: Outcome, code: str) -> None:
        """Log a delivery that has to come back: its request could not be requeued either."""
        self.log.error("unfinished", **_named(outcome), code=code)

    def crashed(self, fault: Exception) -> None:
        """Log a fault of the function itself: its type and place, without its text."""
        self.log.error("handler fault", code=type(fault).__name__, place=place_of(fault))


def _named(outcome: Outcome) -> dict[str, str]:
    data = outcome.event["data"]
    return {"status": outcome.status, "event_id": outcome.event["id"], "submission_id": data["submissionId"]}
