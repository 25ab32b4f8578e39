"""Fixtures: an authority, whom the function trusts, how servers speak, an MNS, and pauses that take no time."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from handler import invocation
from tests.support.certificates import Authority, trusting
from tests.support.clock import JumpingClock
from tests.support.prepared_mns import PreparedMns, prepared_mns


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Return an authority that no client trusts unless a test makes it."""
    return Authority.create(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def trusted(authority: Authority) -> Iterator[Authority]:
    """Make the function trust the authority."""
    with trusting(authority.file):
        yield authority


@pytest.fixture(params=["plain", "TLS"])
def tls(request: pytest.FixtureRequest, trusted: Authority, tmp_path: Path) -> ssl.SSLContext | None:
    """Return how the server speaks: without TLS, and with a trusted certificate."""
    return trusted.server(tmp_path) if request.param == "TLS" else None


@pytest.fixture(scope="module")
def running_mns() -> Iterator[PreparedMns]:
    """Run a local MNS for all tests of the module."""
    with prepared_mns() as furnished:
        yield furnished


@pytest.fixture
def mns(running_mns: PreparedMns) -> PreparedMns:
    """Return the local MNS without leftovers of other tests."""
    running_mns.reset()
    return running_mns


@pytest.fixture
def pauses_end_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the function's pauses take no time, and its deadlines come as if they had."""
    clock = JumpingClock()
    monkeypatch.setattr(invocation, "SystemClock", lambda: clock)
