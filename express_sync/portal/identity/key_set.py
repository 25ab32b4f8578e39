"""The public keys of an identity provider (JWKS, RFC 7517), fetched when they are needed and kept for a while.

PyJWT's own client is not used: it has no limit for the size of an answer or for the whole time of a call, asks again
for every token while the provider is down, and then refuses tokens whose keys it had already.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Jwk = Mapping[str, Any]
Fetch = Callable[[], Sequence[Jwk]]  # KeysUnavailableError

LOGGER = logging.getLogger(__name__)
FRESH_SECONDS = 300  # a rotated key is refused at the latest after that, if the provider can be reached
STALE_SECONDS = 3_600  # for how long keys are used while the provider cannot be reached
PAUSE_SECONDS = 10  # between two fetches, after a failure or for a key that is not known


class KeysUnavailableError(Exception):
    """The keys of the identity provider cannot be had; the text is a code."""


@dataclass(frozen=True, slots=True)
class _Fetched:
    keys: Mapping[str, Jwk]
    at: float


class KeySet:
    """The keys by their id. Thread-safe; while one thread fetches, the others use the keys that are known."""

    def __init__(self, fetch: Fetch, now: Callable[[], float]) -> None:
        self._fetch = fetch
        self._now = now
        self._fetching = threading.Lock()
        self._fetched: _Fetched | None = None
        self._tried_at: float | None = None

    def key(self, key_id: str) -> Jwk | None:
        """Return the key with this id, None if the provider does not publish it. KeysUnavailableError."""
        known = self._fetched
        if known is None or key_id not in known.keys or self._now() - known.at > FRESH_SECONDS:
            self._refresh(known)
        known = self._fetched
        if known is None or self._now() - known.at > STALE_SECONDS:
            raise KeysUnavailableError("no-keys")
        return known.keys.get(key_id)

    def _refresh(self, known: _Fetched | None) -> None:
        if not self._fetching.acquire(blocking=known is None):
            return
        try:
            if self._fetched is known and self._may_try():
                self._try()
        finally:
            self._fetching.release()

    def _may_try(self) -> bool:
        return self._tried_at is None or self._now() - self._tried_at >= PAUSE_SECONDS

    def _try(self) -> None:
        self._tried_at = self._now()
        try:
            keys = self._fetch()
        except KeysUnavailableError as error:
            LOGGER.warning("The keys of the identity provider cannot be fetched (%s).", error)
            return
        self._fetched = _Fetched({str(key["kid"]): key for key in keys}, self._now())
