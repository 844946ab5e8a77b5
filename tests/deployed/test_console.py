"""Guarantee: a text from somewhere else cannot control the terminal of whoever reads a table, and hides nothing."""

import io
import re
import unicodedata
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from cp_event_source.deployed.console import cell, difference_table, make_table, tables_of
from cp_event_source.deployed.difference import Difference
from cp_event_source.deployed.shown import visible

ANY = st.text(st.characters(codec=None), max_size=30)
ESCAPE = re.compile(r"\\(?:[tnr]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")


def printed(*tables: object) -> str:
    console = Console(file=io.StringIO(), width=400, color_system=None, force_terminal=True)
    for table in tables:
        console.print(table)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@given(ANY)
def test_no_character_that_controls_or_hides_is_left(text: str) -> None:
    shown = visible(text)

    assert all(unicodedata.category(each)[0] in "LMNPS" or unicodedata.category(each) == "Zs" for each in shown)
    assert ESCAPE.sub(lambda found: found[0].encode().decode("unicode_escape"), shown) == text or "\\" in text
    assert visible(shown) == shown


def test_text_of_any_script_stays_as_it_is() -> None:
    for text in ("aefbd80d-7c69", "Größe", "東京\u3000都", "नमस्ते", "👩", "a\\b", "[red]x[/]", ""):
        assert visible(text) == text
        assert str(cell(text)) == text


@given(ANY)
def test_a_table_has_no_escape_sequence_of_its_texts(text: str) -> None:
    table = make_table(text)
    table.add_row(cell(text))

    assert "\x1b" not in printed(table)


def test_names_that_look_like_markup_or_escapes_are_shown() -> None:
    found = Difference("id", "Na\x1b[31mme[bold]", "one\u202e", "two\r")

    shown = printed(difference_table([found], "Row", "Fold"))

    assert r"Na\x1b[31mme[bold]" in shown
    assert r"one\u202e" in shown
    assert r"two\r" in shown


def test_many_rows_are_printed_in_parts() -> None:
    read: list[int] = []

    def rows() -> Iterator[tuple[str]]:
        for number in range(1201):
            read.append(number)
            yield (str(number),)

    tables = tables_of(["Number"], rows())
    first = next(tables)

    assert (first.row_count, len(read)) == (500, 500)
    assert [each.row_count for each in tables] == [500, 201]
