"""Draws a run of the demo as an SVG picture for the README: `python -m express_sync.ops.demo.picture FILE`."""

import io
import re
import sys
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.text import Text

from express_sync.ops.demo.display import Display
from express_sync.ops.demo.report import Report
from express_sync.ops.demo.run import run
from express_sync.ops.demo.scenario import Scenario, read
from express_sync.ops.demo.table import table
from express_sync.paths import EVENTS

_WIDTH = 96
_TIMEOUT_SECONDS = 60.0
_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)  # rich's template loads it from a content delivery network


def draw(scenario: Scenario, report: Report) -> str:
    """Return the picture of a terminal with the output of the demo."""
    console = Console(record=True, width=_WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    histories = iter(report.histories)
    console.print(Text("$ make demo", style="bold cyan"))
    for part in scenario.rounds:
        console.print(Text(f"\n{part.title}", style="bold"))
        console.print(table(list(islice(histories, len(part.samples))), console))
    console.print()
    for fact in report.facts():
        console.print(fact.line)
    result = report.summary()
    console.print(Text(result.statement, style="bold green" if result.is_good else "bold red"))
    return _FONT.sub("", console.export_svg(title="express-sync demo", unique_id="demo")).replace("Fira Code, ", "")


def main(path: Path) -> int:
    """Run the demo and write its picture; return 1 and write nothing unless everything is as expected."""
    scenario = read(EVENTS / "demo.json")
    report = run(scenario, {}, Display(is_silent=True), _TIMEOUT_SECONDS)
    if not report.summary().is_good:
        sys.stderr.write("The demo is not as expected; run `express-sync demo`.\n")
        return 1
    path.write_text(draw(scenario, report), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
