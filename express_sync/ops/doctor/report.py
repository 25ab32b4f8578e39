"""How an examination is told: finding by finding, then in one sentence. Must not know what is examined."""

from collections import Counter

from rich.text import Text

from express_sync.ops.doctor.checks import CHECKS, examine
from express_sync.ops.doctor.cloud import Patient
from express_sync.ops.doctor.finding import Finding
from express_sync.ops.terminal import output
from express_sync.ops.terminal.errors import ExitCode, exit_with

_SIGNS = {"ok": ("✓", "green"), "wrong": ("✗", "bold red"), "unknown": ("?", "yellow")}
_WIDTH = max(map(len, CHECKS))


def report(patient: Patient, *, as_json: bool) -> Counter[str]:
    """Show every finding as it comes, as a line for people or of JSON; how many bear each mark."""
    marks: Counter[str] = Counter()
    for check, finding in examine(patient):
        _show(check, finding, as_json=as_json)
        marks[finding.mark] += 1
    return marks


def document(check: str, finding: Finding) -> dict[str, str]:
    """A finding for scripts."""
    return {"check": check, "mark": finding.mark, "says": finding.says, "cure": finding.cure}


def conclude(marks: Counter[str]) -> None:
    """Sum up, and end the command if something is wrong."""
    unseen = f" {marks['unknown']} could not be seen." if marks["unknown"] else ""
    if marks["wrong"]:
        are = "is" if marks["wrong"] == 1 else "are"
        output.summary(f"{marks['wrong']} of {marks.total()} findings {are} wrong.{unseen}", is_good=False)
        exit_with(ExitCode.UNSUCCESSFUL)
    output.summary(f"Nothing is wrong.{unseen}", is_good=True)


def _show(check: str, finding: Finding, *, as_json: bool) -> None:
    if as_json:
        output.json_line(document(check, finding))
        return
    sign, style = _SIGNS[finding.mark]
    output.print_line(Text.assemble((sign, style), f" {check:<{_WIDTH}}  ", output.printable(finding.sentence)))
