"""The report: sections with tables in Markdown, and guarantees that were checked against the counts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Cell = str | int | float


@dataclass(frozen=True, slots=True)
class Table:
    """A table. Numbers are aligned to the right."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    title: str = ""
    note: str = ""
    """What a reader must know to read it."""

    def lines(self) -> Iterator[str]:
        texts = [[shown(cell) for cell in row] for row in self.rows]
        widths = [max(map(len, column)) for column in zip(self.columns, *texts, strict=True)]
        right = [
            all(cell == "" or not isinstance(cell, str) for cell in column) for column in zip(*self.rows, strict=True)
        ]
        if self.title:
            yield from (f"**{self.title}**", "")
        yield _line(self.columns, widths, right)
        yield _line([f"{'-' * (width - 1)}{':' if r else '-'}" for width, r in zip(widths, right, strict=True)], widths)
        yield from (_line(row, widths, right) for row in texts)
        if self.note:
            yield from ("", self.note)


@dataclass(frozen=True, slots=True)
class Check:
    """A guarantee about counts, and whether it holds. There are none about times: these depend on the machine."""

    guarantee: str
    holds: bool

    def line(self) -> str:
        return f"- {'holds' if self.holds else 'BROKEN'}: {self.guarantee}"


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the report."""

    title: str
    tables: Sequence[Table]
    checks: Sequence[Check] = ()

    def text(self) -> str:
        lines = [f"## {self.title}", ""]
        for table in self.tables:
            lines += [*table.lines(), ""]
        lines += [check.line() for check in self.checks]
        return "\n".join(lines).rstrip() + "\n"


def shown(cell: Cell) -> str:
    """A number with three or four significant digits. Texts stay unchanged."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, int) or cell == int(cell):
        return f"{int(cell):,}"
    size = abs(cell)
    digits = 0 if size >= 1000 else 1 if size >= 100 else 2 if size >= 1 else 3 if size >= 0.1 else 4
    text = f"{cell:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool] = ()) -> str:
    aligned = [
        cell.rjust(width) if right and right[number] else cell.ljust(width)
        for number, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return f"| {' | '.join(aligned)} |"
