"""Kills between receiving and deleting: no event is lost, and none is counted twice."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from express_sync.local.cloud import CloudOptions, RunningCloud, background
from tests.portal.killed_receiver import STEPS
from tests.support.checkout import ROOT
from tests.support.patience import PATIENCE_SECONDS
from tests.support.portal import migrated, sqlite_url
from tests.support.portal_outcomes import QUEUE, assert_complete, fill_queue, hidden_messages_return

pytestmark = pytest.mark.long

EVENTS = 1000
KILLED, DONE = -9, 0


@pytest.fixture(scope="module")
def cloud() -> Iterator[RunningCloud]:
    with background(CloudOptions(with_function=False)) as running:
        yield running


def receive(url: str, cloud: RunningCloud, step: str, batch: int) -> int:
    """Run a receiver to its end, and return its exit code."""
    arguments = (url, cloud.ready["mns"]["endpoint"], step, str(batch))
    command = (sys.executable, "-m", "tests.portal.killed_receiver", *arguments)
    return subprocess.run(command, cwd=ROOT, check=False, timeout=PATIENCE_SECONDS).returncode


def test_kill_at_any_step_loses_and_doubles_nothing(cloud: RunningCloud, tmp_path: Path) -> None:
    url = sqlite_url(tmp_path)
    database = migrated(url)
    fill_queue(cloud, EVENTS)
    for batch, step in enumerate(STEPS, start=2):
        assert receive(url, cloud, step, batch) == KILLED
        hidden_messages_return(cloud)
    assert receive(url, cloud, "none", 0) == DONE
    assert_complete(database, EVENTS)
    left = urllib3.request("GET", f"{cloud.ready['mns']['endpoint']}/_local/queues/{QUEUE}").json()
    assert left["messages"] == []
    database.close()
