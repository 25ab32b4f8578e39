"""How many TLS handshakes an instance makes: the whole function against a local cloud over TLS."""

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from express_sync.local.cloud import CloudOptions, RunningCloud, background
from handler import entry
from handler.entry import handle
from handler.transport import connector
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
