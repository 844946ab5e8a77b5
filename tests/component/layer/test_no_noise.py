"""Guarantee: logic that is written well has nothing to report, however much of Python it uses."""

import sys
from pathlib import Path

import pytest

from cp_event_source.layer.findings import Report

from .layers import check

HEAD = """\
from __future__ import annotations
import enum, functools, re, json
from collections import defaultdict, Counter
from contextlib import suppress
from dataclasses import dataclass, field, asdict, replace
from datetime import datetime, timezone, timedelta, date
from decimal import Decimal, ROUND_HALF_UP, localcontext
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple, Protocol, overload, Literal, TypeVar, Generic
from zoneinfo import ZoneInfo
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from cp_event_source.domain_logic import Item

T = TypeVar("T")
PATTERN = re.compile("x")
RATES: Final = {"a": Decimal("1")}
ZONE = ZoneInfo("Europe/Zurich")

class State(enum.StrEnum):
    NEW = "NEW"
    OLD = enum.auto()

class Point(NamedTuple):
    x: int
    y: int = 0

class Named(Protocol):
    name: str

@dataclass(frozen=True, slots=True)
class Money:
    amount: Decimal = Decimal(0)
    currency: str = "CHF"
    ZERO: ClassVar[Money]
    def __add__(self, other: Money) -> Money:
        return replace(self, amount=self.amount + other.amount)
    def __hash__(self): return hash((self.amount, self.currency))
    @property
    def is_zero(self) -> bool: return not self.amount
Money.ZERO = Money()

@dataclass(kw_only=True)
class Line:
    money: Money = Money()
    tags: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    @classmethod
    def parse(cls, item: Mapping[str, Any]) -> Line:
        return cls(money=Money(Decimal(item["a"])), tags=set(item.get("tags", ())))
    def row(self):
        return {"a": self.money.amount, "tags": sorted(self.tags), **({"n": self.notes} if self.notes else {})}

class Repo(Generic[T]):
    def __init__(self): self.items: dict[str, T] = {}
    def add(self, key: str, item: T) -> None: self.items[key] = item

@functools.singledispatch
def show(x): return str(x)
@show.register
def _(x: int): return "int"

def total(lines: Iterable[Line]) -> Decimal:
    out = Decimal(0)
    by = defaultdict(list)
    for line in lines:
        out += line.money.amount
        by[line.money.currency].append(line)
    counts = Counter(x for line in lines for x in line.tags)
    with suppress(KeyError):
        counts.pop("x")
    return out.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)

def matches(text: str) -> bool:
    if (m := PATTERN.match(text)) is None:
        return False
    return any(g for g in m.groups())
"""

APPLY = """\
self.at = datetime.fromisoformat(event_time).astimezone(timezone.utc) + timedelta(days=1)
r = Repo(); r.add("x", 1)
l = Line.parse(payload); l.tags.add("x"); l.notes.append("y")
self.l = l.row(); total([l]); matches("x"); show(1); Point(1); State("NEW"); l.money + Money.ZERO
match event_name:
    case "A" | "B": pass
    case str() as other if other in RATES: self.o = RATES[other]
    case _: raise ValueError(f"unknown {event_name!r}")
for tag in sorted(l.tags): self.t = tag
if {"a"} & l.tags: self.x = True
self.count = len(l.tags | {"x"})
self.tags = l.tags - {"y"}
self.d = date.fromisoformat("2020-01-01").isoformat()
with localcontext() as ctx: ctx.prec = 5
"""


def test_good_logic_has_nothing_to_report(tmp_path: Path) -> None:
    assert check(tmp_path, head=HEAD, apply=APPLY) == Report((), ())


@pytest.mark.skipif(sys.version_info < (3, 12), reason="this Python cannot read it")
def test_type_parameters_are_names(tmp_path: Path) -> None:
    head = """
        type Pair[T] = tuple[T, T]
        def first[T](values: list[T]) -> T:
            return T, values[0]
        class Box[T](list[T]):
            def put(self, x: T):
                return T
        """
    assert check(tmp_path, head=head, apply="first([1]), Box().put(1)") == Report((), ())
