"""Running emulators for the tests beside."""

from collections.abc import Iterator

import pytest

from express_sync.local.account import LOCAL_ACCOUNT
from tests.local.mns_client import RawClient
from tests.local.mns_server import RunningMns, running_mns


@pytest.fixture
def mns() -> Iterator[RunningMns]:
    """An MNS of the test's own."""
    with running_mns() as running:
        yield running


@pytest.fixture
def client(mns: RunningMns) -> Iterator[RawClient]:
    """A raw client of that MNS, with the user's key."""
    raw = RawClient(mns.server.port, LOCAL_ACCOUNT.user)
    yield raw
    raw.close()


@pytest.fixture(scope="module")
def shared_client() -> Iterator[RawClient]:
    """A raw client of an MNS that the module's tests share; for tests that leave nothing behind."""
    with running_mns() as running:
        raw = RawClient(running.server.port, LOCAL_ACCOUNT.user)
        yield raw
        raw.close()
