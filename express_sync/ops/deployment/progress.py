"""Shows the progress of a stack operation, and ends the command after a timeout or an interrupt."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.table import Column

from express_sync.ops.deployment.location import StackLocation
from express_sync.ops.deployment.messages import still_running
from express_sync.ops.deployment.stack import Event
from express_sync.ops.terminal import output, tables
from express_sync.ops.terminal.errors import ExitCode, exit_with
from express_sync.ops.terminal.printable import printable
from express_sync.ops.terminal.progress_bar import progress_bar


@contextmanager
def event_printer(label: str, total: int) -> Iterator[Callable[[Event], None]]:
    """Yield a function that prints an event as a line and advances a bar of `total` resources."""
    done: set[str] = set()
    with progress_bar() as progress:
        task = progress.add_task(label, total=total)

        def on_event(event: Event) -> None:
            reason = f"  {event.reason}" if event.state.endswith("_FAILED") else ""
            output.info(f"{event.time}  {event.resource:<26}  {event.state}{reason}")
            if event.state.endswith("_COMPLETE"):
                done.add(event.resource)
                progress.update(task, completed=min(len(done), total))

        yield on_event


@contextmanager
def exit_when_waiting_ends(location: StackLocation) -> Iterator[None]:
    """End the command with a message after a timeout or Ctrl-C; ROS continues in both cases."""
    try:
        yield
    except TimeoutError:
        output.notice(f"The time limit was reached. {still_running(location)}")
        exit_with(ExitCode.OUT_OF_TIME)
    except KeyboardInterrupt:
        output.notice(still_running(location))
        exit_with(ExitCode.INTERRUPTED)


@contextmanager
def exit_on_interrupt(message: str) -> Iterator[None]:
    """End the command with a message after Ctrl-C."""
    try:
        yield
    except KeyboardInterrupt:
        output.notice(f"Interrupted. {message}")
        exit_with(ExitCode.INTERRUPTED)


def print_outputs(outputs: Mapping[str, str]) -> None:
    """Print the outputs of a stack as a table."""
    console = output.results()
    rows = ((printable(name), printable(value)) for name, value in sorted(outputs.items()))
    console.print(tables.table(console, (Column("Output"), Column("Value", overflow="fold")), rows))
