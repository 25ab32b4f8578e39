"""How the drill looks: headings, a table that is seen to change, the commands that an operator types.

Knows courses; it must not know the story or any cloud.
"""

import contextlib
import io
import shlex
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone

from rich.console import Console, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Column, Table
from rich.text import Text

from express_sync.ops.demo.outage.history import Course
from express_sync.ops.terminal import output


class Screen:
    """Standard output; a silent one shows nothing, for scripts that want their own lines only."""

    def __init__(self, *, is_silent: bool) -> None:
        self._is_silent = is_silent

    def act(self, title: str, *sentences: str) -> None:
        """Begin an act."""
        if not self._is_silent:
            output.print_line(Text(f"\n{title}", style="bold"))
        self.say(*sentences)

    def say(self, *sentences: str) -> None:
        """Tell a part of the story, a line for each sentence unless it has to be folded."""
        if not self._is_silent:
            for sentence in sentences:
                output.results().print(Text(output.printable(sentence)))

    @contextlib.contextmanager
    def watching(self, courses: Sequence[Course]) -> Iterator[None]:
        """A table of the courses: on a terminal it changes with them, elsewhere it is printed in the end."""
        console = output.results()
        spinner = Spinner("dots", style="dim")
        with contextlib.ExitStack() as stack:
            if console.is_terminal and not self._is_silent:
                seen = Live(get_renderable=lambda: _table(courses, console, spinner), console=console)
                stack.enter_context(seen)
            yield
        if not (console.is_terminal or self._is_silent):
            console.print(_table(courses, console, spinner))

    def typed(self, words: Sequence[str], run: Callable[[], object]) -> None:
        """Show a command as it is typed, then run it with whatever it prints."""
        self.say("")
        if not self._is_silent:
            output.print_line(Text(f"$ {shlex.join(words)}", style="bold cyan"))
        with contextlib.redirect_stdout(io.StringIO()) if self._is_silent else contextlib.nullcontext():
            run()


def _table(courses: Sequence[Course], console: Console, spinner: Spinner) -> Table:
    now = datetime.now(timezone.utc)
    columns = (
        Column("Request", no_wrap=True),
        Column("Group", no_wrap=True),
        Column("Verdict", min_width=9),
        Column("Deferred"),
        Column("Next try, or time taken", min_width=23),
    )
    return output.table(console, columns, (_cells(course, now, spinner) for course in courses))


def _cells(course: Course, now: datetime, spinner: Spinner) -> tuple[RenderableType, ...]:
    named = course.request["requestId"], course.request["name"]
    last = course.last
    if last is None:
        return *named, spinner if course.is_sent else "", "", ""
    error = f" ({output.printable(last.error_code)})" if last.error_code else ""
    return *named, output.status(last.status), _times(course.deferrals), f"{_when(course, now)}{error}"


def _times(count: int) -> str:
    return ("", "once", "twice")[count] if count < 3 else f"{count} times"


def _when(course: Course, now: datetime) -> str:
    seconds = course.seconds_to_next(now)
    if seconds is None:
        return output.duration(course.elapsed_ms)
    return f"in {seconds:.0f} s" if seconds >= 0.5 else "now"
