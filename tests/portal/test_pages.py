"""The static files of the pages: complete in both languages, small, and nothing from outside or from a text."""

import gzip
import json
import re
from typing import Any

import pytest

from express_sync.portal.pages.compact_files import compacted
from handler.inbound.validation import SCHEMAS
from handler.provisioning.error_table import DOCUMENTED, GATEWAY, OWN
from tests.support.checkout import DOCS, ROOT

PAGE = (DOCS / "portal-pages.md").read_text(encoding="utf-8")
PAGES = ROOT / "express_sync" / "portal" / "pages" / "site"
FILES = {path.relative_to(PAGES).as_posix(): path.read_text(encoding="utf-8") for path in sorted(PAGES.rglob("*.*"))}
SCRIPTS = {name: text for name, text in FILES.items() if name.endswith(".js")}
FORM_KEYS = json.loads((SCHEMAS / "forms" / "catalogue.en.json").read_bytes()).keys()
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
)
# The module that looks texts up, whose own keys are parameters.
VIEWS = "\n".join(text for name, text in SCRIPTS.items() if name != "js/core/i18n.js")


def document(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILES[f"texts/{name}.json"])
    return found


def test_pages_are_small_enough_when_compressed() -> None:
    """With the texts of both languages, as they are served."""
    assert f"at most {MAX_BYTES // 1000} kB compressed" in PAGE
    served = [compacted(name, text) for name, text in FILES.items()]
    assert sum(len(gzip.compress(text.encode(), 9)) for text in served) <= MAX_BYTES


def test_files_are_served_without_comments_and_indentation() -> None:
    for name, text in FILES.items():
        served = compacted(name, text)
        assert not re.search(r"^\s|^//|^/\*|\n\n", served, re.MULTILINE), name
        assert re.sub(r"\s", "", served) in {re.sub(r"\s", "", text), *_without_comments(text)}, name


def _without_comments(text: str) -> list[str]:
    """Return the words of the lines that no comment begins."""
    lines = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL).splitlines()
    return [re.sub(r"\s", "", "".join(line for line in lines if not line.strip().startswith("//")))]


def test_no_text_goes_over_several_lines() -> None:
    """Then a line can lose its indentation without a change of what is shown."""
    assert [name for name, text in SCRIPTS.items() if any(line.count("`") % 2 for line in text.splitlines())] == []


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


PLURALS = {key.removesuffix(".other") for key in document("en") if key.endswith(".other")}
KEYS = PLURALS | document("en").keys() - {f"{key}.{number}" for key in PLURALS for number in ("one", "other")}
STRINGS = set(re.findall(r"\"([\w.-]+)\"", VIEWS))
# Keys that are put together, such as `status.${status}`, as patterns of the keys that they can become.
COMPUTED = {
    re.sub(r"\\\$\\\{.*?\\\}", "[^.]+", re.escape(template))
    for template in re.findall(r"`([a-z_]+\.[^`]*\$\{[^`]*)`", VIEWS)
}


def test_every_text_in_use_exists() -> None:
    """A string like a key is one if it begins as a key does."""
    beginnings = {key.partition(".")[0] for key in KEYS if "." in key}
    like_keys = {each for each in STRINGS if re.fullmatch(r"[a-z_]+(\.\w+)+", each)}
    named = {each for each in like_keys if each.partition(".")[0] in beginnings}
    named |= set(re.findall(r"\b(?:t|has|count)\(\"([^\"]+)\"", VIEWS))
    assert named - KEYS == set()
    assert {pattern for pattern in COMPUTED if not any(re.fullmatch(pattern, key) for key in FORM_KEYS | KEYS)} == set()


def test_every_text_is_in_use() -> None:
    unused = {key for key in KEYS - STRINGS if not any(re.fullmatch(pattern, key) for pattern in COMPUTED)}
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


def test_every_export_is_used_by_another_script() -> None:
    """Each view is imported by its name `show`."""
    for name, text in SCRIPTS.items():
        others = "\n".join(other for each, other in SCRIPTS.items() if each != name)
        exported = re.findall(r"^export (?:async )?(?:const|function|class) (\w+)", text, re.MULTILINE)
        assert [each for each in exported if not re.search(rf"\b{each}\b", others)] == [], name
