"""Lists the mutants of the pure core that no test fails for, and fails for one without a written reason.

Run by `make mutants` after mutmut; reads its results and `reasons.json`, whose entries name a change by its lines. A
mutant that ends by its time limit needs a reason, too: tests that hang for another cause would look the same.
"""

import json
import subprocess
import sys
from pathlib import Path

REASONS = Path(__file__).with_name("reasons.json")


def _mutmut(*arguments: str) -> str:
    command = [str(Path(sys.executable).with_name("mutmut")), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _results() -> dict[str, str]:
    lines = (line.strip().rpartition(": ") for line in _mutmut("results", "--all", "true").splitlines())
    return {name: state for name, separator, state in lines if separator}


def _change(mutant: str) -> tuple[str, str]:
    """The line that the mutant takes away and the one it puts there."""
    lines = _mutmut("show", mutant).splitlines()
    gone = [line[1:].strip() for line in lines if line.startswith("-") and not line.startswith("---")]
    new = [line[1:].strip() for line in lines if line.startswith("+") and not line.startswith("+++")]
    return " ".join(gone), " ".join(new)


def main() -> int:
    """Print the tally and every mutant that was not killed; 0 if each of them has a reason, else 1."""
    results = _results()
    reasons = {(entry["was"], entry["mutant"]): entry["why"] for entry in json.loads(REASONS.read_bytes())}
    remaining = {name: state for name, state in results.items() if state != "killed"}
    unexplained = 0
    for name, state in remaining.items():
        was, now = _change(name)
        why = reasons.get((was, now))
        unexplained += why is None
        print(f"{name}: {state}\n  was  {was}\n  is   {now}\n  why  {why or 'NO REASON GIVEN'}")
    print(f"{len(results)} mutants, {len(results) - len(remaining)} killed, {len(remaining)} remain,", end=" ")
    print(f"{unexplained} of them without a reason")
    return 1 if unexplained or not results else 0


if __name__ == "__main__":
    sys.exit(main())
