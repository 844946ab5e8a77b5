"""Guarantee: what fails when the function imports the layer, or runs a line, is an error if reading shows it."""

from pathlib import Path

import pytest

from .layers import check, line_of

DATACLASSES = (
    "from dataclasses import KW_ONLY, dataclass, field\nfrom typing import ClassVar\nimport dataclasses as d\n"
)


@pytest.mark.parametrize(
    "default", ["[]", "{}", "{1}", "list()", "dict(a=1)", "set()", "[x for x in ()]", "field(default=[])", "Money(1)"]
)
@pytest.mark.parametrize("decorator", ["dataclass", "dataclass(slots=True)", "d.dataclass"])
def test_a_mutable_default_of_a_dataclass_is_an_error(tmp_path: Path, default: str, decorator: str) -> None:
    head = f"{DATACLASSES}@dataclass\nclass Money:\n    a: int\n@{decorator}\nclass Tag:\n    A: object = {default}\n"
    (error,) = check(tmp_path, head=head).errors
    assert error.startswith("domain_handler.py:9: Tag.A has a mutable default, one ")
    assert "write field(default_factory=" in error


@pytest.mark.parametrize(
    "fields",
    [
        "A: list = field(default_factory=list)",
        "A: tuple = ()",
        "A: frozenset = frozenset()",
        "A: object = Frozen(1)",
        "A: ClassVar[tuple] = ()",
        "A: int\n    B: int = 0",
        "A: int = 0\n    _: KW_ONLY\n    B: int",
        "A: int = 0\n    B: int = field(kw_only=True)",
        "A: int = field(init=False, default=0)\n    B: int",
        "A: ClassVar[int] = 0\n    B: int",
    ],
)
def test_what_dataclass_takes_is_none(tmp_path: Path, fields: str) -> None:
    head = f"{DATACLASSES}@dataclass(frozen=True)\nclass Frozen:\n    a: int\n@dataclass\nclass Tag:\n    {fields}\n"
    namespace: dict[str, object] = {"__name__": "head"}
    exec(head, namespace)  # Python takes it
    assert check(tmp_path, head=head).errors == ()


@pytest.mark.parametrize(
    ("classes", "name"),
    [
        ("@dataclass\nclass Tag:\n    A: int = 0\n    B: int\n", "Tag.B"),
        ("@dataclass\nclass Base:\n    A: int = 0\n@dataclass\nclass Tag(Base):\n    B: int\n", "Tag.B"),
        ("@dataclass\nclass Tag:\n    A: list = field(default_factory=list)\n    B: int = field()\n", "Tag.B"),
    ],
)
def test_a_field_without_default_after_one_with_a_default_is_an_error(tmp_path: Path, classes: str, name: str) -> None:
    with pytest.raises(TypeError):
        exec(DATACLASSES + classes, {"__name__": "head"})
    (error,) = check(tmp_path, head=DATACLASSES + classes).errors
    assert f"{name} has no default but comes after A, which has one" in error


@pytest.mark.parametrize(
    ("head", "name"),
    [
        ("@register\nclass Tag: ...", "register"),
        ("class Tag(Base): ...", "Base"),
        ("RATE = Decimal(1)", "Decimal"),
        ("def at(x=Decimal(1)): ...", "Decimal"),
        ("class Tag:\n    A = Decimal(1)", "Decimal"),
    ],
)
def test_a_name_that_the_import_uses_and_nothing_defines_is_an_error(tmp_path: Path, head: str, name: str) -> None:
    (error,) = check(tmp_path, head=head).errors
    assert error.endswith(f"the import uses {name}, which nothing defines; import it, or correct the name")


def test_a_parameter_that_apply_uses_but_does_not_declare_is_an_error(tmp_path: Path) -> None:
    (error,) = check(tmp_path, apply="self.By = user_id").errors
    assert error == (
        f"domain_handler.py:{line_of(tmp_path, 'user_id')}: File.apply uses user_id, which nothing defines; declare it "
        "as a parameter of apply"
    )


def test_a_name_in_a_helper_counts_where_the_helper_is_reached(tmp_path: Path) -> None:
    rules = "def used():\n    return Decimal(1)\n\n\ndef unused():\n    return nothing\n"
    (error,) = check(tmp_path, {"rules.py": rules}, head="from rules import used", apply="used()").errors
    assert error.startswith("rules.py:2: File.apply uses Decimal, which nothing defines; import it")


@pytest.mark.parametrize(
    ("head", "apply"),
    [
        ("", "x: Missing = 1"),
        ("def f(x: Missing) -> Missing: ...", "f(1)"),
        ("from rules import *", "fee"),
        ("globals()['fee'] = 1", "fee"),
        ("", "[x for x in payload], (lambda y: y)(1), {z: w for z, w in payload.items()}"),
        ("", "try:\n    pass\nexcept ValueError as error:\n    raise error"),
        (
            "",
            "match payload:\n    case {'a': first, **rest}:\n        first, rest\n    case [*others]:\n        others",
        ),
        ("", "with self as x:\n    x"),
        ("", "def inner():\n    return outer\nouter = 1\ninner()"),
        ("", "import json\njson.loads('1')"),
        ("", "if (n := 1):\n    n"),
        ("", "__file__, __name__, __class__"),
        ("def g():\n    global LATE\n    LATE = 1", "LATE"),
        ("class A:\n    X = 1\n    Y = X", "A.Y"),
    ],
)
def test_a_name_that_something_defines_is_none(tmp_path: Path, head: str, apply: str) -> None:
    files: dict[str, str | bytes] = {"rules.py": "fee = 1\n"}
    assert check(tmp_path, files, head=head, apply=apply).errors == ()


@pytest.mark.parametrize(
    ("apply", "kind"),
    [("return True", "bool"), ("return {'a': 1}", "dict"), ("return f'{1}'", "str"), ("return payload == 1", "bool")],
)
def test_apply_that_returns_something_else_than_the_object_is_an_error(tmp_path: Path, apply: str, kind: str) -> None:
    (error,) = check(tmp_path, apply=apply).errors
    assert error.startswith(
        f"domain_handler.py:{line_of(tmp_path, apply)}: File.apply returns a {kind}, which takes the place of"
    )


def test_apply_that_yields_never_runs(tmp_path: Path) -> None:
    (error,) = check(tmp_path, apply="yield 1").errors
    assert "File.apply yields, so that nothing in it runs" in error


def test_a_method_that_returns_nothing_is_an_error(tmp_path: Path) -> None:
    check(tmp_path)
    path = tmp_path / "domain_handler.py"
    path.write_text(path.read_text().replace("return File", "File").replace('return {"', 'x = {"'))
    from cp_event_source.layer.contract_check import check_domain_layer

    found = [each.message.split(";")[0] for each in check_domain_layer(tmp_path).errors]
    assert found == [
        "Domain.from_dynamo_item returns None",
        "Domain.create_new returns None",
        "Domain.to_dynamo_item returns None",
    ]
