"""Verifies the notifications that MNS pushes to an HTTP server, on a receiver's side.

Needs only the package `cryptography` besides the standard library; copy this module, or import it. In a receiver:

    verifier = Verifier()
    reason = verifier.refusal("POST", request_target, headers, body)
    if reason: answer 403, and do nothing else; else answer 204 within 5 seconds

Source: the help page on push to HTTP endpoints: RSA with SHA-1 over method, Content-MD5, Content-Type, Date, the
x-mns-* headers and the path; the certificate is at the base64 URL in `x-mns-signing-cert-url`, at one of two hosts.
That URL comes from the caller and could be anybody's, so all of it is compared before anything is fetched. The
documented sample URL is `http:`; it is fetched by HTTPS. A certificate is fetched again after an hour, because another
can be put at the same URL.
"""

import base64
import binascii
import hashlib
import re
import time
import urllib.request
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from http.client import HTTPException

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

MAX_SKEW_SECONDS = 15 * 60
MAX_CERTIFICATES = 16
KEEP_SECONDS = 3600
MAX_CERTIFICATE_BYTES = 64 * 1024
FETCH_SECONDS = 3.0  # so that an answer within the 5 seconds of the service remains possible
# No parser comes before this: parsers drop or change characters, and disagree with each other about the rest.
_URL = re.compile(
    r"https?://((?:mnstest\.oss-cn-hangzhou|mns-cert\.oss-[a-z0-9]+(?:-[a-z0-9]+)*)\.aliyuncs\.com"
    r"(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)+)"
)
_DATE = re.compile(r"[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT", re.ASCII)
_SIGNED = ("content-md5", "content-type", "date")
_HASH = hashes.SHA1()  # noqa: S303 - MNS signs its pushes with SHA1withRSA and offers no other algorithm
LOCAL_PATH = "/x509_public_certificate.pem"
_REQUIRED = (*_SIGNED, "authorization", "x-mns-signing-cert-url")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect could lead to any host."""

    def redirect_request(self, *_arguments: object) -> None:
        """Follow none."""


def fetch_certificate(url: str) -> bytes:
    """Return what is at `url`, without following redirects. OSError or HTTPException if it cannot be fetched."""
    opener = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=FETCH_SECONDS) as response:
        content: bytes = response.read(MAX_CERTIFICATE_BYTES)
    return content


class Verifier:
    """Verifies notifications, and keeps the certificates that it fetched.

    `local_origin`, such as `http://127.0.0.1:8700`, is that of a local cloud whose certificate is accepted too; leave
    it out in production. `now` is in seconds since the epoch.
    """

    def __init__(
        self,
        local_origin: str = "",
        fetch: Callable[[str], bytes] = fetch_certificate,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._local_origin = local_origin
        self._fetch = fetch
        self._now = now
        self._keys: dict[str, tuple[rsa.RSAPublicKey, float]] = {}

    def refusal(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> str:
        """Return why the request must be refused, "" if it is a notification of MNS.

        `target` is the path with the query as in the request line; a proxy that changes it breaks the signature.
        """
        given = {name.lower(): value for name, value in headers.items()}
        if len(given) < len(headers):
            return "A header is given twice."
        if absent := [name for name in _REQUIRED if not given.get(name)]:
            return f"The header {absent[0]} is missing."
        if not self._is_recent(given["date"]):
            return "The date is not within 15 minutes of now."
        if given["content-md5"] not in _digests(body):
            return "The body does not match Content-MD5."
        key = self._key(given["x-mns-signing-cert-url"])
        if key is None:
            return "The certificate is not from a host of MNS, or cannot be fetched."
        return "" if _is_signed(key, method, target, given) else "The signature does not match."

    def _is_recent(self, date: str) -> bool:
        try:
            sent = parsedate_to_datetime(date).timestamp() if _DATE.fullmatch(date) else None
        except ValueError:
            return False
        return sent is not None and abs(sent - self._now()) <= MAX_SKEW_SECONDS

    def _key(self, encoded_url: str) -> rsa.RSAPublicKey | None:
        url = self._url(encoded_url)
        known, fetched_at = self._keys.get(url, (None, 0.0))
        if url and self._now() - fetched_at > KEEP_SECONDS:
            self._remember(url)
            known, _ = self._keys.get(url, (known, 0.0))
        return known

    def _remember(self, url: str) -> None:
        try:
            key = x509.load_pem_x509_certificate(self._fetch(url)).public_key()
        except (OSError, HTTPException, ValueError):
            return
        is_full = len(self._keys) >= MAX_CERTIFICATES and url not in self._keys
        if isinstance(key, rsa.RSAPublicKey) and not is_full:
            self._keys[url] = key, self._now()

    def _url(self, encoded: str) -> str:
        """Return the URL to fetch the certificate from, "" if it is not one of MNS."""
        try:
            text = base64.b64decode(encoded, validate=True).decode("ascii")
        except (binascii.Error, ValueError):
            return ""
        if self._local_origin and text == self._local_origin + LOCAL_PATH:
            return text
        match = _URL.fullmatch(text)
        return f"https://{match[1]}" if match else ""


def _bytes(text: str) -> bytes:
    """Return the bytes of headers as they were received: HTTP servers read them as Latin-1, which is UTF-8 here."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()


def _digests(body: bytes) -> tuple[str, str]:
    """Return both forms of Content-MD5: of the hex digest, as the service sends it, and of RFC 1864."""
    digest = hashlib.md5(body, usedforsecurity=False)
    return base64.b64encode(digest.hexdigest().encode()).decode(), base64.b64encode(digest.digest()).decode()


def _is_signed(key: rsa.RSAPublicKey, method: str, target: str, headers: Mapping[str, str]) -> bool:
    own = [f"{name}:{headers[name]}" for name in sorted(headers) if name.startswith("x-mns-")]
    text = "\n".join([method, *(headers[name] for name in _SIGNED), *own, target])
    try:
        signature = base64.b64decode(headers["authorization"], validate=True)
        key.verify(signature, _bytes(text), padding.PKCS1v15(), _HASH)
    except (binascii.Error, ValueError, InvalidSignature):
        return False
    return True
