"""The guard of the admin APIs: every path of every service refuses what a foreign web page could send."""

import contextlib
import http.client
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from starlette.routing import BaseRoute, Mount, Route

from express_sync.local.cloud import CloudOptions, RunningCloud, background
from express_sync.request_guard import guard
from tests.support.guarded_requests import FOREIGN_CONTENT, FOREIGN_REQUESTS, JSON
from tests.support.patience import PATIENCE_SECONDS

# service -> method and path of each admin operation; a test holds it against the routes that are served
ADMIN_PATHS = {
    "mns": (
        "POST /_local/faults",
        "GET /_local/faults",
        "DELETE /_local/faults",
        "GET /_local/calls",
        "GET /_local/pushes",
        "GET /_local/queues/{queue}",
        "POST /_local/reset",
    ),
    "sgw": (
        "POST /_local/faults",
        "GET /_local/faults",
        "DELETE /_local/faults",
        "GET /_local/calls",
        "GET /_local/groups",
        "POST /_local/groups",
        "POST /_local/reset",
    ),
    "fc": (
        "POST /_local/kill",
        "POST /_local/reset",
        "GET /_local/invocations",
        "GET /_local/logs",
        "GET /_local/state",
        "POST /_local/restart",
        "GET /_local/trigger",
        "POST /_local/timer",
    ),
}
EACH = [(service, *each.split()) for service, paths in ADMIN_PATHS.items() for each in paths]


@pytest.fixture(scope="module")
def cloud() -> Iterator[RunningCloud]:
    with background(CloudOptions()) as running:
        yield running


def send(
    cloud: RunningCloud, service: str, method: str, path: str, headers: Mapping[str, str], body: str = ""
) -> tuple[int, Any]:
    """Send a request with exactly these headers, and Host unless it is given."""
    host, _, port = cloud.ready[service]["endpoint"].removeprefix("http://").partition(":")
    with contextlib.closing(http.client.HTTPConnection(host, int(port), timeout=PATIENCE_SECONDS)) as connection:
        connection.putrequest(method, path.format(queue="requests"), skip_host="Host" in headers)
        for name, value in {**headers, **({"Content-Length": str(len(body))} if body else {})}.items():
            connection.putheader(name, value)
        connection.endheaders(body.encode())
        response = connection.getresponse()
        content = response.read()
        return response.status, json.loads(content) if response.headers["Content-Type"] == JSON else content


def admin_routes(routes: list[BaseRoute], prefix: str = "") -> Iterator[str]:
    """Yield METHOD PATH of each route below `/_local`."""
    for route in routes:
        if isinstance(route, Mount):
            yield from admin_routes(route.routes, prefix + route.path)
        elif isinstance(route, Route) and (prefix + route.path).startswith("/_local"):
            yield from (f"{method} {prefix}{route.path}" for method in (route.methods or ()) if method != "HEAD")


@pytest.mark.parametrize("service", ADMIN_PATHS)
def test_list_of_admin_paths_is_complete(cloud: RunningCloud, service: str) -> None:
    app: Any = cloud.cloud._servers.by_service[service]._app
    assert sorted(admin_routes(app._app.routes)) == sorted(ADMIN_PATHS[service])


@pytest.mark.parametrize(("service", "method", "path"), EACH)
def test_foreign_page_is_refused(cloud: RunningCloud, service: str, method: str, path: str) -> None:
    for case, (headers, status, message) in FOREIGN_REQUESTS.items():
        answer, document = send(cloud, service, method, path, {**headers, "Content-Type": JSON}, "{}")
        assert (answer, document["message"].startswith(message)) == (status, True), case


@pytest.mark.parametrize(
    ("service", "method", "path"), [(service, method, path) for service, method, path in EACH if method != "GET"]
)
def test_body_other_than_json_is_refused(cloud: RunningCloud, service: str, method: str, path: str) -> None:
    for content in FOREIGN_CONTENT:
        headers = {"Content-Type": content} if content else {}
        status, document = send(cloud, service, method, path, headers, '{"faults": ["InternalError"]}')
        assert (status, document["message"][:20]) == (415, "a body must be JSON "), content


def test_chunked_body_other_than_json_is_refused(cloud: RunningCloud) -> None:
    host = cloud.ready["sgw"]["endpoint"].removeprefix("http://")
    with contextlib.closing(http.client.HTTPConnection(host, timeout=PATIENCE_SECONDS)) as connection:
        connection.request("POST", "/_local/reset", iter([b"{}"]), encode_chunked=True)
        assert connection.getresponse().status == 415


@pytest.mark.parametrize("path", ["/%5Flocal/reset", "/_loca%6C/reset"])
def test_encoded_path_is_guarded(cloud: RunningCloud, path: str) -> None:
    assert send(cloud, "sgw", "POST", path, {"Host": "attacker.example"})[0] == 403


def test_refused_fault_is_not_queued(cloud: RunningCloud) -> None:
    body = '{"operation": "CreateExpressSync", "faults": ["InternalError"]}'
    assert send(cloud, "sgw", "POST", "/_local/faults", {"Origin": "https://a.example"}, body)[0] == 403
    assert send(cloud, "sgw", "GET", "/_local/faults", {}) == (200, [])


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:{port}", "127.0.0.1:{port}", "[::1]:{port}", "127.8.8.8"])
def test_loopback_host_is_accepted(cloud: RunningCloud, host: str) -> None:
    port = cloud.ready["fc"]["endpoint"].rpartition(":")[2]
    assert send(cloud, "fc", "GET", "/_local/state", {"Host": host.format(port=port)})[0] == 200


def test_own_page_is_accepted(cloud: RunningCloud) -> None:
    endpoint = cloud.ready["fc"]["endpoint"]
    headers = {"Origin": endpoint, "Sec-Fetch-Site": "same-origin", "Content-Type": f"{JSON}; charset=utf-8"}
    status, document = send(cloud, "fc", "POST", "/_local/kill", headers, "{}")
    assert (status, [*document]) == (200, ["killed"])  # a timer may have started an instance


def test_call_without_a_body_needs_no_content_type(cloud: RunningCloud) -> None:
    assert send(cloud, "sgw", "POST", "/_local/reset", {})[0] == 200


@pytest.mark.parametrize("name", [b"host", b"origin", b"sec-fetch-site", b"content-type", b"Host"])
def test_repeated_header_is_refused(name: bytes) -> None:
    """A proxy and a server may each read another of the two."""
    refusal = guard("GET", [(b"host", b"localhost"), (name.lower(), b"localhost"), (name, b"localhost")])
    assert refusal is not None
    assert refusal.status == 400


def test_request_without_a_host_is_refused() -> None:
    refusal = guard("GET", [])
    assert refusal is not None
    assert refusal.status == 403


def test_signed_api_accepts_any_host(cloud: RunningCloud) -> None:
    """Its signature is the protection; a client behind a proxy sends another Host."""
    _, document = send(cloud, "mns", "GET", "/queues", {"Host": "mns.example"})
    assert b"<Code>" in document
