"""A build as people see it: a bar that names the step under way. Must not know what a step does."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from express_sync.ops.packaging.package import STEPS
from express_sync.ops.terminal import output


@contextmanager
def steps_shown() -> Iterator[Callable[[str], None]]:
    """What a build is to tell its steps to, so that they are seen."""
    with output.progress() as bar:
        task = bar.add_task("", total=len(STEPS))

        def told(step: str) -> None:
            bar.update(task, description=step, completed=STEPS.index(step))

        yield told
