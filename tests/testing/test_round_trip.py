"""Guarantee: the check finds every value that storage gives back as another value or type, and nothing else."""

from pathlib import Path

import pytest

from cp_event_source.testing import event, load

from .layers import counter, write

LAYER = """
import enum, re, uuid, itertools
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from functools import cached_property, partial
from types import SimpleNamespace
from zoneinfo import ZoneInfo

class Status(enum.Enum):
    OPEN = "open"

class Text(str):
    pass

@dataclass
class Part:
    Size: object = 0

Point = namedtuple("Point", "x y")

class Slotted:
    __slots__ = ("DomainId", "V", "__hidden")
    def __init__(self, domain_id, value):
        self.DomainId, self.V, self.__hidden = domain_id, None, value

class Unreadable(dict):
    def __init__(self, value):
        self.value = value
    def __repr__(self):
        raise RuntimeError
    __eq__ = __hash__ = items = __repr__

class Noted:
    __slots__ = ("__pydantic_fields_set__", "value")
    def __init__(self, *values):
        self.value, self.__pydantic_fields_set__ = values[0], set(values)

def enclosed(value):
    return lambda: value

class Thing:
    def __init__(self, domain_id, value):
        self.DomainId, self.V = domain_id, value

    @cached_property
    def seen(self):
        return object()

    def apply(self, payload):
        self.seen
        self.V = {value}

class Domain:
    @staticmethod
    def create_new(domain_id):
        return Thing(domain_id, None)

    @staticmethod
    def from_dynamo_item(item):
        stored = item.V
        return Thing(item.DomainId, {back})

    @staticmethod
    def to_dynamo_item(thing):
        value = thing.V
        return {"DomainId": thing.DomainId, "V": {to}}
"""


def layer(folder: Path, value: str, to: str, back: str) -> Path:
    source = LAYER.replace("{value}", value).replace("{to}", to).replace("{back}", back)
    return write(folder, source)


CHANGED = [
    ("Status.OPEN", "value", "stored", "Thing.V: Status.OPEN (Status) comes back as 'open' (str) after Set;"),
    ("uuid.UUID(int=5)", "value", "stored", "comes back as '00000000-0000-0000-0000-000000000005' (str)"),
    ("date(2026, 1, 2)", "value", "stored", "datetime.date(2026, 1, 2) (date) comes back as '2026-01-02' (str)"),
    ("Decimal('5.00')", "value", "stored", "Thing.V: Decimal('5.00') (Decimal) comes back as 5 (int) after Set;"),
    ("0.5", "value", "stored", "Thing.V: 0.5 (float) comes back as Decimal('0.5') (Decimal)"),
    ("(1, 2)", "value", "stored", "Thing.V: (1, 2) (tuple) comes back as [1, 2] (list)"),
    ("[1, Status.OPEN]", "value", "stored", "Thing.V[1]: Status.OPEN (Status) comes back as 'open'"),
    ("{'a': {'b': date(2026, 1, 2)}}", "value", "stored", "Thing.V['a']['b']: datetime.date(2026, 1, 2) (date) comes"),
    ("Part(1)", "value", "stored", "Thing.V: Part(Size=1) (Part) comes back as {'Size': 1} (dict)"),
    ("Part(Decimal('1'))", "value", "Part(**stored)", "Thing.V.Size: Decimal('1') (Decimal) comes back as 1 (int)"),
    ("Text('a')", "value", "stored", "Thing.V: 'a' (Text) comes back as 'a' (str)"),
    ("{1: 'a'}", "{str(k): v for k, v in value.items()}", "stored", "Thing.V[1]: 'a' (str) does not come back"),
    ("defaultdict(list)", "value", "stored", "(defaultdict) comes back as {} (dict)"),
    ("Counter(a=1)", "value", "stored", "(Counter) comes back as {'a': 1} (dict)"),
    ("{Decimal(1), Decimal(2)}", "value", "stored", "(set) comes back as {1, 2} (set) after Set; convert"),
    ("deque([date(2026, 1, 2)])", "list(value)", "deque(stored)", "Thing.V[0]: datetime.date(2026, 1, 2) (date)"),
    ("Point(1, Status.OPEN)", "list(value)", "Point(*stored)", "Thing.V[1]: Status.OPEN"),
    ("SimpleNamespace(a=1)", "[]", "SimpleNamespace()", "Thing.V.a: 1 (int) does not come back after Set;"),
    ("SimpleNamespace()", "[]", "SimpleNamespace(a=1)", "Thing.V.a: is missing, and comes back as 1 (int)"),
    ("Slotted('a', 1)", "[]", "Slotted('a', 2)", "Thing.V._Slotted__hidden: 1 (int) comes back as 2 (int)"),
    ("enclosed(3)", "[]", "enclosed(0)", "Thing.V(value): 3 (int) comes back as 0 (int) after Set;"),
    ("partial(print, 3)", "[]", "partial(print, 4)", "Thing.V.args[0]: 3 (int) comes back as 4 (int)"),
    ("lambda x=[3]: x", "[]", "lambda x=[]: x", "comes back as|does not come back"),
    (
        "datetime(2026, 7, 1, tzinfo=ZoneInfo('Europe/Berlin'))",
        "value",
        "datetime.fromisoformat(stored)",
        "zoneinfo.ZoneInfo(key='Europe/Berlin')) (datetime) comes back as datetime.datetime(",
    ),
    ("True", "1", "stored", "Thing.V: True (bool) comes back as 1 (int)"),
    ("re.compile('a')", "value.pattern", "re.compile(stored, re.I)", "Thing.V(argument 1): 32 (int) comes back as 34"),
    ("Unreadable(1)", "[]", "Unreadable(2)", "Thing.V.value: 1 (int) comes back as 2 (int)"),
    ("-0.0", "value", "float(stored)", "Thing.V: -0.0 (float) comes back as 0.0 (float)"),
]

