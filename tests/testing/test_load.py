"""Guarantee: a layer is loaded as the function loads it, and layers in one process do not see each other's modules."""

import sys
from pathlib import Path

import pytest

from cp_event_source.handler.domain.logic import BrokenDomainLogic
from cp_event_source.testing import event, load

from .layers import counter, write


def test_layers_with_modules_of_the_same_names_are_apart(tmp_path: Path) -> None:
    first = counter(tmp_path / "first", "import rules\nself.Names.append(rules.NAME)", rules="NAME = 'first'")
    second = counter(
        tmp_path / "second",
        "self.Names.append(rules.NAME)",
        "import rules",
        rules="from later import NAME",
        later="NAME='second'",
    )
    before, path_before = dict(sys.modules), list(sys.path)
    one, two = load(first), load(second)
    for _ in range(2):  # a module that is imported within a function is imported once
        assert one.given(event("A")).state()["Names"] == ["A", "first"]
        assert two.given(event("A")).state()["Names"] == ["A", "second"]
    assert sys.path == path_before
    assert {name for name in sys.modules if name in {"domain_handler", "rules", "later"}} == set()
    assert all(sys.modules[name] is module for name, module in before.items())


def test_the_callers_module_of_the_same_name_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    callers = write(tmp_path / "callers", "", rules="NAME = 'caller'")
    monkeypatch.syspath_prepend(str(callers))
    import rules  # type: ignore[import-not-found]

    layer = load(counter(tmp_path / "layer", "import rules\nself.Names.append(rules.NAME)", rules="NAME = 'layer'"))
    assert layer.given(event("A")).state()["Names"] == ["A", "layer"]
    assert sys.modules["rules"] is rules
    assert rules.NAME == "caller"
    del sys.modules["rules"]


def test_each_load_has_fresh_modules(tmp_path: Path) -> None:
    folder = counter(
        tmp_path, "seen.append(1)\nself.Names.append(len(seen))", "from rules import seen", rules="seen=[]"
    )
    for _ in range(2):
        assert load(folder).given(event("A")).state()["Names"] == ["A", 1]
    layer = load(folder)
    layer.given(event("A"))
    assert layer.given(event("A")).state()["Names"] == ["A", 2]


def test_a_changed_file_is_loaded_at_once(tmp_path: Path) -> None:
    for text in ("one", "two"):
        folder = counter(tmp_path, "self.Names.append(NAME)", "from rules import NAME", rules=f"NAME = {text!r}")
        assert load(folder).given(event("A")).state()["Names"] == ["A", text]
    assert not list(tmp_path.rglob("*.pyc"))


def test_a_package_and_a_path_of_the_layer_are_found(tmp_path: Path) -> None:
    (tmp_path / "vendored" / "inner").mkdir(parents=True)
    (tmp_path / "vendored" / "inner" / "names.py").write_text("NAME = 'vendored'")
    before = "import sys, os\nsys.path.insert(0, os.path.join(os.path.dirname(__file__), 'vendored'))"
    layer = load(counter(tmp_path, "from inner.names import NAME\nself.Names.append(NAME)", before))
    before_path = list(sys.path)
    assert layer.given(event("A")).state()["Names"] == ["A", "vendored"]
    assert sys.path == before_path


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x = (", r"domain_handler.py:1.*cannot be imported: SyntaxError"),
        ("\n\nimport nowhere_to_be_found", r"domain_handler.py:3: .*imports nowhere_to_be_found"),
        ("import helper", r"helper.py:2, in broken: .*ZeroDivisionError"),
        ("class Domain:\n    pass", r"domain_handler.py:1: Domain.from_dynamo_item is missing"),
        ("", r"domain_handler.py: the class Domain is missing"),
    ],
)
def test_what_is_wrong_with_a_layer_has_a_place(tmp_path: Path, source: str, message: str) -> None:
    write(tmp_path, source, helper="def broken():\n    1 / 0\nbroken()\n")
    with pytest.raises(BrokenDomainLogic, match=message):
        load(tmp_path)
    assert "domain_handler" not in sys.modules
    assert "helper" not in sys.modules


@pytest.mark.parametrize(
    ("folder", "message"),
    [
        ("nowhere", "nowhere does not exist in .*give the folder that holds domain_handler.py"),
        ("empty", "empty has no domain_handler.py; create"),
        ("nested", "nested has no domain_handler.py; give nested/python instead"),
        ("nested/python/domain_handler.py", "is a file; give the folder"),
    ],
)
def test_a_folder_that_is_no_layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, message: str) -> None:
    (tmp_path / "empty").mkdir()
    write(tmp_path / "nested" / "python", "")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BrokenDomainLogic, match=message):
        load(folder)
