"""How clients reach the local services: over TLS with a certificate of their own, and with a round-trip time."""

import http.client
import json
import ssl
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import urllib3
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from express_sync.local.certificates import Certificates
from express_sync.local.cloud import CloudOptions, RunningCloud, background
from express_sync.local.server import Link, LoopbackServer, reset
from handler.credentials import Credentials
from handler.smq.client import Smq
from tests.support.certificates import trusting
from tests.support.patience import PATIENCE_SECONDS
from tests.support.running import Run, started

RTT_S = 0.06
TIMER_S = 0.004  # of one round trip, how much the timers may leave out


async def _echo(request: Request) -> Response:
    return PlainTextResponse(await request.body())


async def _reset(request: Request) -> Response:
    reset(request.scope)
    return PlainTextResponse()


APP = Starlette(routes=[Route("/echo", _echo, methods=["POST"]), Route("/reset", _reset)])


@pytest.fixture
def distant() -> Iterator[tuple[LoopbackServer, Run]]:
    """Run a server that is RTT_S away."""
    server = LoopbackServer(APP, link=Link(rtt_seconds=RTT_S))
    with started(server) as run:
        yield server, run


def connection_to(server: LoopbackServer) -> http.client.HTTPConnection:
    """Return a client of the server."""
    return http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_SECONDS)


def echoed(client: http.client.HTTPConnection, body: bytes) -> tuple[bytes, float]:
    """Return what comes back for `body`, and after how many seconds."""
    began = time.monotonic()
    client.request("POST", "/echo", body)
    return client.getresponse().read(), time.monotonic() - began


def test_round_trip_and_handshake_take_their_time(distant: tuple[LoopbackServer, Run]) -> None:
    """A connection costs one round trip before its first request can leave."""
    client = connection_to(distant[0])
    _, first = echoed(client, b"1")
    _, second = echoed(client, b"2")
    client.close()
    assert first >= 2 * (RTT_S - TIMER_S)
    assert second >= RTT_S - TIMER_S


def test_relayed_bytes_arrive_unchanged_and_in_order(distant: tuple[LoopbackServer, Run]) -> None:
    client = connection_to(distant[0])
    body = bytes(range(256)) * 8192
    assert echoed(client, body)[0] == body
    client.close()


def test_relayed_reset_is_a_reset(distant: tuple[LoopbackServer, Run]) -> None:
    """It is not the orderly end of a connection."""
    client = connection_to(distant[0])
    client.request("GET", "/reset")
    with pytest.raises(ConnectionResetError):
        client.getresponse()
    client.close()


def test_relayed_server_can_be_stopped_and_started(distant: tuple[LoopbackServer, Run]) -> None:
    """Its port stays; meanwhile connections are closed and refused."""
    server, run = distant
    client = connection_to(server)
    echoed(client, b"1")
    run(server.stop())
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        echoed(client, b"2")
    client.close()
    with pytest.raises(ConnectionRefusedError):
        echoed(connection_to(server), b"2")
    run(server.start())
    again = connection_to(server)
    assert echoed(again, b"3")[0] == b"3"
    again.close()


def test_client_that_leaves_early_ends_its_relay(distant: tuple[LoopbackServer, Run]) -> None:
    """The server goes on to answer others."""
    server, _ = distant
    client = connection_to(server)
    client.request("POST", "/echo", b"1")
    client.close()
    other = connection_to(server)
    assert echoed(other, b"2")[0] == b"2"
    other.close()


def test_certificate_is_trusted_by_its_authority_only() -> None:
    """The file of the authority is deleted with it."""
    certificates = Certificates()
    server = LoopbackServer(APP, link=Link(certificates.server))
    with started(server):
        trusting = urllib3.PoolManager(ca_certs=str(certificates.ca_file))
        assert trusting.request("POST", f"{server.url}/echo", body=b"1").data == b"1"
        trusting.clear()
        with urllib3.PoolManager(retries=False) as others, pytest.raises(urllib3.exceptions.SSLError):
            others.request("POST", f"{server.url}/echo", body=b"1")
    certificates.remove()
    assert not certificates.ca_file.exists()


@pytest.fixture(scope="module")
def secure() -> Iterator[RunningCloud]:
    """Run a whole cloud over TLS, a few milliseconds away."""
    with background(CloudOptions(tls=True, rtt_ms=4)) as running:
        yield running


def test_ready_object_names_https_and_the_authority(secure: RunningCloud) -> None:
    ready = secure.ready
    assert {urlsplit(ready[service]["endpoint"]).scheme for service in ("mns", "sgw")} == {"https"}
    assert ssl.create_default_context(cafile=ready["caFile"]).cert_store_stats()["x509_ca"] == 1


def test_function_verifies_the_certificates_it_is_given(secure: RunningCloud) -> None:
    """A request goes through the whole cloud, from queue to outcome."""
    ready = secure.ready
    smq = Smq.at(ready["mns"]["endpoint"], Credentials(ready["accessKeyId"], ready["accessKeySecret"]))
    request = {"requestId": "REQ-1", "name": "photos", "bucketName": "photos", "bucketRegion": "cn-hangzhou"}
    with trusting(ready["caFile"]):
        smq.send(ready["mns"]["requestQueue"], [json.dumps(request)])
        (received,) = smq.receive(ready["mns"]["resultQueue"], wait_seconds=30)
    assert json.loads(received.body)["data"]["status"] == "succeeded"
