"""The verifiers of pushed notifications, in Python and in Node: equal answers, and no fetch from a stranger."""

import base64
import hashlib
import json
import subprocess
import sys
from dataclasses import asdict, dataclass, field, replace
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from express_sync.local.mns.push.signer import Signer
from express_sync.mns_push import Verifier, fetch_certificate
from tests.support.checkout import ROOT
from tests.support.http_server import ANY_PORT, Quiet, served
from tests.support.node import run_node_with

NOW = 1_800_000_000
CERTIFICATE = "https://mnstest.oss-cn-hangzhou.aliyuncs.com/x509_public_certificate.pem"
SIGNER = Signer()
SAMPLE = ROOT / "samples" / "mns_push" / "verifier.js"
UNTRUSTED = "The certificate is not from a host of MNS, or cannot be fetched."
UNSIGNED = "The signature does not match."
STALE = "The date is not within 15 minutes of now."


@dataclass(frozen=True)
class Request:
    """A request; `body` is base64."""

    method: str
    target: str
    headers: dict[str, str]
    body: str

    def refusal(self, verifier: Verifier) -> str:
        """Return what `verifier` says of it."""
        return verifier.refusal(self.method, self.target, self.headers, base64.b64decode(self.body))


@dataclass(frozen=True)
class Push:
    """A notification: what is signed, and how it differs from that when it arrives."""

    url: str = CERTIFICATE
    date: int = NOW
    body: bytes = b"body"
    target: str = "/notifications"
    raw_md5: bool = False
    sent_date: str = ""
    changes: dict[str, str] = field(default_factory=dict)
    arrived: dict[str, str] = field(default_factory=dict)

    def request(self) -> Request:
        """Return the request as it arrives."""
        digest = hashlib.md5(self.body, usedforsecurity=False)
        headers = {
            "content-md5": base64.b64encode(digest.digest() if self.raw_md5 else digest.hexdigest().encode()).decode(),
            "content-type": "text/xml;charset=utf-8",
            "date": self.sent_date or formatdate(self.date, usegmt=True),
            "x-mns-message-tag": "failed",
            "x-mns-signing-cert-url": base64.b64encode(self.url.encode()).decode(),
        }
        headers["authorization"] = SIGNER.sign("POST", self.target, headers)
        headers |= self.changes
        return Request(
            method=self.arrived.get("method", "POST"),
            target=self.arrived.get("target", self.target),
            headers={name: value for name, value in headers.items() if value},
            body=base64.b64encode(self.arrived.get("body", self.body.decode()).encode()).decode(),
        )


GENUINE = Push()
HOSTS = (
    "https://mnstest.oss-cn-hangzhou.aliyuncs.com.example.com/c.pem",
    "https://evil-mnstest.oss-cn-hangzhou.aliyuncs.com/c.pem",
    "https://mnstest.oss-cn-hangzhou.aliyuncs.com@example.com/c.pem",
    "https://user:password@mnstest.oss-cn-hangzhou.aliyuncs.com/c.pem",
    "https://mnstest.oss-cn-hangzhou.aliyuncs.com:8443/c.pem",
    "https://mnstest.oss-cn-hangzhou.aliyuncs.com\\@example.com/c.pem",
    "https://mnstest.oss-cn-hangzhou.aliyuncs.com%2eexample.com/c.pem",
    "https://mnstest-oss-cn-hangzhou.aliyuncs.com/c.pem",
    "https://mns-cert.oss-cn-hangzhou.example.aliyuncs.com/c.pem",
    "https://mnstest.oss-cn-beijing.aliyuncs.com/c.pem",
    "https://mnstest.oss-cn-hangzhou.aliyuncs.com/c.pem?x=1",
    "ftp://mnstest.oss-cn-hangzhou.aliyuncs.com/c.pem",
    "file:///etc/passwd",
    "//mnstest.oss-cn-hangzhou.aliyuncs.com/c.pem",
    "http://127.0.0.1:1/x509_public_certificate.pem",
    "http://127.0.0.1:8700.example.com/x509_public_certificate.pem",
    *(
        f"https://mnstest.oss-cn-hangzhou.aliyuncs.com{rest}"
        for rest in (
            *(
                ".evil.example/",
                "./c.pem",
                ":443/c.pem",
                ":/c.pem",
                "\t/c.pem",
                "%00.evil.example/c.pem",
                ";@evil.example/c",
            ),
            *("", "/", "//evil.example/c.pem", "/@evil.example", "/../c.pem", "/a/%2e%2e/c.pem", "/c.pem#x"),
            *("/c.pem\n", "/c.pem ", "/c.pem\0", "/c\r\nHost: evil.example", "/\x7f", "/\u00e9.pem"),
        )
    ),
    " https://mnstest.oss-cn-hangzhou.aliyuncs.com/c.pem",
    "HTTPS://mnstest.oss-cn-hangzhou.aliyuncs.com/c.pem",
    "https://MNSTEST.oss-cn-hangzhou.aliyuncs.com/c.pem",
    "https://mnste\u017ft.oss-cn-hangzhou.aliyuncs.com/c.pem",
    "https://mnstest\u3002oss-cn-hangzhou.aliyuncs.com/c.pem",
    "https://evil.mns-cert.oss-cn-hangzhou.aliyuncs.com/c.pem",
    "https://mns-cert.oss-cn-hangzhou.aliyuncs.com.cn/c.pem",
    "https://[::1]/c.pem",
)
OTHER_DATES = (
    "Fri, 15 Jan 2027 08:00:00 -0000",
    "Fri, 15 Jan 2027 08:00:00",
    "Fri Jan 15 08:00:00 2027",
    "2027-01-15T08:00:00+00:00",
    "Fri, 32 Jan 2027 08:00:00 GMT",
    "1800000000",
)


