"""Guarantee: an order that is taken from a set is warned of, since a set of texts has another order in each process."""

from pathlib import Path

import pytest

from .layers import check, line_of

HEAD = """
from dataclasses import dataclass, field


def names() -> set[str]:
    return set()


@dataclass
class Box:
    Tags: set[str] = field(default_factory=set)
    Lines: list[str] = field(default_factory=list)

    def row(self):
        return {row}
"""


@pytest.mark.parametrize(
    "apply",
    [
        "list({'a', 'b'})",
        "tuple(set(payload))",
        "','.join(set(payload))",
        "[x for x in set(payload)]",
        "tuple(x for x in frozenset(payload))",
        "for x in {'a', 'b'}:\n    self.last = x",
        "s = set(payload)\nself.first = next(iter(s))",
        "s = set(payload)\nself.first = s.pop()",
        "s: set[str] = payload\nself.first = [*s]",
        "s = set(payload) | {'x'}\nself.names = list(s)",
        "s = set(payload).union(['x'])\nself.names = list(s)",
        "self.text = f'{set(payload)}'",
        "list(names())",
        "first, second = set(payload)",
        "self.names = []\nself.names.extend(set(payload))",
        "list(enumerate(set(payload)))",
        "self.tags = set(payload)\nself.names = list(self.tags)",
    ],
)
def test_an_order_out_of_a_set_is_warned_of(tmp_path: Path, apply: str) -> None:
    report = check(tmp_path, head=HEAD.format(row="1"), apply=apply)
    assert report.errors == ()
    assert report.warnings != ()
    for warning in report.warnings:
        assert "File.apply takes an order from a set" in warning
        assert "use sorted(...)" in warning


@pytest.mark.parametrize(
    "apply",
    [
        "sorted({'a'}), len({'a'}), sum({1}), min({1}), max({1}), any({1}), all({1})",
        "sorted(x for x in set(payload)), sorted(list(set(payload))), set(list(set(payload)))",
        "'a' in set(payload), set(payload) == {'a'}",
        "{x for x in set(payload)}, {x: 1 for x in set(payload)}",
        "any(x for x in set(payload)), sum(1 for x in set(payload))",
        "for x in set(payload):\n    self.seen.add(x)\n    self.by_name[x] = 1",
        "for x in sorted(set(payload)):\n    self.last = x",
        "s = list(set(payload))\ns.sort()",
        "for x in set(payload):\n    if x == 'a':\n        raise ValueError",
        "list(payload), ','.join(payload), [x for x in payload], payload.pop()",
        "self.lines = list(payload)\nlist(self.lines)",
    ],
)
def test_what_is_the_same_in_any_order_is_none(tmp_path: Path, apply: str) -> None:
    assert check(tmp_path, head=HEAD.format(row="1"), apply=apply).warnings == ()


@pytest.mark.parametrize("row", ["list(self.Tags)", "','.join(self.Tags)"])
def test_an_attribute_that_is_annotated_as_a_set_is_one(tmp_path: Path, row: str) -> None:
    (warning,) = check(tmp_path, head=HEAD.format(row=row), apply="Box().row()").warnings
    place = line_of(tmp_path, row)
    assert warning.startswith(f"domain_handler.py:{place}: File.apply takes an order from a set through Box.row")


def test_an_attribute_of_an_object_of_unknown_class_is_one_if_all_classes_say_so(tmp_path: Path) -> None:
    report = check(tmp_path, head=HEAD.format(row="1"), to_item="list(file.other.Tags), list(file.other.Lines)")
    (warning,) = report.warnings
    assert "Domain.to_dynamo_item takes an order from a set (list(...))" in warning
