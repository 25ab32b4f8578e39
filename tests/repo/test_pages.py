"""Every page of the documentation: what it names exists, and what it lists is complete."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import click
import pytest

from express_sync.local.crash_points import POINTS
from express_sync.local.sgw.errors import ERRORS
from express_sync.local.sgw.faults import KINDS
from express_sync.ops.cli import commands
from handler.config import VARIABLES
from handler.model import Adoption
from tests.support.checkout import DOCS, ROOT

PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
}
LOCAL_CLOUD, OPERATIONS, GUARANTEES = (PAGES[f"docs/{name}.md"] for name in ("local-cloud", "operations", "guarantees"))


def found(pattern: str, flags: re.RegexFlag = re.MULTILINE) -> list[tuple[str, str]]:
    """Return each page with each match of the first group of the pattern in it."""
    return [(page, text) for page, content in PAGES.items() for text in re.findall(pattern, content, flags)]


def anchors(page: Path) -> set[str]:
    """Return the anchors of the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_every_link_leads_to_a_file_and_a_heading() -> None:
    broken = []
    for page, link in found(r"\]\(([^)\s]+)\)"):
        target, _, anchor = link.partition("#")
        path = (ROOT / page).parent / target if target else ROOT / page
        if "://" not in link and not (path.exists() and (not anchor or anchor in anchors(path))):
            broken.append((page, link))
    assert broken == []


def test_every_named_test_exists() -> None:
    """A guarantee or a defence without a test is only a claim."""
    tests = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    named = found(r"`(test_\w+)`")
    assert {page for page, _ in named} >= {"docs/guarantees.md", "docs/security.md", "docs/model.md"}
    assert [(page, name) for page, name in named if f"def {name}(" not in tests and not name.endswith("_")] == []


def test_every_named_make_target_exists() -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = found(r"(?:^\$ |`)make ([a-z][a-z-]*)")
    assert len(named) > 10
    assert {(page, target) for page, target in named if target not in targets} == set()


def command_lines() -> Iterator[tuple[str, str]]:
    for page, line in found(r"(?<![\w/-])(express-sync [a-z][^`\n|]*)"):
        yield page, re.sub(r"\s+#.*", "", line)


@pytest.mark.parametrize(("page", "line"), sorted(set(command_lines())))
def test_named_command_exists_with_its_options(page: str, line: str) -> None:
    """A command of a page can be typed as it is written."""
    words = shlex.split(line.partition("(")[0].replace("'", ""))[1:]
    command: click.Command = commands
    while isinstance(command, click.Group) and words and not words[0].startswith("--"):
        name = words.pop(0).rstrip(",.;:")
        child = command.get_command(click.Context(command), name)
        assert child is not None, f"{page}: command {name} does not exist"
        command = child
    options = {name for parameter in command.params for name in parameter.opts} | {"--help"}
    assert {word.rstrip(",.;:") for word in words if word.startswith("--")} <= options, page


def test_named_setting_exists() -> None:
    """The settings of the function, and the variables of the command line."""
    settings = {f"EXPRESS_SYNC_{name}" for name in VARIABLES}
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "express_sync" / "ops").rglob("*.py"))
    removed = {"EXPRESS_SYNC_FAILURE_QUEUE"}  # the pages about its removal name it
    unknown = {name for _, name in found(r"\b(EXPRESS_SYNC_[A-Z_]+[A-Z])\b")} - settings - removed
    assert {name for name in unknown if name not in sources} == set()


def test_contributing_names_existing_files() -> None:
    """The lists of "How to add" lead to files; NAME stands for a new one."""
    paths = re.findall(r"`((?:handler|express_sync|tests|events|docs)/[\w/.]*)`", PAGES["CONTRIBUTING.md"])
    assert len(paths) > 20
    assert [path for path in paths if "NAME" not in path and not (ROOT / path).exists()] == []


def test_page_lists_every_fault_and_crash_point() -> None:
    section = LOCAL_CLOUD.partition("Any documented error code is a fault")[2].partition("## ")[0]
    faults, _, points = section.partition("The function is killed")
    named = {fault.partition(":")[0] for fault in re.findall(r"`([a-z0-9-]+(?::[A-Z]+)?)`", faults)}
    assert named == {kind.partition(":")[0] for kind in KINDS if kind not in ERRORS}
    assert set(re.findall(r"`([a-z-]+)`", points)) == set(POINTS)


def test_guarantees_describe_every_adoption_policy() -> None:
    assert [policy for policy in get_args(Adoption) if f"`{policy}`" not in GUARANTEES] == []


def test_operations_state_how_long_the_deferrals_last() -> None:
    """With the defaults, each wait is between half of its ceiling and the whole of it."""
    deferrals, base, cap = (
        float(str(VARIABLES[name].default)) for name in ("MAX_DEFERRALS", "DEFER_BASE_SECONDS", "DEFER_CAP_SECONDS")
    )
    longest = sum(min(cap, base * 2**number) for number in range(int(deferrals)))
    text = f"between {longest / 2 / 3600:.1f} and {longest / 3600:.0f} hours"
    assert text in " ".join(OPERATIONS.split())


def test_decisions_are_numbered_once_and_in_order() -> None:
    decisions = sorted((DOCS / "decisions").glob("*.md"))
    numbers = [int(path.name.partition("-")[0]) for path in decisions]
    assert numbers == list(range(1, len(decisions) + 1))
    titled = [path.read_text(encoding="utf-8").partition(".")[0] for path in decisions]
    assert titled == [f"# {number}" for number in numbers]
