"""How the wait for a stack looks, and how it ends when nobody waits any longer. Must not know what was begun."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.table import Column

from express_sync.ops.deployment.location import Site
from express_sync.ops.deployment.messages import goes_on
from express_sync.ops.deployment.stack import Event
from express_sync.ops.terminal import output
from express_sync.ops.terminal.errors import ExitCode, exit_with


@contextmanager
def events(what: str, total: int) -> Iterator[Callable[[Event], None]]:
    """Give what tells an event: a line for each, and a bar that fills as `total` resources come to their end."""
    done: set[str] = set()
    with output.progress() as progress:
        task = progress.add_task(what, total=total)

        def tell(event: Event) -> None:
            reason = f"  {event.reason}" if event.state.endswith("_FAILED") else ""
            output.info(f"{event.time}  {event.resource:<26}  {event.state}{reason}")
            if event.state.endswith("_COMPLETE"):
                done.add(event.resource)
                progress.update(task, completed=min(len(done), total))

        yield tell


@contextmanager
def no_longer_than_wanted(site: Site) -> Iterator[None]:
    """End the command with a sentence if time runs out or Ctrl-C is pressed; the stack goes on either way."""
    try:
        yield
    except TimeoutError:
        output.notice(f"Time ran out. {goes_on(site)}")
        exit_with(ExitCode.OUT_OF_TIME)
    except KeyboardInterrupt:
        output.notice(goes_on(site))
        exit_with(ExitCode.INTERRUPTED)


@contextmanager
def uninterrupted(otherwise: str) -> Iterator[None]:
    """End the command with the sentence `otherwise` if Ctrl-C is pressed."""
    try:
        yield
    except KeyboardInterrupt:
        output.notice(f"Interrupted. {otherwise}")
        exit_with(ExitCode.INTERRUPTED)


def outputs(found: Mapping[str, str]) -> None:
    """The outputs of a stack as a table."""
    console = output.results()
    rows = ((output.printable(name), output.printable(value)) for name, value in sorted(found.items()))
    console.print(output.table(console, (Column("Output"), Column("Value", overflow="fold")), rows))
