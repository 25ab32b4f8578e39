"""Fixtures of the tests of both clients: a certificate authority, whom the function trusts, and how servers speak."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from handler.transport import connector
from tests.support.certificates import Authority


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Return an authority that no client trusts unless a test makes it."""
    return Authority.create(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[Authority]:
    """Make the function trust the authority."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    connector._tls.cache_clear()
    yield authority
    connector._tls.cache_clear()


@pytest.fixture(params=["plain", "TLS"])
def tls(request: pytest.FixtureRequest, trusted: Authority, tmp_path: Path) -> ssl.SSLContext | None:
    """Return how the server speaks: without TLS, and with a trusted certificate."""
    return trusted.server(tmp_path) if request.param == "TLS" else None
