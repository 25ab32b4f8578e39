"""Input that no command can use: each says what is wrong and what to do, and never that express-sync has a bug."""

import contextlib
import json
import signal
import socket
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone, tzinfo
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import urllib3

from express_sync.local.mns.dispatcher import OPERATIONS as DISPATCHED
from express_sync.local.mns.faults import OPERATIONS
from express_sync.ops import system
from express_sync.ops.replay import options
from express_sync.ops.targets.service_clock import service_time
from tests.ops.cli.replay_support import FAILED, failure, fill, smq
from tests.support.cli import CloudShell, Ended, Shell, run_in_process
from tests.support.http_server import ANY_PORT, Quiet, served
from tests.support.patience import PATIENCE_SECONDS, SILENCE_SECONDS
from tests.support.scripted_server import ScriptedServer

DEEP = "[" * 200_000


@pytest.fixture
def cloud(silent: CloudShell) -> CloudShell:
    """Return a cloud without the function."""
    return silent


def run(cloud: CloudShell, *arguments: str) -> Ended:
    """Run a command in this process, without the line about its target."""
    ended = run_in_process(cloud.shell.directory, *arguments)
    said = [line for line in ended.err.splitlines() if not line.startswith("Acting on ")]
    return Ended(ended.code, ended.out, "\n".join(said))


class _Foreign(Quiet, BaseHTTPRequestHandler):
    """Answers every call with the document of its server."""

    def do_GET(self) -> None:
        """Answer a call."""
        server = self.server
        assert isinstance(server, _ForeignServer)
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(server.status)
        self.end_headers()
        self.wfile.write(server.document)

    def do_POST(self) -> None:
        """Answer a call in the same way."""
        self.do_GET()


class _ForeignServer(ThreadingHTTPServer):
    status = 200
    document = b""


@pytest.fixture(scope="module")
def foreign() -> Iterator[_ForeignServer]:
    """Run a program that is not a local cloud."""
    with served(_ForeignServer(ANY_PORT, _Foreign)) as server:
        yield server


@pytest.mark.parametrize(
    ("status", "document"),
    [(200, b"<html>"), (404, b"<html>"), (500, b"[]"), (400, b"{}"), (400, DEEP.encode())],
    ids=["html", "404", "array", "no message", "deep"],
)
@pytest.mark.parametrize("command", ["fault list", "kill", "logs"])
def test_foreign_program_is_not_a_local_cloud(
    command: str, status: int, document: bytes, foreign: _ForeignServer, cloud: CloudShell
) -> None:
    """Its answer is not a bug of express-sync."""
    foreign.status, foreign.document = status, document
    place = {"endpoint": f"http://127.0.0.1:{foreign.server_address[1]}"}
    cloud.write_profile("foreign", **{name: {**cloud.ready[name], **place} for name in ("mns", "sgw", "fc")})
    ended = run(cloud, *command.split(), "--profile", "foreign")
    assert ended.code == 2
    assert "does not respond like a local cloud; check the profile" in ended.err


def test_local_cloud_that_is_gone_is_named(cloud: CloudShell) -> None:
    """The sentence says what to check."""
    nowhere = {"endpoint": "http://127.0.0.1:1"}
    cloud.write_profile("gone", mns={**cloud.ready["mns"], **nowhere}, sgw=nowhere)
    assert "check whether `express-sync up` is still running" in run(cloud, "fault", "list", "--profile", "gone").err


@pytest.mark.parametrize("place", ["profile", "registration", "aliyun"])
def test_deeply_nested_file_is_not_readable(place: str, tmp_path: Path) -> None:
    """Python's parser raises another error than for other wrong JSON."""
    state = tmp_path / ".express-sync"
    paths = {
        "profile": state / "profiles" / "deep.json",
        "registration": state / "local.json",
        "aliyun": tmp_path / ".aliyun" / "config.json",
    }
    path = paths[place]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(DEEP)
    stack = {"EXPRESS_SYNC_REGION": "cn-hangzhou", "EXPRESS_SYNC_ACCOUNT_ID": "1"}
    name = {"profile": "deep", "registration": "local", "aliyun": "env"}[place]
    ended = run_in_process(tmp_path, "health", "--profile", name, environment=stack)
    assert ended.code == 2
    assert str(path) in ended.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--operation", "CreateExpresssync"), "did you mean CreateExpressSync?"),
        (("--operation", "PublishMesage"), "did you mean PublishMessage?"),
        (("--operation", "x"), "name one of CreateExpressSync, DescribeExpressSyncs"),
        (("--for", "0s"), "'0s' is over at once"),
    ],
)
def test_fault_that_cannot_apply_is_refused(arguments: tuple[str, ...], sentence: str, cloud: CloudShell) -> None:
    """Nothing is queued."""
    ended = run(cloud, "fault", "InternalError", *arguments)
    assert (ended.code, cloud.local("GET", "sgw", "faults")) == (2, [])
    assert sentence in ended.err


