"""Sends the deliveries that are due: each endpoint has a thread of its own, so that none waits for another's."""

import logging
import random
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from express_sync.portal.clock import Clock
from express_sync.portal.outbox_worker import OutboxWorker
from express_sync.portal.store.database import Database
from express_sync.portal.webhooks import outbox
from express_sync.portal.webhooks.endpoint import Endpoint
from express_sync.portal.webhooks.http import Attempt, Poster
from express_sync.portal.webhooks.outbox import Delivery
from express_sync.portal.webhooks.schedule import Uniform, next_delay_ms

LOGGER = logging.getLogger(__name__)
BATCH = 8  # deliveries to one endpoint at the same time


@dataclass(slots=True)
class Dispatcher(OutboxWorker):
    """Sends the deliveries to one endpoint until it is stopped."""

    endpoint: Endpoint
    database: Database
    poster: Poster
    clock: Clock
    uniform: Uniform = random.SystemRandom().uniform
    attempts: "Counter[str]" = field(default_factory=Counter)  # by result: accepted, or a code

    def run(self) -> None:
        """Send what is due until it is stopped."""
        with ThreadPoolExecutor(BATCH, thread_name_prefix="portal-webhook") as pool:
            self.repeat(lambda: self.step(pool))

    def step(self, pool: ThreadPoolExecutor) -> int:
        """Send the deliveries that are due, at most a batch, and return their number. Errors of the database."""
        with self.database.reading() as connection:
            due_at = outbox.next_due_ms(connection, self.endpoint.name)
        if due_at is None or due_at > self.clock():
            return 0
        with self.database.writing() as connection:
            leased = outbox.lease(connection, self.endpoint.name, BATCH, self.clock())
        for _ in pool.map(self._deliver, leased):
            pass
        return len(leased)

    def _deliver(self, delivery: Delivery) -> None:
        attempt = self.poster.post(self.endpoint, delivery.webhook_id, delivery.body)
        self.attempts["accepted" if attempt.is_accepted else attempt.code] += 1
        if not attempt.is_accepted:
            place = (self.endpoint.name, delivery.webhook_id, delivery.tries, attempt.code)
            LOGGER.warning("Webhook %s did not accept %s in attempt %d (%s).", *place)
        self._record(delivery, attempt)

    def _record(self, delivery: Delivery, attempt: Attempt) -> None:
        delay = next_delay_ms(delivery.tries, attempt.asked_seconds, self.uniform)
        with self.database.writing() as connection:
            now = self.clock()
            if attempt.is_accepted:
                outbox.accept(connection, delivery)
            elif attempt.is_gone:
                outbox.disable(connection, self.endpoint, attempt.code, now)
            else:
                outbox.postpone(connection, delivery, attempt.code, None if delay is None else now + delay)


def dispatchers(endpoints: Sequence[Endpoint], database: Database, clock: Clock) -> list[Dispatcher]:
    """Return a dispatcher for each endpoint."""
    poster = Poster()
    return [Dispatcher(each, database, poster, clock) for each in endpoints]
