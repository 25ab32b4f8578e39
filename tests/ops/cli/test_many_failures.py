"""10,000 failures are listed and replayed in bounded memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from express_sync.local.cloud import CloudOptions, RunningCloud, background
from express_sync.ops.targets.registration import registering, state_directory
from tests.ops.cli.replay_support import failure, peak_kib
from tests.support.cli import CloudShell, Shell

pytestmark = pytest.mark.long

MANY = 10_000
FEW = 16
COMMANDS = (("failures", "list", "--json"), ("replay", "--json", "--yes", "--rate", "1000000"))
MAX_GROWTH_KIB = 40 * 1024  # the outcomes alone would take 80 MiB and more


@dataclass(frozen=True)
class ManyFailures:
    """A local cloud without a function, whose queues are filled directly because that is fast."""

    shell: CloudShell
    cloud: RunningCloud

    def put(self, numbers: Sequence[int]) -> None:
        """Put the failures of these requests into the failure queue."""
        queue, messages = self.shell.ready["mns"]["failureQueue"], self.cloud.cloud.messages

        async def send() -> None:
            for number in numbers:
                messages.queues.send(queue, failure(number, description="x" * 255))

        self.cloud.run(send())

    def count(self, role: str) -> int:
        """Return the number of messages in the queue with this role."""
        return sum(1 for _ in self.cloud.cloud.messages.queues.queue(self.shell.ready["mns"][role]))


@pytest.fixture
def failures(tmp_path: Path) -> Iterator[ManyFailures]:
    with (
        background(CloudOptions(with_function=False)) as cloud,
        registering(state_directory(tmp_path, {}), cloud.ready),
    ):
        yield ManyFailures(CloudShell(Shell(tmp_path, {}), cloud.ready, cloud), cloud)


def test_10000_failures_are_listed_and_replayed_in_little_memory(failures: ManyFailures) -> None:
    """Only message ids and receipt handles are kept in memory."""
    failures.put(range(FEW))
    few = [peak_kib(failures.shell, *command) for command in COMMANDS]
    assert (failures.count("failureQueue"), failures.count("requestQueue")) == (0, FEW)
    failures.put(range(FEW, FEW + MANY))
    many = [peak_kib(failures.shell, *command) for command in COMMANDS]
    assert (failures.count("failureQueue"), failures.count("requestQueue")) == (0, FEW + MANY)
    assert [lines for lines, _ in (*few, *many)] == [FEW, FEW, MANY, MANY]
    growth = [after - before for (_, before), (_, after) in zip(few, many, strict=True)]
    assert max(growth) < MAX_GROWTH_KIB, growth
