"""Prints findings one by one, then a summary."""

from collections import Counter
from collections.abc import Iterable

from rich.text import Text

from express_sync.ops.doctor.checks import CHECKS, run_checks
from express_sync.ops.doctor.cloud import InspectedCloud
from express_sync.ops.doctor.finding import Finding
from express_sync.ops.terminal import output
from express_sync.ops.terminal.errors import ExitCode, exit_with
from express_sync.ops.terminal.printable import printable
from express_sync.ops.terminal.streams import can_print

_SIGNS = {"ok": ("✓", "+", "green"), "wrong": ("✗", "x", "bold red"), "unknown": ("?", "?", "yellow")}
_WIDTH = max(map(len, CHECKS))


def report(cloud: InspectedCloud, *, as_json: bool) -> Counter[str]:
    """Print each finding as a line of text or JSON as soon as it is known; return the number of each mark."""
    marks: Counter[str] = Counter()
    for check, finding in run_checks(cloud):
        _print(check, finding, as_json=as_json)
        marks[finding.mark] += 1
    return marks


def print_findings(check: str, findings: Iterable[Finding]) -> None:
    """Print the findings of one check as text."""
    for finding in findings:
        _print(check, finding, as_json=False)


def document(check: str, finding: Finding) -> dict[str, str]:
    """Return a finding as a JSON object."""
    return {"check": check, "mark": finding.mark, "message": finding.message, "fix": finding.fix}


def conclude(marks: Counter[str]) -> None:
    """Print a summary, and exit with UNSUCCESSFUL if a finding is wrong."""
    unknown = f" {marks['unknown']} could not be determined." if marks["unknown"] else ""
    if marks["wrong"]:
        are = "is" if marks["wrong"] == 1 else "are"
        output.summary(f"{marks['wrong']} of {marks.total()} findings {are} wrong.{unknown}", is_good=False)
        exit_with(ExitCode.UNSUCCESSFUL)
    output.summary(f"Nothing is wrong.{unknown}", is_good=True)


def _print(check: str, finding: Finding, *, as_json: bool) -> None:
    if as_json:
        output.json_line(document(check, finding))
        return
    sign, ascii_sign, style = _SIGNS[finding.mark]
    sign = sign if can_print(sign) else ascii_sign
    output.print_line(Text.assemble((sign, style), f" {check:<{_WIDTH}}  ", printable(finding.sentence)))
