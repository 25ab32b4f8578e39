"""One signed call to an API of Alibaba Cloud that only looks, and what it was answered. Knows no product.

Codes are the API's own; `NotReached`, `CertificateNotTrusted` and `Http<status>` are ours for what carries none. Texts
of the API stay out.
"""

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from express_sync.ops.terminal.certificates import UNTRUSTED, is_untrusted
from handler.credentials import Credentials
from handler.sgw.signing import canonical_query, signed_headers

NOT_REACHED = "NotReached"
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,127}")
_TIMEOUT = urllib3.Timeout(connect=5.0, read=10.0)


@dataclass(frozen=True, slots=True)
class Answer:
    """`code` is empty for a success, whose `document` it then is; `status` is 0 where no answer came."""

    status: int
    code: str
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """An operation of an RPC style API at `/`, or of a ROA style one at its own path."""

    version: str
    action: str
    method: str = "POST"
    path: str = "/"
    parameters: Mapping[str, str] = field(default_factory=dict)


def ask(question: Question, endpoint: str, credentials: Credentials) -> Answer:
    """What the API at `endpoint` answers; whatever goes wrong is an answer too."""
    base, query = endpoint.rstrip("/"), canonical_query(question.parameters)
    headers = signed_headers(
        credentials,
        method=question.method,
        host=urlsplit(base).netloc,
        path=question.path,
        query=query,
        body=b"",
        common={
            "accept": "application/json",
            "x-acs-action": question.action,
            "x-acs-version": question.version,
            "x-acs-date": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "x-acs-signature-nonce": secrets.token_hex(16),
        },
    )
    url = f"{base}{question.path}{'?' if query else ''}{query}"
    try:
        with urllib3.PoolManager() as pool:
            response = pool.request(
                question.method, url, headers=headers, timeout=_TIMEOUT, retries=False, redirect=False
            )
    except HTTPError as error:
        return Answer(0, UNTRUSTED if is_untrusted(error) else NOT_REACHED, {})
    return _read(response.status, response.data)


def _read(status: int, data: bytes) -> Answer:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return Answer(status, f"Http{status}", {})
    if not isinstance(document, dict):
        return Answer(status, f"Http{status}", {})
    if status == 200 and document.get("Success", True) is True:
        return Answer(status, "", document)
    code = document.get("Code")
    return Answer(status, code if isinstance(code, str) and _CODE.fullmatch(code) else f"Http{status}", {})
