"""Webhooks when a process is killed, and with two replicas on one PostgreSQL: at least once, never at the same time."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from express_sync.portal.webhooks import outbox
from tests.portal.webhook_receiver import Receiver, receiving
from tests.portal.webhook_store import Store, failed
from tests.support.checkout import ROOT
from tests.support.patience import wait_for
from tests.support.portal import sqlite_url
from tests.support.postgres import Postgres

DELIVERIES = 60


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as (running,):
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty database."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path)
    postgres: Postgres = request.getfixturevalue("postgres")
    return postgres.new_database()


def killed_at(point: str, url: str, receiver: Receiver) -> None:
    """Send what is due in another process, and kill it at the point."""
    command = (sys.executable, "-m", "tests.portal.webhook_child", url, receiver.url, point)
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as child:
        if point == "posted":
            receiver.wait(1)
        else:
            assert child.stdout is not None
            assert child.stdout.readline() == b"reached\n"
        child.kill()


# point -> how often the delivery arrives in all
POINTS = {"leased": 1, "posted": 2, "answered": 2}


@pytest.mark.parametrize("point", POINTS)
def test_delivery_survives_a_kill(receiver: Receiver, url: str, point: str) -> None:
    """After the lease another process sends it with the same id, and nothing remains."""
    store = Store(url)
    endpoint = receiver.endpoint()
    store.append([endpoint], failed("one"))
    receiver.is_hanging = point == "posted"
    killed_at(point, url, receiver)
    receiver.is_hanging = False
    assert store.send(endpoint) == 0  # the lease of the killed process still holds
    store.clock.advance(outbox.LEASE_MS / 1000)
    assert store.send(endpoint) == 1
    assert len(receiver.ids) == POINTS[point]
    assert len(set(receiver.ids)) == 1
    assert store.rows() == []
    store.database.close()


def test_replicas_never_send_a_delivery_at_the_same_time(receiver: Receiver, postgres: Postgres) -> None:
    """Each delivery is sent once, by one of four senders on two replicas."""
    url = postgres.new_database()
    stores = [Store(url), Store(url)]
    receiver.hold_seconds = 0.01
    endpoint = receiver.endpoint()
    stores[0].append([endpoint], *(failed(f"request-{number}") for number in range(DELIVERIES)))
    with ThreadPoolExecutor(4) as pool:
        sent = list(pool.map(lambda store: store.send(endpoint), stores * 2))
    assert sum(sent) == DELIVERIES
    assert len(receiver.ids) == len(set(receiver.ids)) == DELIVERIES
    assert receiver.overlapping == set()
    assert stores[1].rows() == []
    for store in stores:
        store.database.close()


def test_running_dispatchers_share_the_work(receiver: Receiver, postgres: Postgres) -> None:
    """A replica that starts later takes part."""
    stores = [Store(postgres.new_database())]
    stores.append(Store(stores[0].url))
    endpoint = receiver.endpoint()
    dispatchers = [store.dispatcher(endpoint) for store in stores]
    threads = [threading.Thread(target=each.run) for each in dispatchers]
    for thread in threads:
        thread.start()
    stores[0].append([endpoint], *(failed(f"request-{number}") for number in range(DELIVERIES)))
    for each in dispatchers:
        each.wake()
    receiver.wait(DELIVERIES)
    wait_for(lambda: not stores[0].rows())
    for each in dispatchers:
        each.stop()
    for thread in threads:
        thread.join()
    assert sum(each.attempts["accepted"] for each in dispatchers) == DELIVERIES == len(receiver.ids)
    for store in stores:
        store.database.close()
