"""A function that does nothing: what the runtime itself takes. Placed as handler/entry.py into a code directory."""

from typing import Any


def handle(_event: bytes, _context: Any) -> str:
    """Answer at once."""
    return "{}"
