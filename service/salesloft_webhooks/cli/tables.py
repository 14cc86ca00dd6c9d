"""Tables that fit on a screen: at most `WIDTH` columns, with a word about what was cut.

Ids and names are never cut: people copy them into the next command. What is long by nature (a list of event types, an
error) is, and `--json` has it whole.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from salesloft_webhooks.cli.console import show, stdout
from salesloft_webhooks.printable_text import printable

if TYPE_CHECKING:
    from rich.text import Text

WIDTH = 100
"""Columns of a table where the output goes into a file or a pipe, or onto a wider terminal."""
GAP = 2
LEAST = 12
"""A column is not cut below this."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    Attributes:
        cells: One per column.
        below: A line of its own under them, for what no column has room for; empty: none.
        alarming: Columns whose cells are red.
    """

    cells: Sequence[object]
    below: str = ""
    alarming: Collection[str] = ()


def show_table(
    columns: Sequence[str],
    rows: Iterable[Row | Sequence[object]],
    *,
    numbers: Collection[str] = (),
    cut: Collection[str] = (),
) -> None:
    """Print what `render_table` makes."""
    show(render_table(columns, rows, numbers=numbers, cut=cut))


def render_table(
    columns: Sequence[str],
    rows: Iterable[Row | Sequence[object]],
    *,
    numbers: Collection[str] = (),
    cut: Collection[str] = (),
) -> "Text":
    """A table as one text; says at its end what was cut. Cells are plain text, never markup.

    Args:
        columns: Headings.
        rows: Cells by column, or `Row`.
        numbers: Columns that are right-aligned.
        cut: Columns that may be shortened until the table fits, the last one first.
    """
    from rich.cells import cell_len
    from rich.text import Text

    table = [row if isinstance(row, Row) else Row(row) for row in rows]
    texts = [[single_line(cell) for cell in row.cells] for row in table]
    natural = [max(map(cell_len, column)) for column in zip(columns, *texts, strict=True)]
    widths = _fitted(natural, [name in cut for name in columns], width())
    shortened = {name for name, size, fitted in zip(columns, natural, widths, strict=True) if size > fitted}

    def line(cells: Sequence[str], style: str, alarming: Collection[str] = ()) -> Text:
        parts = [Text(cell, "red" if name in alarming else style) for name, cell in zip(columns, cells, strict=True)]
        for name, part, size in zip(columns, parts, widths, strict=True):
            part.truncate(size, overflow="ellipsis")
            part.align("right" if name in numbers else "left", size)
        joined = Text(" " * GAP).join(parts)
        joined.rstrip()
        return joined

    lines = [line(columns, "bold")]
    for row, cells in zip(table, texts, strict=True):
        lines.append(line(cells, "", row.alarming))
        if row.below:
            below = Text(f"    {single_line(row.below)}", "dim")
            shortened |= {"the lines below"} if below.cell_len > width() else set()
            below.truncate(width(), overflow="ellipsis")
            lines.append(below)
    if shortened:
        lines.append(Text(f"(cut to fit: {', '.join(sorted(shortened))}; --json shows everything)", "dim"))
    return Text("\n").join(lines)


def width() -> int:
    """Columns there are: the terminal's, and at most `WIDTH`."""
    console = stdout()
    return min(console.width, WIDTH) if console.is_terminal else WIDTH


def one_line(text: str) -> "Text":
    """A line that fits; the end of what does not is left out."""
    from rich.text import Text

    line = Text(single_line(text))
    line.truncate(width(), overflow="ellipsis")
    return line


def _fitted(natural: Sequence[int], may_cut: Sequence[bool], available: int) -> list[int]:
    widths = list(natural)
    for at in reversed(range(len(widths))):
        excess = sum(widths) + GAP * (len(widths) - 1) - available
        if excess > 0 and may_cut[at]:
            widths[at] = max(min(LEAST, widths[at]), widths[at] - excess)
    return widths


def single_line(cell: object) -> str:
    """A text without line breaks, which would tear a table, and without what a terminal would obey."""
    return printable(" ".join(str(cell).splitlines()))
