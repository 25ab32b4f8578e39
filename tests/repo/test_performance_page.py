"""docs/performance.md: its table of missed goals is that of the run in the repository."""

import json
import re
from typing import Any

from benchmarks.comparison import figure
from tests.support.checkout import DOCS

ROWS = json.loads((DOCS / "benchmarks" / "results.json").read_bytes())["rows"]


def limited(row: dict[str, Any]) -> str:
    """Return the figure that the goal of a row limits: the ratio, or that of the function."""
    return figure(row["ratio" if row["goal"].startswith("ratio") else "ours"]["median"])


def test_table_has_each_missed_goal_with_its_figure() -> None:
    """No other goal is in it, and each has its reason."""
    section = (DOCS / "performance.md").read_text(encoding="utf-8").partition("## Goals that are missed\n")[2]
    table = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \| (.+?) \| .+ \|$", section.partition("\n## ")[0], re.MULTILINE)
    missed = [(row["measure"], row["beside"], row["goal"], limited(row)) for row in ROWS if row["met"] is False]
    assert table[2:] == missed
