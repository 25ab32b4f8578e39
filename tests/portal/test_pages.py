"""The static files of the pages: complete in both languages, small, and nothing from outside or from a text."""

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

from handler.provisioning.error_table import DOCUMENTED, GATEWAY, OWN

PAGES = Path(__file__).resolve().parents[2] / "express_sync" / "portal" / "pages" / "site"
FILES = {path.relative_to(PAGES).as_posix(): path.read_text(encoding="utf-8") for path in sorted(PAGES.rglob("*.*"))}
SCRIPTS = {name: text for name, text in FILES.items() if name.endswith(".js")}
LANGUAGES = ("en", "zh")
MAX_BYTES = 60_000
MAX_LINES = 200
# What could make markup of a text, run a text, or break the content security policy.
FORBIDDEN = (
    r"\binnerHTML\b",
    r"\bouterHTML\b",
    r"\binsertAdjacentHTML\b",
    r"\bdocument\.write\b",
    r"\beval\(",
    r"\bnew Function\b",
    r"\bsetAttribute\(\"(style|on)",
    r"\bsrcdoc\b",
    r" style=",
    r" on[a-z]+=\"",
    r"https?://(?!www\.w3\.org/2000/svg)",
    r"\bXXX\b|\bTODO\b",
)
# Keys that are put together from a part and a value.
COMPUTED = r"\bt\(`([^`]+)`|\bhas\(`([^`]+)`"


def document(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILES[f"texts/{name}.json"])
    return found


@pytest.mark.parametrize(("language", "other"), [LANGUAGES, LANGUAGES[::-1]])
def test_pages_are_small_enough_when_compressed(language: str, other: str) -> None:
    """A browser loads every file but the texts of the other language."""
    loaded = [text for name, text in FILES.items() if not name.endswith(f"{other}.json")]
    assert sum(len(gzip.compress(text.encode(), 9)) for text in loaded) <= MAX_BYTES


@pytest.mark.parametrize("pattern", FORBIDDEN)
def test_no_file_makes_markup_or_loads_from_outside(pattern: str) -> None:
    assert [name for name, text in FILES.items() if re.search(pattern, text)] == []


def test_scripts_are_small_modules() -> None:
    assert {name for name, text in SCRIPTS.items() if text.count("\n") > MAX_LINES} == set()


def test_both_languages_have_the_same_texts() -> None:
    english, chinese = (document(language) for language in LANGUAGES)
    assert english.keys() == chinese.keys()
    for key, text in english.items():
        assert placeholders(text) >= placeholders(chinese[key]) >= placeholders(text) - {"count"}, key


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


def used_keys() -> set[str]:
    plain = re.findall(r"\b(?:t|has|count)\(\"([^\"]+)\"", "\n".join(SCRIPTS.values()))
    chosen = re.findall(r"\bt\([^()\"`]*\? \"([^\"]+)\" : \"([^\"]+)\"", "\n".join(SCRIPTS.values()))
    return {*plain, *(key for pair in chosen for key in pair)}


def test_every_text_in_use_exists() -> None:
    texts = document("en").keys()
    assert {key for key in used_keys() if key not in texts and f"{key}.other" not in texts} == set()


def test_every_text_is_in_use() -> None:
    """A key is in use as it is, or as the value of a pattern such as `status.${status}`."""
    patterns = [
        re.escape(one or other).replace(r"\$", "$") for one, other in re.findall(COMPUTED, "\n".join(SCRIPTS.values()))
    ]
    computed = re.compile("|".join(re.sub(r"\$\\\{.*?\\\}", ".*", pattern) for pattern in patterns))
    strings = set(re.findall(r"\"([\w.-]+)\"", "\n".join(SCRIPTS.values())))
    unused = {
        key
        for key in document("en")
        if re.sub(r"\.(one|other)$", "", key) not in strings and not computed.fullmatch(key)
    }
    assert unused == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_advice_covers_every_error_code(language: str) -> None:
    advice = document(f"advice.{language}")
    assert advice.keys() == {*DOCUMENTED, *GATEWAY, *OWN, "Throttling"}
    wanted = {"requester", "operator"} if language == "en" else {"means", "requester", "operator"}
    assert {code for code, texts in advice.items() if texts.keys() != wanted or not all(texts.values())} == set()


def test_scripts_name_only_modules_that_exist() -> None:
    for name, text in SCRIPTS.items():
        for target in re.findall(r"from \"(\.[^\"]+)\"", text):
            assert (PAGES / name).parent.joinpath(target).resolve().is_file(), (name, target)
