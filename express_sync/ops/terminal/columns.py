"""Rows that are printed one at a time in fixed columns, which are narrower or fewer on a narrow terminal."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from express_sync.ops.terminal import output

_GAP = 2


@dataclass(frozen=True, slots=True)
class Column:
    """A column and its width; `narrow` is the width on a narrow terminal, 0 if the column is left out there."""

    name: str
    width: int
    narrow: int
    is_number: bool = False


class Listing:
    """A heading and lines in the same columns; a cell that is too long is not cut and moves the rest of its line."""

    def __init__(self, columns: Sequence[Column], width: int) -> None:
        self._columns = columns
        self.is_wide = sum(each.width + _GAP for each in columns) - _GAP <= width
        self._widths = [each.width if self.is_wide else each.narrow for each in columns]

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
                line.append_text(Text(" " * _GAP if line else ""))
                line.append_text(Text.assemble(blanks, text) if column.is_number else Text.assemble(text, blanks))
        line.rstrip()
        return line


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
