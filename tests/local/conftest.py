"""The emulators that the tests of this folder share."""

from collections.abc import Iterator

import pytest

from express_sync.local.account import LOCAL_ACCOUNT
from tests.local.mns_client import RawClient, document
from tests.local.mns_server import RunningMns, running_mns
from tests.local.sgw_support import RunningSgw


@pytest.fixture
def mns() -> Iterator[RunningMns]:
    """Run a local MNS for one test."""
    with running_mns() as running:
        yield running


@pytest.fixture
def client(mns: RunningMns) -> Iterator[RawClient]:
    """Return a raw client of that MNS, with the user's key."""
    raw = RawClient(mns.server.port, LOCAL_ACCOUNT.user)
    yield raw
    raw.close()


@pytest.fixture
def topic(client: RawClient) -> RawClient:
    """Return the client, with a queue q and a topic t."""
    client.create_queue("q")
    client.call("PUT", "/topics/t", document("Topic"))
    return client


@pytest.fixture(scope="module")
def shared_client() -> Iterator[RawClient]:
    """Return a raw client of an MNS that the tests of a module share; they leave nothing in it."""
    with running_mns() as running:
        raw = RawClient(running.server.port, LOCAL_ACCOUNT.user)
        yield raw
        raw.close()


@pytest.fixture(scope="module")
def running_sgw() -> Iterator[RunningSgw]:
    """Run a local gateway for the tests of a module."""
    with RunningSgw() as running:
        yield running


@pytest.fixture
def sgw(running_sgw: RunningSgw) -> RunningSgw:
    """Return that gateway without groups, faults and calls."""
    running_sgw.reset()
    return running_sgw
