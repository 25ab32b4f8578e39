"""Rows that are printed one at a time in fixed columns, which are narrower or fewer on a narrow terminal."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from express_sync.ops.terminal import output

_GAP, _TINY_GAP = 2, 1


@dataclass(frozen=True, slots=True)
class Column:
    """A column and its width; `narrow` and `tiny` are the widths on narrower terminals, 0 if it is left out there."""

    name: str
    width: int
    narrow: int
    tiny: int
    is_number: bool = False


class Listing:
    """A heading and lines in the same columns; a cell that is too long is not cut and moves the rest of its line."""

    def __init__(self, columns: Sequence[Column], width: int) -> None:
        self._columns = columns
        layouts = zip(*((each.width, each.narrow, each.tiny) for each in columns), strict=True)
        wide, narrow, tiny = (tuple(widths) for widths in layouts)
        self.is_wide = _fits(wide, width)
        is_tiny = not _fits(narrow, width)
        self._gap = _TINY_GAP if is_tiny else _GAP
        self._widths = wide if self.is_wide else tiny if is_tiny else narrow

    def heading(self) -> Text:
        """Return the names of the columns."""
        text = self.line(*(column.name for column in self._columns))
        text.stylize("bold")
        return text

    def line(self, *cells: str | Text) -> Text:
        """Return one line; `cells` are those of all columns, the ones left out included."""
        line = Text()
        for column, width, cell in zip(self._columns, self._widths, cells, strict=True):
            if width:
                text = Text(cell) if isinstance(cell, str) else cell
                blanks = " " * max(0, width - text.cell_len)
                line.append_text(Text(" " * self._gap if line else ""))
                line.append_text(Text.assemble(blanks, text) if column.is_number else Text.assemble(text, blanks))
        line.rstrip()
        return line


def _fits(widths: Sequence[int], width: int) -> bool:
    return sum(each + _GAP for each in widths if each) - _GAP <= width


class Rows:
    """Prints rows as they come, and the heading before the first."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._listing = Listing(columns, output.results().width)
        self._is_first = True

    def add(self, *cells: str | Text) -> None:
        """Print one row; `cells` are those of all columns."""
        if self._is_first:
            output.print_line(self._listing.heading())
            self._is_first = False
        output.print_line(self._listing.line(*cells))
