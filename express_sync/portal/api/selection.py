"""Reads which failures to replay, how, and how fast."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from express_sync.portal.api import cursor
from express_sync.portal.api.edits import Options, options_of
from express_sync.portal.api.problem import Problem
from express_sync.portal.bulk_replay import Wish
from express_sync.portal.derivation import FAILURES
from express_sync.portal.store.queries import Criteria, Selection

DEFAULT_LIMIT = 1000
DEFAULT_RATE = 50
_FORGED = Problem(400, "bad-cursor", "The cursor does not belong to this filter.")


@dataclass(frozen=True, slots=True)
class PagedWish(Wish):
    """A wish, whether it is only to be counted, and how to sign the place where it continues."""

    is_preview: bool
    query: str
    key: bytes

    def cursor_for(self, following: int | None) -> str | None:
        """Return the cursor of the next call, None after the last."""
        return None if following is None else cursor.encode(self.key, self.query, following)


def wish_of(body: Any, key: bytes) -> PagedWish | Problem:
    """Return the wish in a body."""
    options = options_of(body, "ReplaySelection")
    if isinstance(options, Problem):
        return options
    query = json.dumps(["replays", body.get("filter", {})], sort_keys=True)
    after = cursor.decode(key, query, body["cursor"]) if "cursor" in body else 0
    return _FORGED if after is None else _wish(body, options, after, query, key)


def selection_of(body: Mapping[str, Any]) -> Selection:
    """Return the failures that a valid body selects; those that were discarded are left out."""
    filters = body.get("filter", {})
    statuses = (filters["status"],) if "status" in filters else FAILURES
    criteria = Criteria(code=filters.get("code"), requester=filters.get("requester"), discarded=False)
    return Selection(criteria, statuses, filters.get("requestIds", ()), int(body.get("upTo", 0)))


def _wish(body: Mapping[str, Any], options: Options, after: int, query: str, key: bytes) -> PagedWish:
    return PagedWish(
        selection=selection_of(body),
        edits=options.edits,
        force=options.force,
        per_second=float(body.get("ratePerSecond", DEFAULT_RATE)),
        limit=int(body.get("limit", DEFAULT_LIMIT)),
        after=after,
        is_preview=body.get("preview", False),
        query=query,
        key=key,
    )
