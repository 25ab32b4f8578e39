"""Requests as they are stored: canonical JSON."""

import json
from collections.abc import Mapping
from typing import Any


def canonical(document: Mapping[str, Any]) -> str:
    """Return the document as ASCII JSON with sorted keys."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"))
