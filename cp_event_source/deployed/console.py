"""The console, and tables for a terminal of any width or for a log."""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Column, Table
from rich.text import Text

from cp_event_source.deployed.batches import batches
from cp_event_source.deployed.counted import counted
from cp_event_source.deployed.difference import Difference
from cp_event_source.deployed.shown import short, visible

_LOG_WIDTH: Final = 120
"""Columns, if the output is not a terminal and nothing says how wide it is."""

_MAX_DIFFERENCES: Final = 100

_ROWS_OF_A_TABLE: Final = 500
"""A table is laid out when all of its rows are there, so a long one is printed in parts."""


def make_console(*, to_stderr: bool = False) -> Console:
    """The console for all output for people: as wide as the terminal, or as COLUMNS says, or wide enough for a log.

    FORCE_COLOR, which some CI systems set, asks for colours. It does not make a log a terminal.
    """
    is_terminal = (sys.stderr if to_stderr else sys.stdout).isatty()
    coloured = bool(os.environ.get("FORCE_COLOR")) and not os.environ.get("NO_COLOR")
    console = Console(
        highlight=False,
        force_terminal=is_terminal,
        color_system="standard" if coloured and not is_terminal else "auto",
        stderr=to_stderr,
    )
    if not is_terminal and not os.environ.get("COLUMNS"):
        console.width = _LOG_WIDTH
    return console


def difference_table(differences: Sequence[Difference], before: str, after: str) -> RenderableType:
    """Differences, attribute by attribute.

    Args:
        differences: what differs.
        before, after: what the two sides are.
    """
    table = make_table("DomainId", "Attribute", before, after)
    first_ones = differences[:_MAX_DIFFERENCES]
    for last, each, following in zip([None, *first_ones], first_ones, [*first_ones[1:], None], strict=False):
        name = "" if last is not None and last.domain_id == each.domain_id else short(each.domain_id)
        cells = (name, each.attribute, each.before, each.after)
        table.add_row(*map(cell, cells), end_section=following is None or following.domain_id != each.domain_id)
    return Group(table, *and_more(len(differences) - len(first_ones), "difference"))


def make_table(*headers: str) -> Table:
    """An empty table. A cell that is too long continues in the next line."""
    columns = (Column(cell(header), overflow="fold") for header in headers)
    return Table(*columns, header_style="bold", box=box.ROUNDED)


def cell(text: str, style: str = "") -> Text:
    """A text from somewhere else, such as an id, as a cell of a table: what controls a terminal is escaped."""
    return Text(visible(text), style=style)


def tables_of(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[Table]:
    """Tables of any number of rows, one after the other. Memory holds one of at most 500 rows.

    Args:
        headers: the columns of each table.
        rows: the cells of each row; they may be any text.
    """
    for some in batches(rows, _ROWS_OF_A_TABLE):
        table = make_table(*headers)
        for cells in some:
            table.add_row(*map(cell, cells))
        yield table


def and_more(count: int, what: str, several: str | None = None) -> Iterator[RenderableType]:
    if count > 0:
        yield Text(f"... and {counted(count, what, several)} more", style="dim")
