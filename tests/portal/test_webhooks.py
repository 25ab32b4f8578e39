"""Webhooks: what an endpoint receives, and what becomes of a delivery that it does not accept."""

import json
import socket
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from express_sync.portal.store.database import Database, database_url
from express_sync.portal.store.migrating import migrate
from express_sync.portal.webhooks import outbox
from express_sync.portal.webhooks.endpoint import Endpoint
from express_sync.portal.webhooks.schedule import DELAYS_SECONDS, MAX_TRIES, next_delay_ms
from tests.portal.webhook_receiver import OTHER_SECRET, SECRET, Receiver, receiving
from tests.portal.webhook_store import Store, failed, middle
from tests.support.patience import wait_for
from tests.support.portal import RunningPortal, event_id, outcome, running_portal, sqlite_url


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(sqlite_url(tmp_path))
    yield made
    made.database.close()


@pytest.fixture(scope="module")
def _receivers() -> Iterator[list[Receiver]]:
    with receiving(2) as receivers:
        yield receivers


@pytest.fixture
def receivers(_receivers: list[Receiver]) -> list[Receiver]:
    for each in _receivers:
        each.reset()
    return _receivers


@pytest.fixture
def receiver(receivers: list[Receiver]) -> Receiver:
    return receivers[0]


def test_outcome_is_delivered_to_an_endpoint_of_a_portal(tmp_path: Path, receiver: Receiver) -> None:
    """The endpoint verifies it with the official library, and the delivery is then forgotten."""
    event = failed("hooked")
    with running_portal(tmp_path, webhooks=(receiver.endpoint(),)) as portal:
        portal.queues.put(json.dumps(event))
        receiver.wait(1)
    assert receiver.deliveries[0][1] == event
    store = Store(sqlite_url(tmp_path))
    assert store.rows() == []
    store.database.close()


def test_metrics_count_attempts_and_kept_deliveries(tmp_path: Path, receiver: Receiver) -> None:
    receiver.statuses = [503]
    with running_portal(tmp_path, webhooks=(receiver.endpoint(),)) as portal:
        portal.queues.put(json.dumps(failed("refused")))
        wait_for(lambda: 'webhook_attempts_total{endpoint="hook",result="Http503"} 1.0' in metrics(portal))
        assert 'express_sync_portal_webhooks{endpoint="hook",state="pending"} 1.0' in metrics(portal)


def metrics(portal: RunningPortal) -> str:
    return portal.call("GET", "/metrics").text


def test_submission_alone_is_not_delivered(tmp_path: Path, receiver: Receiver) -> None:
    request = {"requestId": "sent", "name": "a", "bucketName": "bucket", "bucketRegion": "cn-hangzhou"}
    with running_portal(tmp_path, webhooks=(receiver.endpoint(),)) as portal:
        assert portal.call("POST", "/v1/requests", request).status == 202
        portal.queues.put(json.dumps(failed("other")))
        receiver.wait(1)
    assert receiver.subjects == {"other"}


def test_accepted_delivery_is_sent_once(store: Store, receiver: Receiver) -> None:
    endpoint = receiver.endpoint()
    store.append([endpoint], failed("one"))
    assert (store.send(endpoint), store.send(endpoint)) == (1, 0)
    assert len(receiver.ids) == 1


def test_repeated_event_is_delivered_once(store: Store, receiver: Receiver) -> None:
    endpoint = receiver.endpoint()
    for _ in range(3):
        store.append([endpoint], failed("one"), failed("one"))
    store.send(endpoint)
    assert len(receiver.ids) == 1


def test_endpoint_receives_the_statuses_it_wants(store: Store, receivers: list[Receiver]) -> None:
    some = receivers[0].endpoint("some", statuses=frozenset({"failed", "indeterminate"}))
    every = receivers[1].endpoint("every")
    names = ("succeeded", "rejected", "deferred", "failed", "indeterminate")
    store.append([some, every], *(outcome(name, name, id=event_id(name)) for name in names))
    store.send(some)
    store.send(every)
    assert [each.subjects for each in receivers] == [{"failed", "indeterminate"}, set(names)]


