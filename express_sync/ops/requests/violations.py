"""Prints the rules that a request violates."""

from collections.abc import Iterable

from express_sync.ops.terminal import output
from handler.model import Violation


def print_violations(place: str, violations: Iterable[Violation]) -> None:
    """Print one line for each violation of the request at `place`."""
    for each in violations:
        output.notice(f"{place}: {each.path} {each.message} ({each.rule})")
