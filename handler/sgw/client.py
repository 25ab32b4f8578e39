"""The client of Cloud Storage Gateway (sgw 2018-05-11): the two calls that the function makes.

Every failure is a value, which distinguishes what was never sent from what may have been executed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from handler.credentials import Credentials
from handler.model import Answer, LookupResult, ProvisionRequest, Unanswered
from handler.sgw import responses
from handler.sgw.responses import Reply
from handler.sgw.signing import canonical_query, signed_headers
from handler.transport.connection import CallError, request_bytes
from handler.transport.pool import Connections

VERSION = "2018-05-11"


@dataclass(frozen=True, slots=True)
class Stamps:
    """What makes each signature unique: `date()` in the format of x-acs-date, and `nonce()`."""

    date: Callable[[], str]
    nonce: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Sgw:
    """The API at `endpoint` (scheme and host), called with `credentials`. Thread-safe."""

    endpoint: str
    credentials: Credentials
    connections: Connections
    stamps: Stamps

    def create(self, request: ProvisionRequest, timeout_seconds: float) -> Answer:
        """Make one CreateExpressSync call with a new signature, and return its answer."""
        parameters = {
            "Name": request.name,
            "BucketName": request.bucket_name,
            "BucketRegion": request.bucket_region,
            "BucketPrefix": request.bucket_prefix,
            "Description": request.description,
        }
        replied = self._call("CreateExpressSync", parameters, timeout_seconds)
        return responses.answer(replied) if isinstance(replied, Reply) else replied

    def describe(self, bucket_name: str | None, timeout_seconds: float) -> LookupResult:
        """Make one DescribeExpressSyncs call for a bucket, or for the whole account if None. It has no pages."""
        replied = self._call("DescribeExpressSyncs", {"BucketName": bucket_name or ""}, timeout_seconds)
        return responses.lookup_result(replied) if isinstance(replied, Reply) else replied

    def _call(self, action: str, parameters: Mapping[str, str], timeout_seconds: float) -> Reply | Unanswered:
        asked_at = self.stamps.date()
        try:
            query = canonical_query({name: value for name, value in parameters.items() if value})
            request = request_bytes("POST", f"/?{query}", self._headers(action, query, asked_at), b"")
            response = self.connections.call(request, timeout_seconds)
        except CallError as error:
            return Unanswered(error.code, error.sent)
        except Exception as error:  # while the request was built, so nothing was sent; the text might contain a key
            return Unanswered(type(error).__name__, sent=False)
        return Reply(response.status, response.headers, response.body, asked_at)

    def _headers(self, action: str, query: str, asked_at: str) -> dict[str, str]:
        common = {
            "accept": "application/json",
            "x-acs-action": action,
            "x-acs-version": VERSION,
            "x-acs-date": asked_at,
            "x-acs-signature-nonce": self.stamps.nonce(),
        }
        host = urlsplit(self.endpoint).netloc
        return signed_headers(
            self.credentials, method="POST", host=host, path="/", query=query, body=b"", common=common
        )
