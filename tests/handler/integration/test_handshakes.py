"""When an instance connects, and how many handshakes it makes: the whole function against a local cloud over TLS."""

import json
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from express_sync.local.cloud import CloudOptions, RunningCloud, background
from handler import entry
from handler.entry import handle
from handler.transport import connector
from handler.transport.pool import Connections
from tests.handler.integration.test_entry import batch, context_310, document

CONCURRENCY, BATCHES, MESSAGES = 4, 6, 16
NAMES = count()


@pytest.fixture
def secure(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningCloud]:
    """Run a cloud over TLS, and give this process the environment of its function."""
    with background(CloudOptions(tls=True, with_function=False)) as running:
        environment: dict[str, Any] = {
            **running.cloud.deployment.function.environment,
            "EXPRESS_SYNC_MNS_ENDPOINT": running.ready["mns"]["endpoint"],
            "EXPRESS_SYNC_SGW_ENDPOINT": running.ready["sgw"]["endpoint"],
            "EXPRESS_SYNC_CONCURRENCY": str(CONCURRENCY),
            "SSL_CERT_FILE": running.ready["caFile"],
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        connector._tls.cache_clear()
        entry._settings.cache_clear()
        yield running
        connector._tls.cache_clear()
        entry._settings.cache_clear()


def test_instance_makes_two_handshakes_for_each_lane_at_most(secure: RunningCloud) -> None:
    """One to each service for each message that is processed at the same time, however many messages follow."""
    made: list[int] = []
    secure.cloud.on_handshake(lambda: made.append(1))
    for _ in range(BATCHES):
        requests = [document(f"REQ-{next(NAMES)}") for _ in range(MESSAGES)]
        assert json.loads(handle(batch(*requests), context_310())) == {"settled": MESSAGES}
    assert 2 <= len(made) <= 2 * CONCURRENCY


def test_connections_are_opened_before_they_are_needed(secure: RunningCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """One to each service by a new instance, and one to MNS for each publication of a batch."""
    prepared: list[tuple[str, int]] = []
    monkeypatch.setattr(Connections, "prepare", lambda each, wanted: prepared.append((each.url, wanted)))
    sgw, mns = (secure.ready[service]["endpoint"] for service in ("sgw", "mns"))
    for _ in range(2):
        requests = [document(f"REQ-{next(NAMES)}") for _ in range(CONCURRENCY + 1)]
        assert json.loads(handle(batch(*requests), context_310())) == {"settled": len(requests)}
    assert prepared == [(sgw, 1), (mns, 1), (mns, CONCURRENCY), (mns, CONCURRENCY)]


def test_entry_is_imported_without_the_libraries() -> None:
    """They are imported at the first event, while connections are opened."""
    program = "import sys, handler.entry; print(*sorted({'jsonschema', 'mns', 'structlog'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout == b"\n"
