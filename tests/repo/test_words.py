"""The words of this repository are the usual technical terms: a table of replaced words, checked in every text file."""

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.support.checkout import DOCS, ROOT

# word, as a regular expression without regard to case: the term to use
TERMS = {
    r"\bmend(s|ed|ing)?\b": "fix",
    r"\bheirs?\b": "next lineage",
    r"\bis no (?!longer\b|more\b)": "is not a; does not exist; is missing",
    r"\bare no (?!longer\b|more\b)": "are not; do not exist; are missing",
    r"\bthere (is|are|was|were) (no|none|nothing)\b": "name the subject: does not exist, is missing, or None",
    r"\bthat is none\b": "invalid",
    r"\bnobody\b": "name the subject, or use the passive",
    r"\bstr(ikes?|uck|iking)\b": "apply to (a fault), disrupt (a process)",
    r"\bbears\b": "has",
    r"\bwork(s|ed|ing)? (a|the|this|that) (batch|message|request)\b": "process",
    r"\bmessages? (is|are|was|were) worked\b": "process",
    r"\bgive[ns]? up\b": "abandon",
    r"\bmust not know\b": "delete the sentence, or let import-linter enforce it",
    r"\bknows? (no|nothing)\b": "delete the sentence, or let import-linter enforce it",
    r"\bwords? of the trade\b": "domain model",
    r"\blie(s)? (of|about)\b": "false outcome",
    r"\bbroken promise of\b": "violation",
    r"\bliars?\b": "broken variant",
    r"\btempest\b": "storm",
    r"\bforecast\b": "plan",
    r"\bdrain order\b|\breplay order\b|\bcontrol order\b": "command",
    r"\bjudge?ment\b": "decision, verdict",
    r"\bdoor(s)?\b": "admin API",
    r"\bloans?\b": "lease",
    r"\b(MOST|LONGEST|SHORTEST|DEEPEST|LARGEST)_[A-Z]": "MAX_ or MIN_",
    r"\btest_nor_": "a name that can be understood alone",
    r'"""(And|Nor|But|So) ': "a docstring that can be understood alone",
    r"\banew\b": "again",
    r"\ball the same\b": "nevertheless",
    r"\btold apart\b": "distinguished",
    r"\b(TODO|FIXME|XXX)\b": "finish it, or describe it where work is planned",
}
# Texts of others, which are quoted as they are.
QUOTED = (
    "LICENSE",
    "docs/decisions/0012-the-house.md",  # names the former modules
    "requirements/",
    "tests/local/npm/",
    "tests/data/create_express_sync_errors.json",
    "tests/repo/test_words.py",
)
MAX_TEST_NAME = 60


def tracked() -> list[Path]:
    listed = subprocess.run(("git", "ls-files", "-z"), cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [Path(name) for name in listed.split("\0") if name and not name.startswith(QUOTED)]


@cache
def texts() -> dict[Path, str]:
    """Return the content of every tracked text file."""
    contents = {path: (ROOT / path).read_bytes() for path in tracked() if (ROOT / path).is_file()}
    return {path: content.decode() for path, content in contents.items() if b"\0" not in content}


@pytest.mark.parametrize("word", TERMS)
def test_text_uses_the_usual_term(word: str) -> None:
    pattern = re.compile(word, re.IGNORECASE if word.islower() else 0)
    found = [
        f"{path}:{text.count(chr(10), 0, match.start()) + 1}: {match[0]!r}"
        for path, text in texts().items()
        for match in pattern.finditer(text)
    ]
    assert found == [], f"use instead: {TERMS[word]}"


def test_test_names_are_short() -> None:
    names = {
        name
        for path, text in texts().items()
        for name in re.findall(r"^ *(?:async )?def (test_\w+)", text, re.MULTILINE)
    }
    assert names
    assert {name for name in names if len(name) > MAX_TEST_NAME} == set()


def test_glossary_has_at_most_25_terms() -> None:
    """A reader can learn that many; a new term has to replace another one."""
    rows = re.findall(r"^\| (?!term |-)(.+?) +\|", (DOCS / "glossary.md").read_text(), re.MULTILINE)
    assert rows == sorted(set(rows), key=str.lower)
    assert 0 < len(rows) <= 25
