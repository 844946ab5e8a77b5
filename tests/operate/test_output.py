"""Guarantee: a document that is written as it comes is the same JSON as one that is written at once."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cp_event_source.operate.output import Output

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3), max_leaves=5
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.text(), VALUES, max_size=4), st.sets(st.text()))
def test_a_document_in_parts_is_the_document(
    capsys: pytest.CaptureFixture[str], document: dict[str, Any], streamed: set[str]
) -> None:
    members = (
        (name, iter(value) if name in streamed and isinstance(value, list) else value)
        for name, value in document.items()
    )

    Output(json=True).result(members)

    assert json.loads(capsys.readouterr().out) == document


def test_elements_are_written_before_the_next_ones_are_read(capsys: pytest.CaptureFixture[str]) -> None:
    def members() -> Iterator[tuple[str, Any]]:
        yield "events", elements()
        yield "count", 2

    def elements() -> Iterator[Any]:
        yield Decimal("0.10")
        assert capsys.readouterr().out == '{"events":[0.1'
        yield 2

    Output(json=True).result(members())

    assert capsys.readouterr().out == ',2],"count":2}\n'


def test_lines_for_people_cannot_control_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output()
    output.result({}, ["id\x1b[2J", "two\nlines"])
    output.note("a\rb")
    output.error("c\x07")

    captured = capsys.readouterr()
    assert captured.out == "id\\x1b[2J\ntwo\nlines\na\\rb\n"
    assert captured.err.strip() == "Error: c\\x07"
