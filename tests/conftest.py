"""How Hypothesis behaves in the whole suite: no verdict depends on how fast the machine is."""

import gc
from collections.abc import Generator

import pytest
import urllib3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.patience import PATIENCE_SECONDS

pytest_plugins = ("tests.support.workers",)

# Inherits from the profile that Hypothesis itself has chosen, which in continuous integration is repeatable.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

# `urllib3.request` waits for 3 seconds by default, which a busy machine can take.
urllib3.request.__kwdefaults__ = {**(urllib3.request.__kwdefaults__ or {}), "timeout": PATIENCE_SECONDS}


@settings(max_examples=1, database=None)
@given(st.text())
def draw_a_text(_: str) -> None:
    """Make Hypothesis build its tables of characters, which it keeps in `.hypothesis`."""


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build the tables once, before workers start: each of them would build its own, all at the same time."""
    if session.items:
        draw_a_text()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Exempt what is imported and collected from the garbage collector: it stays until the process ends.

    It is half a million objects: the collector takes half the time of the collection, and would copy them in workers.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
