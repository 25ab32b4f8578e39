"""Tables whose rows are all known before they are printed."""

from collections.abc import Iterable

from rich import box
from rich.console import Console, RenderableType
from rich.table import Column, Table


def table(console: Console, columns: Iterable[Column], rows: Iterable[Iterable[RenderableType]]) -> Table:
    """Return a table with a ruled heading for a terminal, and with plain columns for anything else."""
    is_ruled = console.is_terminal
    gap = 1 if is_ruled else 2  # the box adds another column between cells
    result = Table(
        *columns,
        box=box.SIMPLE_HEAD if is_ruled else None,
        padding=(0, gap, 0, 0),
        pad_edge=False,
        show_edge=False,
        header_style="bold",
    )
    for row in rows:
        result.add_row(*row)
    return result
