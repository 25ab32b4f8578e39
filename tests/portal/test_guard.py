"""What protects the API: names of the service, foreign pages, identities, sizes and headers."""

import socket
from urllib.parse import urlsplit

import pytest

from express_sync.portal.api.app import ROUTES
from express_sync.portal.api.contract import openapi
from express_sync.portal.api.guard import HEADERS
from tests.support.patience import wait_for
from tests.support.portal import ALICE, GROUP, RunningPortal

REQUEST = {"requestId": "R", **GROUP}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1"}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 202),
    ],
)
@pytest.mark.parametrize("token", [ALICE, ""])
def test_foreign_request_is_refused(portal: RunningPortal, headers: dict[str, str], status: int, token: str) -> None:
    answer = portal.call("POST", "/v1/requests", REQUEST, token, headers)
    assert answer.status == (status if token or status != 202 else 401)


FOREIGN = (
    ({"Host": "evil.example"}, 421),
    ({"Host": "127.0.0.1.evil.example"}, 421),
    ({"Host": "localhost:1"}, 421),
    ({"Origin": "https://evil.example"}, 403),
    ({"Origin": "http://localhost:1"}, 403),
    ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, 403),
    ({"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"}, 403),
)
PAGES = ("/", "/js/main.js", "/forms/catalogue.en.json", "/v1/config", "/v1/local/faults", "/v1/local/kill")


def test_no_path_is_open_to_foreign_pages(portal: RunningPortal) -> None:
    """Whatever the method; a probe is answered under any name, because an orchestrator calls it by an address."""
    paths = [
        (method, route.path.format(request_id="R", name="x")) for route in ROUTES for method in route.methods or ()
    ]
    for method, path in [*paths, *((method, path) for path in PAGES for method in ("GET", "POST", "DELETE"))]:
        for headers, status in FOREIGN:
            expected = 200 if status == 421 and path in {"/healthz", "/readyz"} else status
            answer = portal.call(method, path, {} if method == "POST" else None, headers=headers)
            assert answer.status == expected, (method, path, headers)


def test_own_names_are_accepted(portal: RunningPortal) -> None:
    port = urlsplit(portal.url).port
    for host in (f"localhost:{port}", f"127.0.0.1:{port}"):
        answer = portal.call("GET", "/v1/requests", headers={"Host": host, "Origin": f"http://{host}"})
        assert answer.status == 200


def test_probes_are_answered_under_any_name(portal: RunningPortal) -> None:
    assert portal.call("GET", "/healthz", token="", headers={"Host": "10.0.0.1"}).status == 200
    assert portal.call("GET", "/v1/openapi.json", token="", headers={"Host": "10.0.0.1"}).status == 421


@pytest.mark.parametrize("path", ["/v1/requests", "/v1/requests/R", "/v1/events", "/v1/failures", "/metrics", "/v1/x"])
@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer wrong", "Basic YTpi", "Bearer \xe9"])
def test_caller_without_a_valid_token_is_refused(portal: RunningPortal, path: str, authorization: str) -> None:
    headers = {"Authorization": authorization.encode("utf-8").decode("latin-1")} if authorization else {}
    answer = portal.call("GET", path, token="", headers=headers)
    assert (answer.status, "WWW-Authenticate" in answer.headers) == (401, True)


@pytest.mark.parametrize("path", ["/v1/requests/R", "/v1/requests/R/last_operation", "/metrics", "/healthz", "/"])
def test_token_in_the_address_is_a_documented_problem(portal: RunningPortal, path: str) -> None:
    """Of every path: the address may have been copied from another one."""
    assert portal.call("GET", f"{path}?token=x").status == 400
    for name, operations in openapi()["paths"].items():
        assert all("400" in each["responses"] for each in operations.values() if "responses" in each), name


def test_token_in_the_address_is_not_used(portal: RunningPortal) -> None:
    for token in ("", ALICE):
        assert portal.call("GET", f"/v1/requests?access_token={ALICE}", token=token).status == 400


