"""No command sends or shows a credential in clear text, whatever surrounds it: TLS, proxies, ~/.netrc, redirects."""

import json
import re
import signal
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.ops.cli.replay_support import failure
from tests.support.cli import MINIMAL, Ended, Shell
from tests.support.patience import PATIENCE_SECONDS
from tests.support.recorder import (
    KEY_ID,
    SECRET,
    TLS_HELLO,
    TOKEN,
    Recorder,
    certificate,
    hostile_environment,
    moved_to,
    recorders,
    secrets_in,
)

SERVICES = ("mns", "sgw", "fc", "ros", "oss")
KEY = {
    "ALIBABA_CLOUD_ACCESS_KEY_ID": KEY_ID,
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": SECRET,
    "ALIBABA_CLOUD_SECURITY_TOKEN": TOKEN,
}
ON = ("--profile", "planted")
IN = ("--region", "cn-hangzhou", "--stack", "planted")
VIA_FILE = ("replay", "--from", "failures.jsonl", "--yes", *ON, "--via")
PACKAGE = ("--code-bucket", "code-bucket", "--package", "function.zip")
# every command that uses a key, and the services that it calls before it stops
COMMANDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "submit": (("submit", MINIMAL, "--yes", *ON), ("mns",)),
    "watch": (("watch", "--timeout", "1", "--yes", *ON), ("mns",)),
    "health": (("health", *ON), ("mns",)),
    "failures-list": (("failures", "list", *ON), ("mns",)),
    "failures-show": (("failures", "show", "REQ-1", *ON), ("mns",)),
    "failures-discard": (("failures", "discard", "REQ-1", "--yes", *ON), ("mns",)),
    "replay": (("replay", *ON), ("mns",)),
    "replay-fc2": ((*VIA_FILE, "fc2", "--service", "s"), ("fc",)),
    "replay-fc3": ((*VIA_FILE, "fc3"), ("fc",)),
    "invoke": (("invoke", MINIMAL, "--yes", *ON), ("fc",)),
    "doctor": (("doctor", *ON), ("mns", "sgw", "fc")),
    "status": (("status", *IN), ("ros",)),
    "destroy": (("destroy", "--yes", *IN), ("ros",)),
    "deploy": (("deploy", "--yes", *PACKAGE, *IN), ("oss",)),
    "deploy-dry-run": (("deploy", "--dry-run", *PACKAGE, *IN), ("oss",)),
}


@dataclass(frozen=True)
class Place:
    """A directory to run commands in, and listeners at the proxy of its environment and at a redirect's target."""

    directory: Path
    proxy: Recorder
    elsewhere: Recorder

    def run(self, name: str, scheme: str, services: dict[str, Recorder], **environment: str) -> Ended:
        """Run a command with every service at its recorder; fail if it shows a secret or connects elsewhere."""
        return self.checked(self.shell(scheme, services, **environment).run(*COMMANDS[name][0]))

    def checked(self, ended: Ended) -> Ended:
        """Return the result of a command; fail if it contains a secret or the command connected elsewhere."""
        assert not secrets_in(ended.out + ended.err)
        assert "Traceback" not in ended.err
        assert not self.proxy.first_bytes
        assert not self.elsewhere.first_bytes
        return ended

    def shell(self, scheme: str, services: dict[str, Recorder], **environment: str) -> Shell:
        """Return a shell with a profile that has every service at its recorder."""
        urls = {service: {"endpoint": f"{scheme}://{each.address}"} for service, each in services.items()}
        queues = {f"{each}Queue": f"{each}s" for each in ("request", "result", "failure", "portal")}
        named = {**urls, "mns": {**urls["mns"], **queues}, "fc": {**urls["fc"], "function": "provision"}}
        profiles = self.directory / ".express-sync" / "profiles"
        profiles.mkdir(parents=True, exist_ok=True)
        (profiles / "planted.json").write_text(json.dumps(named))
        (self.directory / "failures.jsonl").write_text(failure(1))
        with zipfile.ZipFile(self.directory / "function.zip", "w") as archive:
            archive.writestr("handler/entry.py", "def handle(): ...")
            archive.writestr("rpds/rpds.cpython-310-x86_64-linux-gnu.so", b"")
        hostile = hostile_environment(self.directory, self.proxy.address)
        return Shell(self.directory, {**hostile, **KEY, **environment})


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with recorders("proxy", "elsewhere") as made:
        yield Place(tmp_path, made["proxy"], made["elsewhere"])