def _signed(push: Push) -> str:
    return push.request().headers["authorization"]


CASES: dict[str, tuple[Push, str]] = {
    "genuine": (GENUINE, ""),
    "raw digest": (replace(GENUINE, raw_md5=True), ""),
    "sample URL by http": (replace(GENUINE, url=CERTIFICATE.replace("https", "http")), ""),
    "region's host": (replace(GENUINE, url="https://mns-cert.oss-cn-shanghai.aliyuncs.com/c.pem"), ""),
    "14 minutes old": (replace(GENUINE, date=NOW - 840), ""),
    "16 minutes old": (replace(GENUINE, date=NOW - 960), STALE),
    "16 minutes ahead": (replace(GENUINE, date=NOW + 960), STALE),
    "invalid date": (replace(GENUINE, changes={"date": "yesterday"}), STALE),
    "changed date": (replace(GENUINE, changes={"date": formatdate(NOW + 1, usegmt=True)}), UNSIGNED),
    "changed body": (replace(GENUINE, arrived={"body": "other"}), "The body does not match Content-MD5."),
    "changed tag": (replace(GENUINE, changes={"x-mns-message-tag": "succeeded"}), UNSIGNED),
    "added header": (replace(GENUINE, changes={"x-mns-other": "1"}), UNSIGNED),
    "removed tag": (replace(GENUINE, changes={"x-mns-message-tag": ""}), UNSIGNED),
    "changed path": (replace(GENUINE, arrived={"target": "/api/notifications"}), UNSIGNED),
    "changed method": (replace(GENUINE, arrived={"method": "PUT"}), UNSIGNED),
    **{f"date {date}": (replace(GENUINE, sent_date=date), STALE) for date in OTHER_DATES},
    "signature and more": (replace(GENUINE, changes={"authorization": f"!{_signed(GENUINE)}"}), UNSIGNED),
    "signature without padding": (replace(GENUINE, changes={"authorization": _signed(GENUINE).rstrip("=")}), UNSIGNED),
    "another signature": (replace(GENUINE, changes={"authorization": base64.b64encode(b"x" * 256).decode()}), UNSIGNED),
    **{
        f"without {name}": (replace(GENUINE, changes={name: ""}), f"The header {name} is missing.")
        for name in ("content-md5", "content-type", "date", "authorization", "x-mns-signing-cert-url")
    },
    **{f"host {url}": (replace(GENUINE, url=url), UNTRUSTED) for url in HOSTS},
}
CERTIFICATES = dict.fromkeys((CERTIFICATE, "https://mns-cert.oss-cn-shanghai.aliyuncs.com/c.pem"), SIGNER.certificate)


@pytest.mark.parametrize("name", CASES)
def test_python_verifier_refuses_what_is_not_genuine(name: str) -> None:
    push, reason = CASES[name]
    fetched = []

    def fetch(url: str) -> bytes:
        fetched.append(url)
        return CERTIFICATES[url]

    assert push.request().refusal(Verifier(fetch=fetch, now=lambda: NOW)) == reason
    assert fetched == [] if reason == UNTRUSTED else set(fetched) <= CERTIFICATES.keys()


