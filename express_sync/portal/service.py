"""The composition of the portal: database, receiver, sender and HTTP server, which start and stop together."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from express_sync.portal.api.app import create_app
from express_sync.portal.api.documents import event_text
from express_sync.portal.api.guard import Names
from express_sync.portal.clock import Clock, now_ms
from express_sync.portal.notification import Changed
from express_sync.portal.pages.local_cloud import LocalCloud
from express_sync.portal.pages.routes import page_routes
from express_sync.portal.parts import Portal
from express_sync.portal.principal import Authenticate
from express_sync.portal.receiving import Mailbox, Receiver
from express_sync.portal.sending import RequestQueue, Sender
from express_sync.portal.server import Server, listen
from express_sync.portal.store.database import Database, database_url
from express_sync.portal.store.log import Log
from express_sync.portal.store.migrating import cursor_key, migrate
from express_sync.portal.tail import Tail
from express_sync.portal.webhooks.dispatcher import dispatchers
from express_sync.portal.webhooks.endpoint import Endpoint
from express_sync.portal.webhooks.outbox import Enqueue
from express_sync.request_guard import is_loopback


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a portal.

    `source` is that of all outcomes, empty to accept any; `public_url` is where users reach it, if not at its address;
    `local_cloud` has the endpoints of the services `mns`, `sgw` and `fc` of a local cloud, which the pages then show.
    """

    database: str
    source: str = ""
    host: str = "127.0.0.1"
    port: int = 0
    public_url: str = ""
    local_cloud: Mapping[str, str] = field(default_factory=dict)
    webhooks: Sequence[Endpoint] = ()


@contextmanager
def running(
    settings: Settings,
    outcomes: Mailbox,
    requests: RequestQueue,
    authenticate: Authenticate,
    clock: Clock = now_ms,
) -> Iterator[str]:
    """Run a portal for the length of the context, and give its URL.

    OSError if the port is taken, DatabaseUrlError, or an error of the database.
    """
    database = Database(database_url(settings.database))
    try:
        migrate(database)
        portal = _portal(settings, database, outcomes, requests, clock)
        with _serving(settings, portal, authenticate) as url, _working(portal):
            yield url
    finally:
        database.close()


def _portal(settings: Settings, database: Database, outcomes: Mailbox, requests: RequestQueue, clock: Clock) -> Portal:
    changed = Changed()
    webhooks = dispatchers(settings.webhooks, database, clock)

    def appended() -> None:
        changed.notify()
        for dispatcher in webhooks:
            dispatcher.wake()

    log = Log(Enqueue(settings.webhooks))
    with database.reading() as connection:
        key = cursor_key(connection)
    return Portal(
        database=database,
        sender=Sender(requests, database, clock, changed.notify),
        receiver=Receiver(outcomes, database, log, settings.source, clock, appended),
        changed=changed,
        tail=Tail(database, changed, event_text),
        webhooks=webhooks,
        cursor_key=key,
        clock=clock,
    )


@contextmanager
def _serving(settings: Settings, portal: Portal, authenticate: Authenticate) -> Iterator[str]:
    listener = listen(settings.host, settings.port)
    port = listener.getsockname()[1]
    own = f"http://{f'[{settings.host}]' if ':' in settings.host else settings.host}:{port}"
    pages = page_routes(LocalCloud(settings.local_cloud) if settings.local_cloud else None)
    app = create_app(portal, authenticate, names_of(settings, port), pages)
    server = Server(app, listener, portal.changed.bind)
    server.start()
    try:
        yield settings.public_url.rstrip("/") or own
    finally:
        portal.changed.close()
        server.stop()


def names_of(settings: Settings, port: int) -> Names:
    """Return the names of the service: those of its public URL, on loopback those of this machine, else any."""
    if settings.public_url:
        origin = settings.public_url.rstrip("/").lower()
        return Names(frozenset({origin.partition("://")[2]}), frozenset({origin}))
    if is_loopback(settings.host):
        hosts = frozenset(f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]"))
        return Names(hosts, frozenset(f"http://{host}" for host in hosts))
    return Names()


@contextmanager
def _working(portal: Portal) -> Iterator[None]:
    """Run the receiver, the sender and the webhooks in threads of their own."""
    workers = (portal.sender, *portal.webhooks)
    threads = [threading.Thread(target=each.run, name="portal-sender", daemon=True) for each in workers]
    for thread in threads:
        thread.start()
    threading.Thread(target=portal.receiver.run, name="portal-receiver", daemon=True).start()
    try:
        yield
    finally:
        portal.receiver.stop()
        for worker in workers:
            worker.stop()
        for thread in threads:
            thread.join()
