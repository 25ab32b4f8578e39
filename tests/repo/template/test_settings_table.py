"""docs/operations.md lists every setting as the function reads it and as the template passes it."""

from express_sync.local.template.parser import parse
from express_sync.paths import TEMPLATE
from handler.config import PREFIX, VARIABLES
from tests.repo.template.passed_settings import parameters_of_settings
from tests.support.checkout import DOCS

PAGE = DOCS / "operations.md"
HEAD = ("variable", "parameter", "default", "allowed", "what it does")


def table() -> str:
    """Return the table that the page has to contain."""
    parameters = parameters_of_settings(parse(TEMPLATE.read_text(encoding="utf-8")))
    rows: list[tuple[str, ...]] = [HEAD]
    for name, variable in VARIABLES.items():
        parameter = f"`{parameters[name]}`" if name in parameters else "-"
        default = "required" if variable.default is None else variable.default or "none"
        rows.append((f"`{PREFIX}{name}`", parameter, default, variable.expected, variable.meaning))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, tuple("-" * width for width in widths))
    return "\n".join("| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in rows)


def test_settings_table_of_the_runbook_is_that_of_the_code() -> None:
    """On a difference, the failure shows the lines that the page needs."""
    section = PAGE.read_text(encoding="utf-8").partition("\n## Settings\n")[2].partition("\n## ")[0]
    documented = [line for line in section.splitlines() if line.startswith("|")]
    assert "\n".join(documented) == table()
