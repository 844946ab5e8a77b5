"""The README's arithmetic is right."""

import re
from decimal import Decimal

import pytest

from .markdown import REPOSITORY

README = (REPOSITORY / "README.md").read_text()
ROWS = re.findall(r"^\| .* \| ([\d,]+) [^\u00d7|]*\u00d7 \$([\d.]+)/M \| ([\d.]+) \|$", README, re.MULTILINE)
SUM = re.search(r"^\| \*\*sum\*\* \| \| \*\*([\d.]+)\*\* \|$", README, re.MULTILINE)

CENT = Decimal("0.01")


def product(count: str, price: str) -> Decimal:
    return Decimal(count.replace(",", "")) * Decimal(price) / 1_000_000


@pytest.mark.parametrize(("count", "price", "cost"), ROWS)
def test_a_line_is_its_count_times_its_price(count: str, price: str, cost: str) -> None:
    assert abs(product(count, price) - Decimal(cost)) <= CENT / 2


def test_the_sum_is_the_lines_added_up() -> None:
    assert SUM is not None
    assert len(ROWS) == README.count("/M | ")
    total = sum((product(count, price) for count, price, _ in ROWS), Decimal())
    assert abs(total - Decimal(SUM[1])) <= CENT / 2
