"""Guarantee: the README shows the costs that the code computes."""

import re

from cp_event_source.pages.costs import estimate, summary
from cp_event_source.pages.costs.page import LOADS

from .markdown import REPOSITORY

README = (REPOSITORY / "README.md").read_text()
SECTION = README.partition("## What it costs\n")[2].partition("\n## ")[0]


def test_the_table_is_the_one_that_the_code_makes() -> None:
    assert f"\n\n{summary()}\n\n" in SECTION, "put the output of cp_event_source.costs.summary() there"


def test_the_sums_are_those_that_the_code_computes() -> None:
    for row, development in (("**sum**", False), ("sum with `development=True`", True)):
        (cells,) = re.findall(rf"^\| {re.escape(row)} \| (.*) \|$", SECTION, re.MULTILINE)
        shown = [float(cell.strip("*").replace(",", "")) for cell in cells.split(" | ")]
        computed = [estimate(number, development=development).dollars for number in LOADS]
        for in_readme, dollars in zip(shown, computed, strict=True):
            assert abs(in_readme - dollars) <= (0.5 if dollars >= 1000 else 0.005)


def test_the_section_has_no_other_amounts_in_dollars() -> None:
    """Prices change. Amounts belong in the code."""
    assert "$" not in SECTION.replace("| $ a month, by events a month |", "")
