"""The table of clients and operations in docs/local-cloud.md, from the results of `make test-clients`."""

import json
import re
from pathlib import Path

from tests.support.checkout import DOCS

RESULTS = Path(__file__).with_name("results.json")
PAGE = DOCS / "local-cloud.md"
_SECTION = re.compile(r"(<!-- clients: make test-clients -->\n).*?(<!-- end of clients -->)", re.DOTALL)

# Service -> client -> the operations that its round completed.
Results = dict[str, dict[str, list[str]]]


def rendered(results: Results) -> str:
    """Return the lists as Markdown: for each service the clients, and each operation with those that completed it."""
    return "\n".join(_service(service, results[service]) for service in ("mns", "sgw", "fc"))


def written(page: str) -> str:
    """Return the page with the table of the results."""
    results: Results = json.loads(RESULTS.read_text(encoding="utf-8"))
    return _SECTION.sub(lambda match: f"{match[1]}{rendered(results)}{match[2]}", page)


def write_table() -> None:
    """Write the table into the page."""
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def _service(service: str, clients: dict[str, list[str]]) -> str:
    names = sorted(clients)
    operations = sorted({each for completed in clients.values() for each in completed})
    header = f"| {service} | " + " | ".join(names) + " |"
    rows = [
        f"| {each} | " + " | ".join("yes" if each in clients[name] else "" for name in names) + " |"
        for each in operations
    ]
    return "\n".join([header, "| --- " * (len(names) + 1) + "|", *rows, ""])
