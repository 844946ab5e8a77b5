"""Guarantee: the check finds data that one object leaves for another, wherever the layer keeps it."""

from pathlib import Path
from typing import Any

import pytest

from cp_event_source.testing import event, load

from .layers import counter

PLANTED: dict[str, tuple[str, str, dict[str, str], str]] = {
    "an attribute set on the class": (
        "kind = type(self)\nsetattr(kind, 'total', getattr(kind, 'total', 0) + 1)\nself.Count = kind.total",
        "",
        {},
        "domain_handler.Counter.total: ",
    ),
    "a default argument through an alias": (
        "collect(self)",
        "def collect(counter, into=[]):\n    known = into\n    known.append(1)\n    counter.Count = len(known)",
        {},
        "domain_handler.collect(default 0)[0]: nothing became 1 (int)",
    ),
    "a module's container reached by getattr": (
        (
            "store = getattr(__import__('helper'), 'ca' + 'che')\nstore.setdefault(event_name, self.DomainId)\n"
            "self.Names = [store[event_name]]"
        ),
        "",
        {"helper": "cache = {}"},
        "helper.cache",
    ),
    "a cache by a key that objects share": (
        "self.Names.append(first_time(event_name, event_time))",
        (
            "import functools\nclass Key(str):\n    pass\ndef first_time(name, time):\n    return known(name)(time)\n"
            "@functools.lru_cache\ndef known(name):\n    times = []\n"
            "    def first(time):\n        times.append(time)\n        return len(times)\n    return first"
        ),
        {},
        "domain_handler.known: CacheInfo(hits=0",
    ),
    "a variable that a closure encloses": (
        "self.Count = numbered()",
        (
            "def numbering():\n    n = 0\n    def next_number():\n        nonlocal n\n"
            "        n += 1\n        return n\n    return next_number\nnumbered = numbering()"
        ),
        {},
        "domain_handler.numbered(n): 0 (int) became",
    ),
    "an attribute of a function": (
        "mark.calls = getattr(mark, 'calls', 0) + 1\nself.Count = mark.calls",
        "def mark():\n    pass",
        {},
        "mark.calls",
    ),
    "an iterator of the module": (
        "self.Count = next(NUMBERS)",
        "import itertools\nNUMBERS = itertools.count(1)",
        {},
        "domain_handler.NUMBERS",
    ),
    "what is kept by DomainId": (
        "seen = KEPT.setdefault(self.DomainId, [])\nseen.append(event_id)\nself.Count = len(seen)",
        "KEPT = {}",
        {},
        "an earlier fold of itself",
    ),
    "an exception for the second object": (
        "if OPEN and OPEN[0] != self.DomainId:\n    raise ValueError('busy')\nOPEN[:] = [self.DomainId]",
        "OPEN = []",
        {},
        "ValueError: busy",
    ),
    "a base class's container": (
        "Base.all_names.append(event_name)\nself.Names = list(Base.all_names)",
        "from base import Base",
        {"base": "class Base:\n    all_names = []"},
        "base.Base.all_names",
    ),
}

HISTORY = [event("A", {"X": "a"}), event("B", {"X": 1}), event("A", {"X": "c"})]


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_leak_is_found(tmp_path: Path, fault: str) -> None:
    apply, before, modules, message = PLANTED[fault]
    with pytest.raises(AssertionError) as raised:
        load(counter(tmp_path, apply, before, **modules)).check_isolated(HISTORY)
    text = str(raised.value)
    assert message in text
    assert "'object-1'" in text
    assert "in the same process" in text


def test_the_attribute_and_both_objects_are_named(tmp_path: Path) -> None:
    layer = load(counter(tmp_path, "SEEN.append(1)\nself.Count = len(SEEN)", "SEEN = []"))
    with pytest.raises(AssertionError) as raised:
        layer.check_isolated([event("A", domain_id="one"), event("A", domain_id="two")])
    first, second, *_ = str(raised.value).splitlines()
    assert first.startswith("the row of 'two' after A (")
    assert first.endswith("depends on events of 'one' in the same process")
    assert second == "  Count: alone 1 (int), after the other 2 (int)"


def test_what_is_no_leak_is_not(tmp_path: Path) -> None:
    """A cache of what is always the same, data that no row shows, and what differs in every process anyway."""
    apply = "CALLS.append(event_id)\nself.Names = [rate(event_name), str(uuid.uuid4()), str(time.time_ns())]"
    before = "import functools, time, uuid\nCALLS = []\nrate = functools.cache(str.upper)"
    load(counter(tmp_path, apply, before)).check_isolated(HISTORY)


def test_this_process_keeps_nothing_of_the_check(tmp_path: Path) -> None:
    layer = load(counter(tmp_path, "SEEN.append(1)\nself.Count = len(SEEN)", "SEEN = []"))
    with pytest.raises(AssertionError):
        layer.check_isolated(HISTORY)
    layer.given(event("A")).then({"Count": 1, "Names": ["A"]})


def test_any_payload_can_be_that_of_a_further_object(tmp_path: Path) -> None:
    payloads: list[Any] = [None, "text", [1, {"A": True}], {"A": 0.5, "B": -3}, {"C": "x" * 300_000 + "y"}]
    load(counter(tmp_path)).check_isolated([event("A", payload) for payload in payloads])
