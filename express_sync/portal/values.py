"""Turns untrusted values into values of columns: texts of bounded length, without what a database cannot store."""

import json
import re

# Characters; all columns of one index together stay below the 2,700 bytes that PostgreSQL takes.
MAX_ID = 128
MAX_SOURCE = 256
MAX_KEY = 128  # of a value that is only searched for


_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str) -> str:
    """Return the text without NUL, which PostgreSQL refuses, and without halves of surrogate pairs."""
    return _UNSTORABLE.sub("\ufffd", text)


def optional(value: object, length: int = MAX_KEY) -> str | None:
    """Return a text of at most `length` characters; None for an empty text or anything else."""
    return storable(value[:length]) if isinstance(value, str) and value else None


def folded(text: str) -> str:
    """Return the text in the form that searches compare."""
    return storable(text.casefold()[:MAX_KEY])


def is_finite(value: object) -> bool:
    """Tell whether a JSON value has finite numbers only: `NaN` and `1e999` are read, but cannot be written as JSON."""
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return True