def test_operations_of_faults_are_those_of_the_dispatcher() -> None:
    """The command line does not import the dispatcher."""
    assert set(OPERATIONS) == {operation.name for operation in DISPATCHED}


@pytest.mark.parametrize(
    "option", [("--operation", "PublishMessage"), ("--name", "x"), ("--count", "2"), ("--for", "1m")]
)
@pytest.mark.parametrize("command", ["list", "clear"])
def test_fault_clear_takes_no_selection(command: str, option: tuple[str, str], cloud: CloudShell) -> None:
    """It would remove more than was named."""
    cloud.fault("sgw", faults=["InternalError"])
    ended = run(cloud, "fault", command, *option)
    assert ended.code == 2
    assert f"takes no {option[0]}; omit it." in ended.err
    assert len(cloud.local("GET", "sgw", "faults")) == 1


@pytest.mark.parametrize("command", [("submit", ""), ("invoke", ""), ("failures", "list", "--from", "")])
def test_empty_name_of_a_file_is_refused(command: tuple[str, ...], cloud: CloudShell) -> None:
    """It would name the current directory."""
    ended = run(cloud, *command)
    assert (ended.code, "A file without a name cannot be read" in ended.err) == (2, True)


@pytest.mark.parametrize("command", [("submit",), ("invoke",), ("failures", "list", "--from"), ("wat\x1b[31mch",)])
def test_control_characters_of_a_name_are_replaced(command: tuple[str, ...], cloud: CloudShell) -> None:
    """Somebody else may have named the file, and a terminal obeys them."""
    ended = cloud.run(*command, "a\x1b[31m\nb.json")
    assert ended.code == 2
    assert "\x1b" not in ended.err
    assert len([line for line in ended.err.splitlines() if not line.startswith("Acting on ")]) == 1


@pytest.mark.parametrize("command", [("failures", "list"), ("replay",)])
def test_misspelt_source_is_recognised(command: tuple[str, ...], cloud: CloudShell) -> None:
    """A file that exists is read whatever its name is."""
    assert "did you mean --from dead-letters?" in run(cloud, *command, "--from", "dead-letter").err
    (cloud.shell.directory / "failure").write_text(failure(1))
    assert run(cloud, *command, "--from", "failure").code == 0


@pytest.mark.parametrize("command", [("replay",), ("failures", "discard")])
def test_unknown_code_names_the_known_ones(command: tuple[str, ...], cloud: CloudShell) -> None:
    """`failures list` is not the only command that selects by code."""
    fill(cloud, "failureQueue", [failure(1, "RoleNotExist")])
    ended = run(cloud, *command, "--code", "RolenotExists", "--yes")
    assert ended.code == 1
    assert "did you mean RoleNotExist? their codes are RoleNotExist" in ended.err.replace("Did you", "did you")
    assert cloud.messages("failureQueue") == 1


@pytest.mark.parametrize(("code", "is_named"), [("RolenotExist", True), ("RoleNotExist", False), ("Own", False)])
def test_watch_names_the_code_that_was_meant(code: str, is_named: bool, cloud: CloudShell) -> None:
    """It watches nevertheless."""
    ended = run(cloud, "watch", "--code", code, "--timeout", "0.1")
    assert (ended.code, "did you mean RoleNotExist?" in ended.err) == (0, is_named)


@pytest.mark.parametrize(
    "command", [("replay", "--yes"), ("failures", "discard", "R-1", "--yes"), ("failures", "show", "R-1")]
)
def test_failures_of_another_reader_are_told(command: tuple[str, ...], cloud: CloudShell) -> None:
    """Two operators at once do not believe that nothing is there."""
    fill(cloud, "failureQueue", [failure(number) for number in range(3)])
    assert len(smq(cloud).receive(cloud.ready["mns"]["failureQueue"])) == 3
    ended = run(cloud, *command)
    assert "3 held by another reader" in ended.err or "Another reader took 3 messages." in ended.err


def test_held_dead_letters_with_batches_are_counted(cloud: CloudShell) -> None:
    """One letter with several failures is one message."""
    wanted = [json.loads(failure(number))["data"]["request"] for number in range(4)]
    batch = [{"specversion": "1.0", "id": "x", "data": {"messageBody": json.dumps(each)}} for each in wanted]
    fill(cloud, "deadLetterQueue", [json.dumps(batch)] * 2)
    assert len(smq(cloud).receive(cloud.ready["mns"]["deadLetterQueue"], count=1)) == 1
    assert "1 held by another reader" in run(cloud, "failures", "list", "--from", "dead-letters").err


def test_failure_that_is_not_found_says_where_to_look(cloud: CloudShell) -> None:
    """The id may be wrong, or the failure elsewhere."""
    ended = run(cloud, "failures", "show", "R-9")
    assert ended.code == 1
    assert "See `express-sync failures list`, or look elsewhere with --from." in ended.err


class _Wrong(datetime):
    """A clock of this machine that is wrong by some seconds."""

    offset = timedelta(0)

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "_Wrong":
        """Return the wrong time."""
        return cls.fromtimestamp(time.time() + cls.offset.total_seconds(), tz)


