"""`express-sync doctor`: whether everything is there that a request needs on its way, and what to do if not."""

import os
from collections import Counter

import click
from rich.text import Text

from ops import show
from ops.credentials import find
from ops.diagnosis.checks import CHECKS, examine
from ops.diagnosis.finding import Finding
from ops.diagnosis.patient import Patient
from ops.problems import ExitCode, leave
from ops.target import Target, at_target

SIGNS = {"ok": ("✓", "green"), "wrong": ("✗", "bold red"), "unknown": ("?", "yellow")}
_WIDTH = max(map(len, CHECKS))


@click.command(short_help="Check a cloud from end to end, and say what to mend.")
@click.option("--json", "as_json", is_flag=True, help="Print each finding as one line of JSON.")
@at_target
def doctor(target: Target, as_json: bool) -> None:
    """Check credentials, queues, topic, subscriptions, function, role, trigger, permissions and buckets of a cloud.

    Only looks, so it needs no --yes anywhere. It asks with your key; the function acts with its own role. Each line
    is marked ✓ (well), ✗ (wrong, and what to do) or ? (cannot be seen from here, and what would show it).

    \b
    Examples:
      express-sync doctor
      express-sync doctor --profile env
      express-sync doctor --json | jq -r 'select(.mark == "wrong") | .cure'

    \b
    Exit codes:
      0    nothing is wrong
      1    something is wrong
      2    not possible; one sentence says why
      130  interrupted
    """
    found = find(target.profile, os.environ)  # noqa: TID251 - a command line's environment is its settings
    marks: Counter[str] = Counter()
    for check, finding in examine(Patient(target.profile, found)):
        _show(check, finding, as_json=as_json)
        marks[finding.mark] += 1
    _conclude(marks)


def _show(check: str, finding: Finding, *, as_json: bool) -> None:
    if as_json:
        show.json_line({"check": check, "mark": finding.mark, "says": finding.says, "cure": finding.cure})
        return
    sign, style = SIGNS[finding.mark]
    show.line(Text.assemble((sign, style), f" {check:<{_WIDTH}}  ", show.printable(finding.sentence)))


def _conclude(marks: Counter[str]) -> None:
    unseen = f" {marks['unknown']} could not be seen." if marks["unknown"] else ""
    if marks["wrong"]:
        are = "is" if marks["wrong"] == 1 else "are"
        show.verdict(f"{marks['wrong']} of {marks.total()} findings {are} wrong.{unseen}", is_good=False)
        leave(ExitCode.UNWELCOME)
    show.verdict(f"Nothing is wrong.{unseen}", is_good=True)