@pytest.mark.parametrize("path", ["/healthz", "/v1/requests", "/v1/requests/none", "/none"])
def test_every_answer_has_the_security_headers(portal: RunningPortal, path: str) -> None:
    answer = portal.call("GET", path)
    assert {name: answer.headers.get(name) for name in HEADERS} == dict(HEADERS)
    assert "Server" not in answer.headers


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"x" * (1 << 20), {}, 413),
        (b"{", {}, 400),
        (b"\xff", {}, 400),
        (b"[" * 60_000, {}, 400),
        (b'{"a":' * 40 + b"1" + b"}" * 40, {}, 422),
        (b'{"requestId":"R","requestId":"S"}', {}, 422),
        (b'{"requestId":"\\ud800"}', {}, 422),
        (b"[]", {}, 422),
        (b"1e999", {}, 400),
        (b'{"ratePerSecond": NaN}', {}, 400),
        (b'{"limit": Infinity}', {}, 400),
        (b"{}", {"Content-Type": "text/plain"}, 415),
        (b"{}", {"Content-Encoding": "gzip"}, 415),
    ],
)
@pytest.mark.parametrize("path", ["/v1/requests", "/v1/replays", "/v1/requests/R/replay"])
def test_unusable_body_is_a_problem(
    portal: RunningPortal, path: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    answer = portal.call("POST", path, body, headers=headers)
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json")


def test_connection_that_ends_in_a_body_is_no_error(portal: RunningPortal, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    url = urlsplit(portal.url)
    head = (
        f"POST /v1/requests HTTP/1.1\r\nHost: {url.netloc}\r\nAuthorization: Bearer {ALICE}\r\n"
        "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    )
    with socket.create_connection((str(url.hostname), url.port or 0)) as connection:
        connection.sendall(head.encode())
    wait_for(lambda: 'route="submit",status="400"' in portal.call("GET", "/metrics").text)
    assert not [each for each in caplog.records if each.levelname in {"WARNING", "ERROR"}]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("Host", ("{own}", "evil.example")),
        ("Host", ("evil.example", "{own}")),
        ("Origin", ("http://{own}", "http://evil.example")),
        ("Sec-Fetch-Site", ("same-origin", "cross-site")),
        ("Authorization", ("Bearer " + ALICE, "Bearer wrong")),
        ("Content-Type", ("application/json", "text/plain")),
    ],
)
def test_repeated_header_is_refused(portal: RunningPortal, name: str, values: tuple[str, str]) -> None:
    """A proxy in front may have checked the other one."""
    own = urlsplit(portal.url).netloc
    headers = {"Host": own, "Authorization": f"Bearer {ALICE}"}
    others = [f"{other}: {value}" for other, value in headers.items() if other != name]
    lines = ["GET /v1/requests HTTP/1.1", *others, *(f"{name}: {value.format(own=own)}" for value in values)]
    with socket.create_connection(("127.0.0.1", urlsplit(portal.url).port or 0)) as connection:
        connection.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 400 ")


def test_body_without_a_length_is_bounded(portal: RunningPortal) -> None:
    url = urlsplit(portal.url)
    head = (
        f"POST /v1/requests HTTP/1.1\r\nHost: {url.netloc}\r\nAuthorization: Bearer {ALICE}\r\n"
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    with socket.create_connection((str(url.hostname), url.port or 0)) as connection:
        connection.sendall(head.encode() + b"10000\r\n" + b"x" * 65536 + b"\r\n1\r\nx\r\n0\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "path", ["/v1/requests/%00", "/v1/requests/%ff", "/v1/requests/%ED%A0%80", "/v1/requests/%2e%2e"]
)
def test_odd_id_in_the_path_is_not_found(portal: RunningPortal, path: str) -> None:
    assert portal.call("GET", path).status == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE"])
def test_other_method_is_a_problem(portal: RunningPortal, method: str) -> None:
    answer = portal.call(method, "/v1/requests")
    assert (answer.status, answer.headers["Content-Type"]) == (405, "application/problem+json")
    assert "GET" in answer.headers["Allow"]


def test_markup_is_returned_as_it_is_in_json_only(portal: RunningPortal) -> None:
    markup = "<img src=x onerror=alert(1)>"
    assert portal.call("POST", "/v1/requests", {**REQUEST, "requestId": "R-m", "description": markup}).status == 202
    answer = portal.call("GET", "/v1/requests/R-m")
    assert answer.json["request"]["description"] == markup
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
