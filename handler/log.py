"""Log lines: one JSON object each, in one write, with the ids that tie it to its invocation, message and request.

Lines say codes, counts and times; no payload, secret or text of the API ever reaches this module.
"""

import logging
import sys
from dataclasses import dataclass

import structlog
from structlog.typing import FilteringBoundLogger

from handler.insist import Attempt
from handler.model import Created, Refused, Seen
from handler.outcome import Outcome

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
    # Its lines quote URLs, and in those the request: warnings as well, where an answer's head cannot be read.
    logging.getLogger("urllib3").setLevel(logging.ERROR)


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
        code, api_request_id = _shown(attempt)
        self.log.info(
            "called",
            operation=attempt.operation,
            attempt=attempt.number,
            wait_seconds=attempt.wait_seconds and round(attempt.wait_seconds, 3),
            code=code,
            api_request_id=api_request_id,
        )

    def decided(self, outcome: Outcome) -> None:
        """The verdict, once it is announced."""
        error = outcome.event["data"].get("error", {})
        self.log.info("announced", status=outcome.status, event_id=outcome.event["id"], code=error.get("code"))

    def unfinished(self, outcome: Outcome, code: str) -> None:
        """A verdict that the topic, or a deferral that the queue did not accept; the delivery will come back."""
        self.log.error("unfinished", status=outcome.status, event_id=outcome.event["id"], code=code)

    def left(self) -> None:
        """A delivery that was not begun, because there was no time left to end it."""
        self.log.warning("left for redelivery")

    def failed(self, fault: Exception) -> None:
        """A fault of the function itself; its kind and place, never its text."""
        traceback = fault.__traceback__
        while traceback is not None and traceback.tb_next is not None:
            traceback = traceback.tb_next
        place = traceback and f"{traceback.tb_frame.f_globals.get('__name__')}:{traceback.tb_lineno}"
        self.log.error("handler fault", code=type(fault).__name__, place=place)


def _shown(attempt: Attempt) -> tuple[str, str]:
    match attempt.result:
        case Created(_, api_request_id):
            return "OK", api_request_id
        case Seen():
            return "OK", ""
        case Refused(code, _, api_request_id):
            return code, api_request_id
        case unanswered:
            return unanswered.code, ""
