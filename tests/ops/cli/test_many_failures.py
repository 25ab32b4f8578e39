"""Ten thousand failures at once: listed and replayed in bounded memory, and none is lost."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from express_sync.local.cloud import CloudOptions, RunningCloud, background
from express_sync.ops.targets.registration import registering, state_directory
from tests.ops.cli.cli_support import Shell, Stand
from tests.ops.cli.replay_support import failure, peak_kib

MANY = 10_000
FEW = 16
COMMANDS = (("failures", "list", "--json"), ("replay", "--json", "--yes", "--rate", "1000000"))
MOST_GROWTH_KIB = 40 * 1024  # the outcomes alone would take 80 MiB and more


@dataclass(frozen=True)
class Crowd:
    """A stand without a function, and the queues behind it, which are filled from within because that is quick."""

    stand: Stand
    cloud: RunningCloud

    def put(self, numbers: Sequence[int]) -> None:
        """Let these requests fail."""
        queue, messages = self.stand.ready["mns"]["failureQueue"], self.cloud.cloud.messages

        async def send() -> None:
            for number in numbers:
                messages.queues.send(queue, failure(number, description="x" * 255))

        self.cloud.run(send())

    def count(self, role: str) -> int:
        """How many messages are in the queue of this role; their bodies stay there."""
        return sum(1 for _ in self.cloud.cloud.messages.queues.queue(self.stand.ready["mns"][role]))


@pytest.fixture
def crowd(tmp_path: Path) -> Iterator[Crowd]:
    with (
        background(CloudOptions(with_function=False)) as cloud,
        registering(state_directory(tmp_path), cloud.ready),
    ):
        yield Crowd(Stand(Shell(tmp_path, {}), cloud.ready, cloud), cloud)


def test_ten_thousand_failures_are_listed_and_replayed_in_bounded_memory(crowd: Crowd) -> None:
    """Ids and receipt handles are kept, not the outcomes; what is only looked at stays, what is replayed has moved."""
    crowd.put(range(FEW))
    few = [peak_kib(crowd.stand, *command) for command in COMMANDS]
    assert (crowd.count("failureQueue"), crowd.count("requestQueue")) == (0, FEW)
    crowd.put(range(FEW, FEW + MANY))
    many = [peak_kib(crowd.stand, *command) for command in COMMANDS]
    assert (crowd.count("failureQueue"), crowd.count("requestQueue")) == (0, FEW + MANY)
    assert [lines for lines, _ in (*few, *many)] == [FEW, FEW, MANY, MANY]
    growth = [after - before for (_, before), (_, after) in zip(few, many, strict=True)]
    assert max(growth) < MOST_GROWTH_KIB, growth