KEPT = [
    ("Status.OPEN", "value", "Status(stored)"),
    ("Decimal('5.00')", "value", "Decimal(stored)"),
    ("{'a', 'b'}", "value", "stored"),
    ("{3, 2}", "sorted(value)", "set(stored)"),
    ("[{'a': [None, True, 1, 'x', b'y']}]", "value", "stored"),
    ("{'b': 1, 'a': 2}", "dict(sorted(value.items()))", "stored"),
    ("Part(Part(uuid.UUID(int=5)))", "value", "Part(Part(uuid.UUID(stored['Size']['Size'])))"),
    ("datetime(2026, 7, 1, tzinfo=ZoneInfo('UTC'))", "value", "datetime.fromisoformat(stored)"),
    ("deque([1], 3)", "list(value)", "deque(stored, 3)"),
    ("Slotted('a', 1)", "[]", "Slotted('a', 1)"),
    ("enclosed(3)", "[]", "enclosed(3)"),
    ("defaultdict(list, a=[1])", "value", "defaultdict(list, stored)"),
    ("{(1, 2): 'a'}", "[[*k, v] for k, v in value.items()]", "{(a, b): v for a, b, v in stored}"),
    ("re.compile('a')", "value.pattern", "re.compile(stored)"),
    ("Unreadable(1)", "[]", "Unreadable(1)"),
    ("Unreadable(Decimal('nan'))", "[]", "Unreadable(Decimal('nan'))"),
    ("Noted(1)", "[]", "Noted(1, 2)"),
    ("timedelta(hours=1)", "int(value.total_seconds())", "timedelta(seconds=stored)"),
]

_NUMBERS = "\nnumbers = itertools.count()\n"


@pytest.mark.parametrize(("value", "to", "back", "message"), CHANGED)
def test_what_comes_back_otherwise_is_found(tmp_path: Path, value: str, to: str, back: str, message: str) -> None:
    with pytest.raises(AssertionError) as raised:
        load(layer(tmp_path, value, to, back)).check_round_trip([event("Set")])
    assert any(each in str(raised.value) for each in message.split("|")), str(raised.value)


@pytest.mark.parametrize(("value", "to", "back"), KEPT)
def test_what_comes_back_as_it_was_is_not(tmp_path: Path, value: str, to: str, back: str) -> None:
    tested = load(layer(tmp_path, value, to, back))
    assert not tested.given(event("Set")).parked
    tested.check_round_trip([event("Set"), event("Set")])


@pytest.mark.parametrize(
    ("to", "back", "phase"),
    [
        ("value", "item.Missing", "from_dynamo_item"),
        ("object()", "stored", "to_dynamo_item"),
        ("value", "3", "round trip"),
    ],
)
def test_an_object_that_cannot_be_stored_or_read_is_found(tmp_path: Path, to: str, back: str, phase: str) -> None:
    """It parks in production, whatever the events are."""
    tested = load(layer(tmp_path, "3", to, back))
    if phase == "round trip":
        source = (tmp_path / "domain_handler.py").read_text()
        (tmp_path / "domain_handler.py").write_text(source.replace('"V": value', '"V": next(numbers)') + _NUMBERS)
        tested = load(tmp_path)
    with pytest.raises(AssertionError, match=rf"(?s)parked at Set .*event 1 of 2, in {phase}:"):
        tested.check_round_trip([event("Set"), event("Set")])


def test_an_object_that_contains_itself_ends(tmp_path: Path) -> None:
    layer_of_itself = layer(tmp_path, "self", "'x'", "None")
    with pytest.raises(AssertionError, match=r"Thing\.V: \(itself\) comes back as None"):
        load(layer_of_itself).check_round_trip([event("Set")])


def test_all_attributes_are_named_at_once_with_the_first_event(tmp_path: Path) -> None:
    tested = load(layer(tmp_path, "{'a': Decimal(len(payload)), 'b': date(2026, 1, 2)}", "value", "stored"))
    events = [event("First"), event("Second"), event("Other", domain_id="another")]
    with pytest.raises(AssertionError) as raised:
        tested.check_round_trip(events)
    lines = str(raised.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == ["Thing.V['a']", "Thing.V['b']"]
    assert all("after First" in line for line in lines)


def test_an_attribute_can_be_ignored(tmp_path: Path) -> None:
    load(layer(tmp_path, "Status.OPEN", "value", "stored")).check_round_trip([event("Set")], ignore=["V"])


def test_an_object_that_cannot_be_stored_is_said_to(tmp_path: Path) -> None:
    """No comparison finds it, since there is nothing to compare."""
    layer = load(counter(tmp_path, "self.Names = object()"))
    with pytest.raises(
        AssertionError, match=r"(?s)parked at A .*in to_dynamo_item:.*Names: a value of the type object"
    ):
        layer.check_round_trip([event("A")])


def test_a_class_whose_repr_fails_is_shown_all_the_same(tmp_path: Path) -> None:
    broken = "class Broken(str):\n    def __repr__(self):\n        raise KeyError"
    layer = load(counter(tmp_path, "self.Names = [Broken('a')]", broken))
    with pytest.raises(AssertionError, match=r"its repr raises KeyError\) \(Broken\) comes back as 'a' \(str\)"):
        layer.check_round_trip([event("A")])
