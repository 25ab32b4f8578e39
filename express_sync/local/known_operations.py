"""The operations that the real services have, emulated here or not.

Source: the clients that Alibaba Cloud publishes, read by `make operations`; the table names their versions.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

TABLES = Path(__file__).with_name("known_operations.json")


@cache
def tables() -> Mapping[str, Any]:
    """Return the tables: for each service its source, version and operations with their methods and paths."""
    loaded: Mapping[str, Any] = json.loads(TABLES.read_text(encoding="utf-8"))
    return loaded


def names(service: str) -> frozenset[str]:
    """Return the names of the operations of a service."""
    return frozenset(tables()[service]["operations"])


def operation_at(service: str, method: str, path: str) -> str:
    """Return the operation of `method` on `path`, "" if the service does not have any there."""
    for name, (of_method, pattern) in tables()[service]["operations"].items():
        if method == of_method and re.fullmatch(re.escape(pattern).replace(r"\{\}", "[^/]+"), path):
            return str(name)
    return ""