def test_delivery_is_signed_with_every_secret(store: Store, receiver: Receiver) -> None:
    """A receiver may have changed to the new secret or not."""
    endpoint = receiver.endpoint()
    rotating = Endpoint(endpoint.name, endpoint.url, (OTHER_SECRET, SECRET), is_private_allowed=True)
    store.append([rotating], failed("one"))
    store.send(rotating)
    assert len(receiver.ids) == 1


def test_text_of_a_stranger_is_delivered_unchanged(store: Store, receiver: Receiver) -> None:
    event = failed("</script>\U0001f4be\u2028相册\\u0000")
    endpoint = receiver.endpoint()
    store.append([endpoint], event)
    store.send(endpoint)
    assert receiver.deliveries[0][1] == event


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 429, 500, 503])
def test_delivery_is_sent_again_until_accepted(store: Store, receiver: Receiver, status: int) -> None:
    """A redirect is not followed; each attempt has the same id."""
    endpoint = receiver.endpoint()
    receiver.statuses, receiver.headers = [status, status], {"Location": f"{receiver.url}/elsewhere"}
    store.append([endpoint], failed("one"))
    for delay in DELAYS_SECONDS[:2]:
        assert store.send(endpoint) == 1
        assert store.due_in_seconds() == [delay]
        assert store.send(endpoint) == 0
        store.clock.advance(delay)
    assert store.send(endpoint) == 1
    assert store.rows() == []
    assert len(receiver.ids) == 3
    assert len(set(receiver.ids)) == 1


def test_endpoint_may_ask_for_a_longer_pause(store: Store, receiver: Receiver) -> None:
    endpoint = receiver.endpoint()
    receiver.statuses, receiver.headers = [429, 429], {"Retry-After": "100"}
    store.append([endpoint], failed("one"))
    store.send(endpoint)
    assert store.due_in_seconds() == [100]
    store.clock.advance(100)
    store.send(endpoint)
    assert store.due_in_seconds() == [DELAYS_SECONDS[1]]


def test_delays_grow_and_end() -> None:
    delays = [next_delay_ms(tries, 0, middle) for tries in range(1, MAX_TRIES + 1)]
    assert delays == [1000 * seconds for seconds in DELAYS_SECONDS] + [None]
    assert list(DELAYS_SECONDS) == sorted(DELAYS_SECONDS)
    assert 3 <= sum(DELAYS_SECONDS) / 86_400 < 4


def test_delay_is_jittered_and_bounded() -> None:
    assert next_delay_ms(2, 0, lambda low, _high: low) == 240_000
    assert next_delay_ms(2, 0, lambda _low, high: high) == 360_000
    assert next_delay_ms(1, float("inf"), middle) == 86_400_000


def test_delivery_that_is_never_accepted_ends_and_is_kept(store: Store, receiver: Receiver) -> None:
    endpoint = receiver.endpoint()
    receiver.statuses = [500] * (MAX_TRIES + 1)
    store.append([endpoint], failed("one"))
    while attempts := store.send(endpoint):
        assert attempts == 1
        store.clock.advance(100_000)
    [row] = store.rows()
    assert (row["state"], row["tries"], row["code"]) == ("exhausted", MAX_TRIES, "Http500")
    with store.database.writing() as connection:
        assert outbox.retry(connection, endpoint.name, store.clock()) == 1
    receiver.statuses = []
    assert store.send(endpoint) == 1
    assert store.rows() == []


def test_endpoint_that_is_gone_is_disabled(store: Store, receiver: Receiver) -> None:
    """Nothing more is sent until it is enabled, or has another URL."""
    endpoint = receiver.endpoint()
    receiver.statuses = [410]
    store.append([endpoint], failed("one"))
    store.send(endpoint)
    store.append([endpoint], failed("two"))
    store.clock.advance(1_000_000)
    assert store.send(endpoint) == 0
    assert [(row["state"], row["code"]) for row in store.rows()] == [("exhausted", "Http410")]
    moved = Endpoint(endpoint.name, endpoint.url + "&moved", (SECRET,), is_private_allowed=True)
    store.append([moved], failed("three"))
    assert store.send(moved) == 1
    assert receiver.subjects == {"one", "three"}


