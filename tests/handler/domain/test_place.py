"""Guarantee: a failure of domain logic says which function failed, and the file and line in the layer."""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cp_event_source.handler.domain.failure import Failure
from cp_event_source.handler.domain.fold import fold
from cp_event_source.handler.domain.logic import load
from cp_event_source.handler.domain.place import MAX_PLACE_CHARACTERS, place_of
from cp_event_source.handler.domain.state import INITIAL_STATE
from tests.handler.given import stored

LAYER = """\
import rules
class Thing:
    def __init__(self, domain_id): self.domain_id = domain_id
    def apply(self, event_name): pass
class Domain:
    @staticmethod
    def create_new(domain_id): return Thing(domain_id)
    @staticmethod
    def from_dynamo_item(item): return Thing(item.DomainId)
    @staticmethod
    def to_dynamo_item(thing): return {"DomainId": thing.domain_id}
"""


@pytest.fixture
def failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Failure]:
    """Folds two events with a layer on disk, in which one line is replaced, and returns the failure."""
    monkeypatch.syspath_prepend(tmp_path)

    def failure_of(line: str, by: str, **files: str) -> Failure:
        assert line in LAYER
        files = {
            "rules": "import itertools; counter = itertools.count()",
            "domain_handler": LAYER.replace(line, by),
            **files,
        }
        for name, text in files.items():
            path = tmp_path / f"{name}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            monkeypatch.delitem(sys.modules, name.replace("/", "."), raising=False)
        importlib.invalidate_caches()
        try:
            folded = fold(load(), INITIAL_STATE, [stored(1), stored(2)], seconds_per_event=1)
        finally:
            for name in files:
                sys.modules.pop(name.replace("/", ".").removesuffix(".__init__"), None)
        assert folded.failure is not None
        return folded.failure

    return failure_of


@pytest.mark.parametrize(
    ("line", "by", "phase", "place", "reason"),
    [
        ("event_name): pass", "event_name): 1 / 0", "apply", "domain_handler.py:4", "ZeroDivisionError"),
        (
            "event_name): pass",
            "event_name):\n        return True",
            "apply",
            "domain_handler.py:4",
            "apply returned a value of the type bool",
        ),
        ("event_name): pass", "event_name):\n        while True: pass", "apply", "domain_handler.py:5", "TookTooLong"),
        ("event_name): pass", "event_name): raise SystemExit", "apply", "domain_handler.py:4", "SystemExit"),
        ("event_name): pass", "event_name): self.apply(event_name)", "apply", "domain_handler.py:4", "RecursionError"),
        (": return Thing(domain_id)", ": pass", "create_new", "domain_handler.py:6", "create_new returned None"),
        (": return Thing(domain_id)", ": return domain", "create_new", "domain_handler.py:7", "NameError"),
        (": return Thing(item.DomainId)", ": return None", "to_dynamo_item", "domain_handler.py:11", "AttributeError"),
        (
            ": return Thing(item.DomainId)",
            ": return item.Id",
            "from_dynamo_item",
            "domain_handler.py:9",
            "the row has no attribute 'Id'",
        ),
        (": return {", ": return 5 # {", "to_dynamo_item", "domain_handler.py:10", "must return a dict; found a int"),
        (": return {", ": return 5 / 0 # {", "to_dynamo_item", "domain_handler.py:11", "ZeroDivisionError"),
        (
            "thing.domain_id}",
            'thing.domain_id, "A": next(rules.counter)}',
            "round trip",
            "domain_handler.py:8",
            "A: the number",
        ),
        (
            "thing.domain_id}",
            'thing.domain_id, "A": {}.keys()}',
            "to_dynamo_item",
            "domain_handler.py:10",
            "A: a value",
        ),
        (
            "thing.domain_id}",
            'thing.domain_id, "A": "x" * 400_000}',
            "to_dynamo_item",
            "domain_handler.py:10",
            "A: takes",
        ),
    ],
)
def test_the_function_and_the_line_are_named(
    failure: Callable[..., Failure], line: str, by: str, phase: str, place: str, reason: str
) -> None:
    found = failure(line, by)
    assert (found.phase, found.place) == (phase, place)
    assert reason in found.reason


def test_a_row_that_the_logic_cannot_read_is_a_failure_of_from_dynamo_item(failure: Callable[..., Failure]) -> None:
    """The first event leaves a row that reads once: in the check of its round trip."""
    method = "@staticmethod\n    def from_dynamo_item(item): "
    found = failure(f"{method}return", f"{method}return next(rules.once) and", rules="once = iter([True])")
    assert (found.event.event_id, found.phase, found.place) == ("e-2", "from_dynamo_item", "domain_handler.py:9")


def test_the_line_is_that_of_the_innermost_own_file(failure: Callable[..., Failure]) -> None:
    found = failure("event_name): pass", "event_name): rules.check()", rules="def check():\n    {}['x']\n")
    assert found.place == "rules.py:2"


def test_a_package_that_is_installed_in_the_layer_is_not_the_place(
    failure: Callable[..., Failure], tmp_path: Path
) -> None:
    (tmp_path / "vendored-1.0.dist-info").mkdir()
    (tmp_path / "vendored-1.0.dist-info" / "RECORD").write_text("vendored/__init__.py,sha256=x,20\n")
    found = failure(
        "event_name): pass",
        "event_name): import vendored; vendored.check()",
        **{"vendored/__init__": "def check():\n    raise ValueError\n"},
    )
    assert found.place == "domain_handler.py:4"


class Odd:
    """A callable that answers anything, as some libraries' objects do."""

    def __getattr__(self, name: str) -> "Odd":
        return self

    def __call__(self) -> None: ...


def test_a_search_that_fails_leaves_the_failure_without_a_place(tmp_path: Path) -> None:
    """It must not raise: the event would come back again and again, and hold up its shard."""
    assert place_of(ValueError(), Odd(), f"{tmp_path}/") == ""


def test_of_a_long_place_the_end_is_kept(failure: Callable[..., Failure]) -> None:
    folders = "/".join(["\u00f6" * 30] * 3)
    found = failure(
        "event_name): pass",
        f"event_name):\n        from {folders.replace('/', '.')} import rules\n        rules.check()",
        **{f"{folders}/rules": "def check():\n    raise ValueError\n"},
    )
    assert len(found.place) == MAX_PLACE_CHARACTERS
    assert found.place.endswith("\\xf6/rules.py:2")
