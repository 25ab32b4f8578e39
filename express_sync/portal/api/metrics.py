"""Metrics in the text format of Prometheus, collected when they are asked for."""

from collections.abc import Iterable, Mapping

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from express_sync.portal.api.context import operators_only
from express_sync.portal.parts import Portal
from express_sync.portal.store import feed, outbox
from express_sync.portal.store.queries import status_counts
from express_sync.portal.webhooks import outbox as webhook_outbox


@operators_only
async def show_metrics(request: Request) -> Response:
    """Return the metrics of this process and of the store."""
    text = await run_in_threadpool(generate_latest, request.app.state.registry)
    return Response(text, media_type=CONTENT_TYPE_LATEST)


class PortalCollector(Collector):
    """Reads the metrics of a portal; those with a status are of the whole store, the others of this process."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def describe(self) -> Iterable[Metric]:
        """Return nothing, so that registering reads no database."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Yield the present values."""
        with self._portal.database.reading() as connection:
            counts = status_counts(connection)
            waiting, position = outbox.size(connection), feed.position(connection)
            deliveries = webhook_outbox.counts(connection)
        requests = GaugeMetricFamily("express_sync_portal_requests", "Requests by status.", labels=["status"])
        for status, count in counts.items():
            requests.add_metric([status], count)
        yield requests
        yield GaugeMetricFamily("express_sync_portal_outbox", "Messages that are to be sent.", waiting)
        yield GaugeMetricFamily("express_sync_portal_position", "The last position of the log.", position)
        yield GaugeMetricFamily("express_sync_portal_streams", "Open event streams.", self._portal.tail.followers)
        received = CounterMetricFamily(
            "express_sync_portal_received", "Received messages by result.", labels=["result"]
        )
        done = self._portal.receiver.counts
        results = {"appended": done.appended, "repeated": done.repeated, "quarantined": done.quarantined}
        for result, number in results.items():
            received.add_metric([result], number)
        yield received
        yield CounterMetricFamily("express_sync_portal_receiver_errors", "Errors of the receiver.", done.errors)
        yield from self._webhooks(deliveries)

    def _webhooks(self, counts: Mapping[tuple[str, str], int]) -> Iterable[Metric]:
        labels = ["endpoint", "state"]
        kept = GaugeMetricFamily("express_sync_portal_webhooks", "Deliveries that are not accepted.", labels=labels)
        for (endpoint, state), number in counts.items():
            kept.add_metric([endpoint, state], number)
        yield kept
        attempts = CounterMetricFamily(
            "express_sync_portal_webhook_attempts", "Attempts to deliver by result.", labels=["endpoint", "result"]
        )
        for dispatcher in self._portal.webhooks:
            for result, number in dict(dispatcher.attempts).items():
                attempts.add_metric([dispatcher.endpoint.name, result], number)
        yield attempts


def new_registry(portal: Portal) -> CollectorRegistry:
    """Return a registry with the metrics of a portal."""
    registry = CollectorRegistry()
    registry.register(PortalCollector(portal))
    return registry


class Measured:
    """Counts responses by route and status."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self._app = app
        self._responses = Counter(
            "express_sync_portal_responses", "Responses by route and status.", ["route", "status"], registry=registry
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def counting(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("endpoint"), "__name__", "none")
                self._responses.labels(route, str(message["status"])).inc()
            await send(message)

        await self._app(scope, receive, counting)