@pytest.mark.parametrize("name", COMMANDS)
def test_https_begins_with_tls_for_every_command(name: str, place: Place) -> None:
    """Nothing else is ever sent to an https endpoint, whatever answers there."""
    with recorders(*SERVICES) as services:
        place.run(name, "https", services)
    for service in COMMANDS[name][1]:
        assert services[service].first_bytes, service
    seen = [first for each in services.values() for first in each.first_bytes]
    assert all(first.startswith(TLS_HELLO) for first in seen)


@pytest.mark.parametrize("whose", ["127.0.0.1", "another.example"], ids=["self-signed", "of another host"])
@pytest.mark.parametrize("name", COMMANDS)
def test_wrong_certificate_gets_no_request(name: str, whose: str, place: Place) -> None:
    """The second certificate is trusted, but belongs to another host."""
    context, path = certificate(place.directory, whose)
    trust = {"SSL_CERT_FILE": str(path)} if whose == "another.example" else {}
    with recorders(*SERVICES, tls=context) as services:
        ended = place.run(name, "https", services, **trust)
    assert not [request for each in services.values() for request in each.requests]
    if name == "doctor":
        assert ended.code == 1
        assert len(re.findall(r"[Cc]ertificate of .* is not trusted", ended.out)) == 3
    else:
        notices = ("Acting on ", "Outcomes are read from the queue ", "0 failures deleted ")
        said = [line for line in ended.err.splitlines() if not line.startswith(notices)]
        assert (ended.code, len(said)) == (2, 1), ended
        assert re.search(r"^express-sync: The certificate of .* is not trusted; .*\.$", said[0])


def test_portal_sends_nothing_to_a_wrong_certificate(place: Place) -> None:
    """It runs until it is interrupted, and says what it cannot do."""
    context, _ = certificate(place.directory)
    with recorders(*SERVICES, tls=context) as services:
        portal = place.shell("https", services).start("portal", "--port", "0", *ON)
        with portal:
            assert portal.stderr is not None
            said = next(line for line in portal.stderr if "cannot take outcomes" in line)
            portal.send_signal(signal.SIGINT)
            out, err = portal.communicate(timeout=PATIENCE_SECONDS)
    place.checked(Ended(portal.returncode, out, said + err))
    assert (portal.returncode, "(CertificateNotTrusted)" in said) == (130, True)
    assert not [request for each in services.values() for request in each.requests]


SIGNED = {
    "mns": rb"(?i)authorization: MNS STS\.PlantedKeyId:",
    "sgw": rb"(?i)authorization: ACS3-HMAC-SHA256 Credential=STS\.PlantedKeyId,",
    "fc": rb"(?i)authorization: (ACS3-HMAC-SHA256 Credential=STS\.PlantedKeyId,|FC STS\.PlantedKeyId:)",
    "ros": rb"(?s)AccessKeyId=STS\.PlantedKeyId.*Signature=",
    "oss": rb"(?i)authorization: OSS4-HMAC-SHA256 Credential=STS\.PlantedKeyId/",
}
# What asks SMQ for the time has no key at all.
WITHOUT_KEY = rb"(?is)GET / HTTP/1\.1\r\n(?!.*(authorization|Planted)).*"


