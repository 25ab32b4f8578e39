"""The two calls of Cloud Storage Gateway (sgw 2018-05-11) that the function makes, over one pool of connections.

Turns whatever the network does into an answer, telling what was never sent from what may have landed. It must not
know when to retry, or what is said of a request.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ReadTimeoutError

from handler import reply
from handler.model import Answer, Finding, ProvisionRequest, Unanswered
from handler.reply import Reply
from handler.signature import Credentials, canonical_query, signed_headers

VERSION = "2018-05-11"
READ_AT_ONCE = 65536
LONGEST_ANSWER = 8 * 2**20  # far above a list of every group that an account may have


@dataclass(frozen=True, slots=True)
class Stamps:
    """What makes each signature unlike the one before: `date()` as x-acs-date wants it, and `nonce()`."""

    date: Callable[[], str]
    nonce: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Sgw:
    """The API at `endpoint` (scheme and host), called with `credentials`; threads may share it."""

    endpoint: str
    credentials: Credentials
    pool: urllib3.PoolManager
    stamps: Stamps
    now: Callable[[], float]

    def create(self, request: ProvisionRequest, timeout_seconds: float) -> Answer:
        """One CreateExpressSync call, signed afresh; every outcome of it is an answer."""
        parameters = {
            "Name": request.name,
            "BucketName": request.bucket_name,
            "BucketRegion": request.bucket_region,
            "BucketPrefix": request.bucket_prefix,
            "Description": request.description,
        }
        replied = self._call("CreateExpressSync", parameters, timeout_seconds)
        return reply.answer(replied) if isinstance(replied, Reply) else replied

    def describe(self, bucket_name: str | None, timeout_seconds: float) -> Finding:
        """One DescribeExpressSyncs call: the groups on a bucket, or of the whole account for None. Not paged."""
        replied = self._call("DescribeExpressSyncs", {"BucketName": bucket_name or ""}, timeout_seconds)
        return reply.finding(replied) if isinstance(replied, Reply) else replied

    def _call(self, action: str, parameters: Mapping[str, str], timeout_seconds: float) -> Reply | Unanswered:
        query = canonical_query({name: value for name, value in parameters.items() if value})
        until = self.now() + timeout_seconds
        try:
            response = self.pool.request(
                "POST",
                f"{self.endpoint}/?{query}",
                headers=self._headers(action, query),
                timeout=urllib3.Timeout(total=timeout_seconds),
                retries=False,
                redirect=False,
                preload_content=False,
            )
            data = self._read(response, until)
        except (ConnectTimeoutError, NewConnectionError):
            return Unanswered("NotConnected", sent=False)
        except ReadTimeoutError:
            return Unanswered("ReadTimeout", sent=True)
        except HTTPError:
            return Unanswered("ConnectionLost", sent=True)
        return Unanswered("ReadTimeout", sent=True) if data is None else Reply(response.status, response.headers, data)

    def _read(self, response: urllib3.BaseHTTPResponse, until: float) -> bytes | None:
        """The whole body, or None if it does not end in time: urllib3's timeout bounds each read, not their sum."""
        data = b""
        while chunk := response.read1(READ_AT_ONCE):
            data += chunk
            if self.now() > until or len(data) > LONGEST_ANSWER:
                response.close()
                return None
        response.release_conn()
        return data

    def _headers(self, action: str, query: str) -> dict[str, str]:
        common = {
            "accept": "application/json",
            "x-acs-action": action,
            "x-acs-version": VERSION,
            "x-acs-date": self.stamps.date(),
            "x-acs-signature-nonce": self.stamps.nonce(),
        }
        host = urlsplit(self.endpoint).netloc
        return signed_headers(
            self.credentials, method="POST", host=host, path="/", query=query, body=b"", common=common
        )