def test_node_verifier_gives_the_same_answers() -> None:
    cases = [asdict(push.request()) for push, _ in CASES.values()]
    certificates = {url: pem.decode() for url, pem in CERTIFICATES.items()}
    given = json.dumps({"now": NOW, "certificates": certificates, "cases": cases})
    seen = json.loads(run_node_with(str(Path(__file__).with_name("push_cases.js")), given=given))
    assert dict(zip(CASES, seen["reasons"], strict=True)) == {name: reason for name, (_, reason) in CASES.items()}
    assert set(seen["fetched"]) <= certificates.keys()


def test_certificate_is_fetched_once() -> None:
    fetched = []

    def fetch(url: str) -> bytes:
        fetched.append(url)
        return SIGNER.certificate

    verifier = Verifier(fetch=fetch, now=lambda: NOW)
    assert [GENUINE.request().refusal(verifier) for _ in range(3)] == ["", "", ""]
    assert fetched == [CERTIFICATE]


@pytest.mark.parametrize("content", [b"no certificate", OSError("unreachable")])
def test_certificate_that_cannot_be_used_is_refused(content: bytes | OSError) -> None:
    def fetch(_url: str) -> bytes:
        if isinstance(content, OSError):
            raise content
        return content

    assert GENUINE.request().refusal(Verifier(fetch=fetch, now=lambda: NOW)) == UNTRUSTED


def test_header_that_is_given_twice_is_refused() -> None:
    """A receiver could read another one than the verifier."""
    request = GENUINE.request()
    twice = replace(request, headers={**request.headers, "X-MNS-Message-Tag": "succeeded"})
    assert twice.refusal(Verifier(fetch=CERTIFICATES.__getitem__, now=lambda: NOW)) == "A header is given twice."


def test_replaced_certificate_is_fetched_after_an_hour() -> None:
    """One that cannot be fetched then is kept."""
    served: dict[str, bytes] = dict.fromkeys(CERTIFICATES, Signer().certificate)
    time = [NOW]
    verifier = Verifier(fetch=served.__getitem__, now=lambda: time[0])
    assert GENUINE.request().refusal(verifier) == UNSIGNED
    served[CERTIFICATE] = SIGNER.certificate
    assert GENUINE.request().refusal(verifier) == UNSIGNED
    time[0] += 3601
    later = replace(GENUINE, date=time[0])
    assert later.request().refusal(verifier) == ""
    served.clear()
    time[0] += 3601
    served[CERTIFICATE] = b"no certificate"
    assert replace(GENUINE, date=time[0]).request().refusal(verifier) == ""


NODE_ROUND = """
const { Verifier } = require(process.argv[1]);
const { requests, times, pems } = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
let now;
const verifier = new Verifier({ now: () => now * 1000, fetch: async () => pems.shift() });
(async () => {
  for (const [index, each] of requests.entries()) {
    now = times[index];
    console.log(await verifier.refusal(each.method, each.target, each.headers, Buffer.from(each.body, 'base64')));
  }
})();
"""


def test_node_verifier_fetches_a_replaced_certificate() -> None:
    times = [NOW, NOW + 60, NOW + 3601, NOW + 7300]
    given = {
        "requests": [asdict(replace(GENUINE, date=time).request()) for time in times],
        "times": times,
        "pems": [Signer().certificate.decode(), SIGNER.certificate.decode(), "no certificate"],
    }
    printed = run_node_with("--eval", NODE_ROUND, str(SAMPLE), given=json.dumps(given))
    assert printed.split("\n")[:4] == [UNSIGNED, UNSIGNED, "", ""]


class _Elsewhere(Quiet, BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/broken":
            self.wfile.write(b"not HTTP\r\n\r\n")
            return
        self.send_response(302 if self.path == "/c.pem" else 200)
        self.send_header("Location", "/stolen.pem")
        self.end_headers()
        self.wfile.write(SIGNER.certificate)


@pytest.mark.parametrize("path", ["c.pem", "broken"])
def test_fetch_follows_no_redirect_and_reads_http_only(path: str) -> None:
    with served(ThreadingHTTPServer(ANY_PORT, _Elsewhere)) as server:
        origin = f"http://127.0.0.1:{server.server_port}"
        fetched = Verifier(fetch=lambda _url: fetch_certificate(f"{origin}/{path}"), now=lambda: NOW)
        assert GENUINE.request().refusal(fetched) == UNTRUSTED


def test_verifier_is_imported_without_the_rest() -> None:
    """A receiver needs this module and `cryptography` only."""
    program = "import sys, express_sync.mns_push; print([m for m in sys.modules if m.startswith('express_sync')])"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "['express_sync', 'express_sync.mns_push']"
