"""Numbers, tables and text in Markdown."""

import re
import textwrap
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

_WIDTH: Final = 120


def dollars(amount: float) -> str:
    """An amount in cents; from a thousand dollars on in whole dollars, since no estimate is that exact."""
    smallest = Decimal("0.01") if amount < 1000 else Decimal(1)
    return f"{Decimal(str(amount)).quantize(smallest, ROUND_HALF_UP):,}"


def quantity(number: float) -> str:
    """A number, without a fraction if it is large."""
    return f"{number:,.0f}" if number >= 100 or number == int(number) else f"{number:.3g}"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; a column whose cells are all numbers is aligned to the right."""
    rows = list(rows)
    right = [all(_is_number(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = (columns, ["---:" if each else "---" for each in right], *rows)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def wrapped(text: str) -> str:
    """A paragraph, or a list whose items begin with `- `, in lines of at most 120 characters."""
    parts = re.split(r"^(?=- )", text, flags=re.MULTILINE)
    return "\n".join(
        textwrap.fill(
            " ".join(part.split()),
            _WIDTH,
            subsequent_indent="  " if part.startswith("- ") else "",
            break_long_words=False,
            break_on_hyphens=False,
        )
        for part in parts
        if part
    )


def _is_number(cell: str) -> bool:
    return re.fullmatch(r"[*+]*[\d,.]+\**", cell) is not None