@pytest.mark.parametrize("scheme", ["https", "http"])
@pytest.mark.parametrize("name", COMMANDS)
def test_request_is_signed_with_the_given_key_only(name: str, scheme: str, place: Place) -> None:
    """~/.netrc, proxies, other keys and redirects change neither its target nor its signature."""
    context, path = certificate(place.directory)
    moved = moved_to(f"http://{place.elsewhere.address}")
    with recorders(*SERVICES, tls=context if scheme == "https" else None, answer=moved) as services:
        place.run(name, scheme, services, SSL_CERT_FILE=str(path))
    sent = {
        service: [each for each in recorder.requests if not re.fullmatch(WITHOUT_KEY, each)]
        for service, recorder in services.items()
    }
    for service in COMMANDS[name][1]:
        assert sent[service], service
    for service, requests in sent.items():
        for request in requests:
            assert re.search(SIGNED[service], request), request
            assert b"asic " not in request
            assert b"Planted'Secret" not in request


UNUSABLE = {
    "ends in CR": "Planted\r",
    "ends in LF": "Planted\n",
    "CRLF inside": "Plan\r\nted: x",
    "a space before": " Planted",
    "a tab after": "Planted\t",
    "beyond ASCII": "Plantéd组",
    "a byte that is not text": "Planted\udcff",
    "very long": "Planted" * 12_000,
}


@pytest.mark.parametrize("name", COMMANDS)
def test_unusable_token_ends_every_command(name: str, place: Place) -> None:
    """One sentence names the token and its place before anything is sent, also for `deploy --dry-run`."""
    with recorders(*SERVICES) as services:
        ended = place.run(name, "http", services, ALIBABA_CLOUD_SECURITY_TOKEN="CAISPlanted\r")
    assert not [first for each in services.values() for first in each.first_bytes]
    assert "The security token in the environment cannot be used" in ended.only_a_sentence()
    assert "Planted" not in ended.err


@pytest.mark.parametrize("part", KEY)
@pytest.mark.parametrize("kind", UNUSABLE)
def test_unusable_key_is_never_shown(kind: str, part: str, place: Place) -> None:
    """This holds for every part of a key and every reason."""
    with recorders(*SERVICES) as services:
        ended = place.run("invoke", "http", services, **{part: UNUSABLE[kind]})
    assert "in the environment cannot be used" in ended.only_a_sentence()
    assert not re.search("Plan|t.?d: x", ended.out + ended.err)


EXPOSED = "http://192.0.2.1"
ODD = ("http://planted@127.0.0.1:1", "http://localhost.example", "HTTP://127.0.0.1:1")


@pytest.mark.parametrize(
    ("name", "endpoint"),
    [*((name, EXPOSED) for name in COMMANDS), *((name, odd) for name in ("invoke", "status") for odd in ODD)],
)
def test_key_is_not_sent_in_clear_text_to_other_machines(name: str, endpoint: str, place: Place) -> None:
    """The endpoint is not repeated, because it may contain a password."""
    with recorders(*SERVICES) as services:
        for each in services.values():
            each.address = endpoint.partition("//")[2]
        ended = place.run(name, endpoint.partition(":")[0], services)
    assert "https" in ended.only_a_sentence()
    assert "planted@" not in ended.err


DATE = "Thu, 26 Nov 2026 22:00:00 GMT"
JSON_ERROR = '{{"Code": "IncompleteSignature", "Message": "server string to sign is:{0}", "RequestId": "R-1"}}'
XML_ERROR = "<Error><Code>Strange</Code><Message>{0}</Message><RequestId>R-1</RequestId><HostId>h</HostId></Error>"


@pytest.mark.parametrize(
    ("name", "encoded"), [*((name, 2) for name in COMMANDS), *(("status", times) for times in (0, 1, 3))]
)
def test_secret_in_an_error_message_is_not_printed(name: str, encoded: int, place: Place) -> None:
    """A service may return the string to sign, percent-encoded up to three times."""
    text = f"POST&/&SecurityToken={TOKEN}&"
    for _ in range(encoded):
        text = quote(text, safe="")
    form = XML_ERROR if COMMANDS[name][1][0] in ("mns", "oss") else JSON_ERROR
    body = form.format(text if form == XML_ERROR else json.dumps(text)[1:-1])
    head = f"HTTP/1.1 403 -\r\nDate: {DATE}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    with recorders(*SERVICES, answer=(head + body).encode()) as services:
        ended = place.run(name, "http", services)
    assert ended.code in (1, 2)
    assert "CAISPlanted" not in ended.out + ended.err
