"""Log lines: one JSON object each, in one write, with the ids that tie it to its invocation, message and request.

Lines say codes, counts and times; no payload, secret or text of the API ever reaches this module.
"""

import logging
import sys
from dataclasses import dataclass

import structlog
from structlog.typing import FilteringBoundLogger

from handler.outcome import Outcome
from handler.provisioning.retry import Attempt

Logger = FilteringBoundLogger


def configure(level: str) -> None:
    """Write lines of `level` and above to standard output, which the runtime collects; once per instance."""
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
    """A logger bound to the invocation, under the request id that Function Compute gave it."""
    logger: Logger = structlog.get_logger(request_id=invocation_id)
    return logger


@dataclass(frozen=True, slots=True)
class Journal:
    """What is written down of one delivery: each call, the verdict, and faults."""

    log: Logger

    @staticmethod
    def of(invocation: Logger, message_id: str, request_id: str | None) -> "Journal":
        """The journal of one delivery; `requestId` as in the contract, None where the message holds no usable one."""
        return Journal(invocation.bind(message_id=message_id, requestId=request_id))

    def attempted(self, attempt: Attempt) -> None:
        """One call of the API and what follows."""
        self.log.info(
            "called",
            operation=attempt.operation,
            attempt=attempt.number,
            wait_seconds=attempt.wait_seconds and round(attempt.wait_seconds, 3),
            code=attempt.code,
            api_request_id=getattr(attempt.result, "api_request_id", ""),
        )

    def decided(self, outcome: Outcome) -> None:
        """The verdict, once it is announced."""
        error = outcome.event["data"].get("error", {})
        self.log.info("announced", **_named(outcome), code=error.get("code"))

    def unpublished(self, outcome: Outcome, code: str) -> None:
        """Log an outcome that the topic did not accept; its request is back in the queue."""
        self.log.error("unpublished", **_named(outcome), code=code)

    def unfinished(self, outcome: Outcome, code: str) -> None:
        """Log a delivery that has to come back: its request could not be sent back either."""
        self.log.error("unfinished", **_named(outcome), code=code)

    def failed(self, fault: Exception) -> None:
        """A fault of the function itself; its kind and place, never its text."""
        self.log.error("handler fault", code=type(fault).__name__, place=place_of(fault))


def place_of(fault: Exception) -> str | None:
    """Return the module and line that raised it, None for a fault that was never raised."""
    traceback = fault.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback and f"{traceback.tb_frame.f_globals.get('__name__')}:{traceback.tb_lineno}"


def _named(outcome: Outcome) -> dict[str, str]:
    data = outcome.event["data"]
    return {"status": outcome.status, "event_id": outcome.event["id"], "submission_id": data["submissionId"]}
