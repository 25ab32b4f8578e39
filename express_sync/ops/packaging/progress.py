"""Shows the progress of a build as a bar with the current step."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from express_sync.ops.packaging.package import STEPS
from express_sync.ops.terminal.progress_bar import progress_bar


@contextmanager
def step_bar() -> Iterator[Callable[[str], None]]:
    """Yield a function that shows the given step of a build."""
    with progress_bar() as bar:
        task = bar.add_task("", total=len(STEPS))

        def on_step(step: str) -> None:
            bar.update(task, description=step, completed=STEPS.index(step))

        yield on_step