def test_retry_enables_an_endpoint(store: Store, receiver: Receiver) -> None:
    endpoint = receiver.endpoint()
    receiver.statuses = [410]
    store.append([endpoint], failed("one"))
    store.send(endpoint)
    with store.database.writing() as connection:
        outbox.retry(connection, endpoint.name, store.clock())
    store.append([endpoint], failed("two"))
    assert store.send(endpoint) == 2


def test_hanging_endpoint_ends_at_the_deadline(store: Store, receiver: Receiver) -> None:
    store.attempt_seconds = 0.3
    receiver.is_hanging = True
    endpoint = receiver.endpoint()
    store.append([endpoint], failed("one"))
    store.send(endpoint)
    [row] = store.rows()
    assert (row["state"], row["code"]) == ("pending", "Timeout")


def test_hanging_endpoint_does_not_delay_others(tmp_path: Path, receivers: list[Receiver]) -> None:
    hanging, prompt = receivers
    hanging.is_hanging = True
    endpoints = (hanging.endpoint("hanging"), prompt.endpoint("prompt"))
    with running_portal(tmp_path, webhooks=endpoints) as portal:
        portal.queues.put(json.dumps(failed("first")))
        hanging.wait(1)
        for number in range(20):
            portal.queues.put(json.dumps(failed(f"next-{number}")))
        prompt.wait(21)
        assert len(hanging.ids) < 21
        hanging.is_hanging = False
        portal.queues.put(json.dumps(failed("last")))


def test_closed_port_is_retried(store: Store) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = Endpoint("gone", f"http://127.0.0.1:{unused.getsockname()[1]}", (SECRET,), is_private_allowed=True)
        store.append([endpoint], failed("one"))
        store.send(endpoint)
    assert [row["code"] for row in store.rows()] == ["NotConnected"]


def test_log_has_no_payload_and_no_url(store: Store, receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    """A URL may contain a secret in its path."""
    endpoint = receiver.endpoint()
    receiver.statuses = [500]
    store.append([endpoint], failed("confidential"))
    store.send(endpoint)
    text = caplog.text + repr(endpoint)
    assert "Http500" in text
    assert "confidential" not in text
    assert "127.0.0.1" not in text
    assert SECRET not in text


def test_late_result_of_an_ended_lease_changes_nothing(store: Store, receiver: Receiver) -> None:
    """A sender that was stopped for longer than its lease finds that another one has the delivery."""
    endpoint = receiver.endpoint()
    store.append([endpoint], failed("one"))
    with store.database.writing() as connection:
        [stale] = outbox.lease(connection, endpoint.name, 8, store.clock())
    store.clock.advance(outbox.LEASE_MS / 1000)
    with store.database.writing() as connection:
        [current] = outbox.lease(connection, endpoint.name, 8, store.clock())
        outbox.postpone(connection, stale, "Timeout", store.clock())
        assert outbox.lease(connection, endpoint.name, 8, store.clock()) == []
    assert (stale.webhook_id, stale.tries, current.tries) == (current.webhook_id, 1, 2)


def test_signature_is_that_of_the_standard(receiver: Receiver) -> None:
    """The example of the specification."""
    webhook = Webhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), timezone.utc)
    assert webhook.sign(headers["webhook-id"], at, '{"test": 2432232314}') == headers["webhook-signature"]


def test_migrated_schema_has_the_tables_of_webhooks(tmp_path: Path) -> None:
    database = Database(database_url(sqlite_url(tmp_path)))
    migrate(database)
    migrate(database)
    with database.reading() as connection:
        assert outbox.counts(connection) == {}
    database.close()
