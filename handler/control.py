"""Control commands to the function itself, from a direct call or a timer: `{"control": {"drain": "deadLetters"}}`.

A command counts only as the whole event, or as the payload of a timer; in a message of a queue it is a request like any
other, and an invalid one. A topic's trigger in the format STREAM hands over bodies that look like whole events;
template.yml has no such trigger.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from handler.config import PREFIX, Settings
from handler.drain import Process, QueueDrain
from handler.inbound.strict_json import read_body, violations
from handler.provisioning.retry import Clock, Deadlines
from handler.smq.client import Smq
from handler.smq.senders import MAX_CALL_SECONDS

Drainable = Literal["requests", "deadLetters"]
_QUEUE_SETTINGS: Mapping[Drainable, str] = {"requests": "request_queue", "deadLetters": "dead_letter_queue"}


@dataclass(frozen=True, slots=True)
class DrainCommand:
    """Process the messages of a queue until it is empty or the time is up."""

    queue: Drainable


@dataclass(frozen=True, slots=True)
class InvalidCommand:
    """An invalid command; `why` explains it to the caller without echoing input."""

    why: str


Command = DrainCommand | InvalidCommand
_COMMANDS = InvalidCommand(f"A command is: drain, with {' or '.join(get_args(Drainable))}.")
_REPLAY_IS_GONE = InvalidCommand("The function does not replay failures. Use the command: express-sync replay.")


def parse(event: object) -> Command | None:
    """Return the command that an event is, or None for an event of another kind."""
    value = event
    if isinstance(event, Mapping) and "triggerName" in event and isinstance(event.get("payload"), str):
        value = read_body(event["payload"])
    if not isinstance(value, Mapping) or value.keys() != {"control"}:
        return None
    found = violations(value)
    if found:
        return InvalidCommand(f"The command {' and '.join(violation.message for violation in found)}.")
    return _parse(value["control"])


def _parse(control: object) -> Command:
    if not isinstance(control, Mapping):
        return _COMMANDS
    if control.keys() == {"drain"} and control["drain"] in get_args(Drainable):
        return DrainCommand(control["drain"])
    return _REPLAY_IS_GONE if control.keys() == {"replay"} else _COMMANDS


@dataclass(frozen=True, slots=True)
class ControlDispatcher:
    """Run control commands; `process` publishes the outcomes of deliveries."""

    settings: Settings
    smq: Smq
    process: Process
    clock: Clock

    def run(self, command: Command, deadlines: Deadlines) -> dict[str, Any]:
        """Return counts of what was done and the `code` of what ended it early; or `refused`, with a sentence."""
        if isinstance(command, InvalidCommand):
            return {"refused": command.why}
        setting = _QUEUE_SETTINGS[command.queue]
        queue = getattr(self.settings, setting)
        if not queue:
            return {"refused": f"The function needs the setting {PREFIX}{setting.upper()} for that."}
        summary = QueueDrain(self.smq.with_timeout(MAX_CALL_SECONDS), queue, self.process, self.clock).run(deadlines)
        counts = {"finished": summary.finished, "left": summary.left}
        return {**counts, "code": summary.code} if summary.code else counts
