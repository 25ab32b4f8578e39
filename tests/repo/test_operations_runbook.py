"""The runbook against the table of codes: it has an entry for each code, which agrees with the table."""

import re
from collections.abc import Iterator

import pytest

from handler.pipeline import HANDLER_FAULT
from handler.provisioning.error_table import DOCUMENTED, GATEWAY, OWN, Effect
from handler.provisioning.errors import error_info
from tests.support.checkout import DOCS

RUNBOOK = (DOCS / "operations.md").read_text(encoding="utf-8")
LABELS = ["Means", "Retried automatically", "Who can fix it", "What to do", "Command"]
FAMILIES = {"Throttling": 400, "Any other code with HTTP 4xx": 400, "Any other code with HTTP 5xx": 500}


def entries() -> dict[str, dict[str, str]]:
    """Every entry of the runbook: heading to label to text on one line."""
    parts = re.split(r"^#### `?(.+?)`?$", RUNBOOK.partition("## Error codes")[2], flags=re.MULTILINE)
    return {heading: dict(_items(body)) for heading, body in zip(parts[1::2], parts[2::2], strict=True)}


def _items(body: str) -> Iterator[tuple[str, str]]:
    text = body.partition("\n#")[0]
    for label, said in re.findall(r"^- \*\*(.+?):\*\* (.+(?:\n  .+)*)", text, flags=re.MULTILINE):
        yield label, re.sub(r"\s+", " ", said)


ENTRIES = entries()


def test_runbook_has_an_entry_for_each_error_code() -> None:
    """A code that is added to the table, or taken from it, is added to the runbook or taken from it."""
    assert set(ENTRIES) == {*DOCUMENTED, *GATEWAY, *OWN, *FAMILIES}


@pytest.mark.parametrize("heading", ENTRIES)
def test_every_entry_says_all_there_is_to_say(heading: str) -> None:
    """ErrorInfo, who, what and with which command, in the same order everywhere."""
    assert list(ENTRIES[heading]) == LABELS


@pytest.mark.parametrize("heading", ENTRIES)
def test_an_entry_agrees_with_the_table_on_what_is_retried(heading: str) -> None:
    """What the function retries, the runbook does not ask a person to do at once."""
    code = "ThrottlingOrNot" if heading == "Throttling" else heading
    is_retryable = error_info(code, FAMILIES.get(heading)).effect in (Effect.NOT_EXECUTED, Effect.POSSIBLY_DONE)
    is_retried = is_retryable and code != HANDLER_FAULT  # whose verdict is final
    assert ENTRIES[heading]["Retried automatically"] == ("yes" if is_retried else "no")


@pytest.mark.parametrize("heading", ENTRIES)
def test_runbook_replays_only_permanent_failures_by_force(heading: str) -> None:
    """`replay` refuses what a retry cannot fix, so the documented command has to say that the cause is fixed."""
    entry = ENTRIES[heading]
    if "express-sync replay" in entry["Command"]:
        is_failed = entry["Retried automatically"] == "no" and heading != HANDLER_FAULT
        assert ("--force" in entry["Command"]) == is_failed


@pytest.mark.parametrize("heading", [code for code, row in DOCUMENTED.items() if row.impossible])
def test_what_only_the_requester_can_fix_is_not_replayed(heading: str) -> None:
    """A request that can never be done is corrected and submitted again, never sent as it is."""
    assert "express-sync replay" not in ENTRIES[heading]["Command"]
