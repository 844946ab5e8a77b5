"""Guarantee: what objects share, so that one's data may reach another's row, is warned of where it is made or changed;
tables that are only read are not."""

from pathlib import Path

import pytest

from .layers import check, line_of


@pytest.mark.parametrize(
    ("attribute", "kind"),
    [
        ("Tags: list = []", "list"),
        ("Tags = {}", "dict"),
        ("Tags = set()", "set"),
        ("Tags: list[str] = ['new']", "list"),
        ("Tags = Counter()", "dict"),
        ("Tags: ClassVar[list] = []", "list"),
        ("TAGS = []", "list"),
    ],
)
def test_a_class_attribute_that_is_a_container_is_warned_of(tmp_path: Path, attribute: str, kind: str) -> None:
    head = f"from collections import Counter\nfrom typing import ClassVar\n\n\nclass Tag:\n    {attribute}\n"
    (warning,) = check(tmp_path, head=head).warnings
    name = attribute[:4]
    assert warning.startswith(f"domain_handler.py:6: Tag.{name} is one {kind} that all objects of the class share, ")
    assert f"field(default_factory={kind})" in warning


@pytest.mark.parametrize(
    "head",
    [
        "class Tag:\n    NAMES = {'a': 1}\n    LIST = ['a']\n    __slots__ = ['a']\n    T = ()\n    F = frozenset()\n",
        "from typing import ClassVar\nclass Tag:\n    Table: ClassVar[dict] = {'a': 1}\n",
        "import enum\nclass Tag(enum.Enum):\n    A = ['a']\n",
        "from dataclasses import dataclass, field\n@dataclass\nclass Tag:\n    A: list = field(default_factory=list)\n",
        "class Tag:\n    def __init__(self):\n        self.Tags = []\n",
    ],
)
def test_tables_that_are_only_read_and_containers_of_each_object_are_none(tmp_path: Path, head: str) -> None:
    assert check(tmp_path, head=head).warnings == ()


def test_a_constant_that_is_changed_is_none_any_more(tmp_path: Path) -> None:
    head = "class Tag:\n    SEEN = ['a']\n    def keep(self, x):\n        self.SEEN.append(x)\n"
    (warning,) = check(tmp_path, head=head, apply="Tag().keep(1)").warnings
    assert "Tag.SEEN is one list" in warning


@pytest.mark.parametrize("parameters", ["x, tags=[]", "x, *, tags={}", "x, tags=set()", "x, tags=dict()"])
def test_a_default_that_all_calls_share_is_warned_of(tmp_path: Path, parameters: str) -> None:
    (warning,) = check(tmp_path, {"rules.py": f"def keep({parameters}): ...\n"}, head="import rules").warnings
    assert warning.startswith("rules.py:1: rules.keep has one ")
    assert "as the default of tags, which all calls share" in warning


@pytest.mark.parametrize(
    "change",
    [
        "SEEN.append(x)",
        "SEEN[0] = x",
        "SEEN[x].append(1)",
        "del SEEN[0]",
        "SEEN.setdefault(x, []).append(1)",
        "SEEN += [x]",
        "seen = SEEN\n    seen.append(x)",
        "STATE.items = x",
        "STATE.items.append(x)",
        "global LAST\n    LAST = x",
        "next(COUNTER)",
        "Tag.last = x",
        "other.LAST = x",
        "other.SEEN.update(x)",
    ],
)
@pytest.mark.parametrize("reached", [True, False])
def test_a_change_of_what_a_module_or_a_class_holds_is_warned_of_where_it_is_reached(
    tmp_path: Path, change: str, *, reached: bool
) -> None:
    rules = (
        "import itertools\nimport other\nSEEN = []\nLAST = None\nCOUNTER = itertools.count()\nclass Tag: ...\n"
        f"STATE = Tag()\ndef keep(x):\n    {'global SEEN; ' if '+=' in change else ''}{change}\n"
    )
    files: dict[str, str | bytes] = {"rules.py": rules, "other.py": "SEEN = set()\nLAST = 1\n"}
    found = check(tmp_path, files, head="import rules", apply="rules.keep(payload)" if reached else "pass")
    assert found.errors == ()
    if reached:
        (warning,) = found.warnings
        place = line_of(tmp_path, change.splitlines()[-1].strip(), "rules.py")
        assert warning.startswith(f"rules.py:{place}: File.apply changes ")
        assert "through rules.keep, which all domain objects share" in warning
    else:
        assert found.warnings == ()


@pytest.mark.parametrize(
    "apply",
    [
        "seen = []\nseen.append(payload)",
        "seen = list(SEEN)\nseen.append(payload)",
        "SEEN = []\nSEEN.append(payload)",
        "self.seen = []\nself.seen.append(SEEN[0])",
        "payload.update(x=1)",
        "len(SEEN), SEEN.index(1), sorted(SEEN)",
    ],
)
def test_what_belongs_to_one_object_or_call_is_none(tmp_path: Path, apply: str) -> None:
    assert check(tmp_path, head="SEEN = []", apply=apply).warnings == ()


def test_a_table_that_decorators_fill_on_import_is_none(tmp_path: Path) -> None:
    head = """
        HANDLERS = {}
        def on(name):
            def keep(function):
                HANDLERS[name] = function
                return function
            return keep
        @on("x")
        def on_x(file): ...
        """
    assert check(tmp_path, head=head, apply="HANDLERS[event_name](self)").warnings == ()


@pytest.mark.parametrize("decorator", ["cache", "lru_cache", "lru_cache(maxsize=None)"])
@pytest.mark.parametrize("reached", [True, False])
def test_a_cache_is_warned_of_where_it_is_reached(tmp_path: Path, decorator: str, *, reached: bool) -> None:
    head = f"from functools import cache, lru_cache\n@{decorator}\ndef rate(x):\n    return x\n"
    found = check(tmp_path, head=head, apply="rate(1)" if reached else "pass").warnings
    if reached:
        (warning,) = found
        assert warning.startswith("domain_handler.py:2: File.apply reaches rate, whose results are kept by ")
    else:
        assert found == ()