def recent(number: int) -> str:
    """Return a failure of a minute ago."""
    now = (datetime.now(timezone.utc) - timedelta(minutes=1)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return failure(number).replace(FAILED["time"], now)


def test_replay_on_a_slow_clock_sends_all_failures(cloud: CloudShell, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are not taken for newer than the run."""
    monkeypatch.setattr(options, "datetime", _Wrong)
    monkeypatch.setattr(_Wrong, "offset", timedelta(minutes=-5))
    fill(cloud, "failureQueue", [recent(number) for number in range(3)])
    ended = run(cloud, "replay", "--yes")
    assert (ended.code, cloud.messages("failureQueue")) == (0, 0)
    assert "3 replayed to the request queue." in ended.err


def test_discard_on_a_fast_clock_spares_new_failures(cloud: CloudShell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their age is that by the clock of SMQ."""
    monkeypatch.setattr(options, "datetime", _Wrong)
    monkeypatch.setattr(_Wrong, "offset", timedelta(minutes=14))
    fill(cloud, "failureQueue", [recent(1)])
    assert run(cloud, "failures", "discard", "--older-than", "5m", "--yes").code == 1
    assert cloud.messages("failureQueue") == 1


@pytest.mark.parametrize("minutes", [-14, 14])
def test_ages_in_health_are_those_of_the_clock_of_smq(
    minutes: int, cloud: CloudShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clock that is minutes fast would make every new request look stuck."""
    monkeypatch.setattr(system, "epoch_ms", lambda: int((time.time() + minutes * 60) * 1000))
    fill(cloud, "failureQueue", [recent(1)])
    began = time.monotonic()
    health = json.loads(run(cloud, "health", "--json").out)
    assert 0 <= health["oldestSeconds"]["failures"] <= 5 + time.monotonic() - began


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:1", "https://127.0.0.1:1", "http://[::1]:1"])
def test_service_that_does_not_tell_the_time(endpoint: str) -> None:
    """The own clock is used."""
    now = datetime.now(timezone.utc)
    assert service_time(endpoint, now) == now


def test_service_whose_answer_never_ends_does_not_tell_the_time() -> None:
    """There is one deadline, however often something arrives; with a timeout for each read this test would hang."""

    def behave(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                time.sleep(0.05)

    now = datetime.now(timezone.utc)
    with ScriptedServer(behave) as server:
        assert service_time(server.url, now, SILENCE_SECONDS) == now


@pytest.mark.parametrize("command", ["list", "create", "revoke"])
def test_token_file_without_a_home_is_explained(command: str, cloud: CloudShell) -> None:
    """A user that the system does not know has none."""
    words = {"list": ("list",), "create": ("create", "x", "--role", "operator"), "revoke": ("revoke", "x")}[command]
    ended = cloud.shell.run_without_a_home("portal", "token", *words)
    assert ended.code == 2
    assert "has no home directory for the token file; name one with --file." in ended.err


def test_home_in_a_configuration_must_be_known(cloud: CloudShell) -> None:
    """`~NAME` of an unknown user cannot be expanded."""
    path = cloud.shell.directory / "portal.json"
    path.write_text(json.dumps({"identity": {"tokenFile": "~unknown-user-name/tokens"}}))
    assert "write the whole path" in run(cloud, "portal", "--port", "0", "--config", str(path)).err


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "portal.example.com", "https://a/b", "https://u:p@a", "https://"]
)
def test_public_url_is_an_origin(url: str, cloud: CloudShell) -> None:
    """Another one would lock every browser out."""
    ended = run(cloud, "portal", "--port", "0", "--public-url", url)
    assert (ended.code, "takes an origin without a path" in ended.err) == (2, True)


@pytest.mark.parametrize("command", [("list",), ("retry", "tickets"), ("retry", "tickets", "--dry-run")])
def test_missing_database_is_not_created(command: tuple[str, ...], shell: Shell) -> None:
    """Nothing can be in it."""
    path = shell.directory / "missing.sqlite3"
    ended = run_in_process(shell.directory, "portal", "webhooks", *command, "--database", f"sqlite:///{path}")
    assert (ended.code, path.exists()) == (2, False)
    assert "does not exist; correct --database." in ended.err


def test_portals_that_start_at_once_share_a_token(cloud: CloudShell) -> None:
    """The file has the token that both accept."""
    cloud.write_profile("twice")
    names = ("portal", "--profile", "twice", "--port", "0", "--json")
    running = [cloud.shell.start(*names) for _ in range(2)]
    try:
        urls = [json.loads(each.stdout.readline())["url"] for each in running if each.stdout]
        token = (cloud.shell.directory / ".express-sync" / "portal-twice.token").read_text().strip()
        assert [status(url, token) for url in urls] == [200, 200]
    finally:
        for each in running:
            each.send_signal(signal.SIGTERM)
            each.communicate(timeout=PATIENCE_SECONDS)


def status(url: str, token: str) -> int:
    return urllib3.request("GET", f"{url}/v1/requests", headers={"Authorization": f"Bearer {token}"}).status
