"""Writes the lists of all operations into docs/local-cloud.md; run by `make operations`."""

import re
from pathlib import Path

import click

from express_sync.local import known_operations
from express_sync.local.fc.app import EMULATED as FC_EMULATED
from express_sync.local.mns.dispatcher import OPERATIONS as MNS_OPERATIONS
from express_sync.local.sgw.operations import OPERATIONS as SGW_OPERATIONS

PAGE = Path(__file__).resolve().parents[1] / "docs" / "local-cloud.md"
_SECTION = re.compile(r"(<!-- operations: make operations -->\n).*?(<!-- end of operations -->)", re.DOTALL)
_SERVICES = {
    "mns": ("SMQ (MNS): queues, topics, messages", frozenset(each.name for each in MNS_OPERATIONS)),
    "mns-open": ("SMQ (MNS): control plane", frozenset[str]()),
    "smq-proxy": ("SMQ (MNS): SMQProxy", frozenset[str]()),
    "sgw": ("Cloud Storage Gateway", frozenset(SGW_OPERATIONS)),
    "fc": ("Function Compute", FC_EMULATED),
    "fc2": ("Function Compute", FC_EMULATED),
}


def rendered() -> str:
    """Return the lists as Markdown."""
    return "\n".join(_service(name, *described) for name, described in _SERVICES.items())


def written(page: str) -> str:
    """Return the page with the current lists."""
    return _SECTION.sub(lambda match: f"{match[1]}{rendered()}{match[2]}", page)


def _service(name: str, title: str, emulated: frozenset[str]) -> str:
    table = known_operations.tables()[name]
    known = known_operations.names(name)
    parts = (("Emulated", sorted(emulated)), ("Not emulated", sorted(known - emulated)))
    lists = "".join(f"{label} ({len(names)}): {', '.join(names) or 'none'}.\n\n" for label, names in parts)
    more = f" and {known_operations.MORE_SOURCES[name]}" if name in known_operations.MORE_SOURCES else ""
    return f"**{title}, version {table['version']}**, from {table['source']}{more}.\n\n{lists}"


@click.command()
def main() -> None:
    """Write the lists of operations into the page."""
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
