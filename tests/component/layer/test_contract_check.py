"""The check of a domain's logic layer: it reads, never runs, and names file, line and what is meant."""

import sys
from pathlib import Path
from textwrap import dedent

import pytest

from cp_event_source.layer.contract_check import Report, check_domain_layer

ROOT = Path(__file__).parents[3]

APPLY = """
class File:
    def apply(self, domain_payload, event_time, event_name):
        self.name = "a"
"""
DOMAIN = """
class Domain:
    @staticmethod
    def from_dynamo_item(item):
        return File()

    @staticmethod
    def create_new(domain_id, user_id):
        return File()

    @staticmethod
    def to_dynamo_item(domain):
        return {}
"""
GOOD = APPLY + DOMAIN
COMPILED = {"elsewhere.abi3.so": ""}
"""A module that reading does not show the inside of."""


def check(folder: Path, source: str, others: dict[str, str] | None = None) -> Report:
    """The report on a layer with this domain_handler.py and these other files."""
    (folder / "domain_handler.py").write_text(dedent(source))
    for name, text in (others or {}).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
    return check_domain_layer(folder)


def line_of(source: str, text: str) -> int:
    return next(number for number, line in enumerate(source.splitlines(), 1) if text in line)


def test_a_layer_that_keeps_the_contract_has_nothing_to_report(tmp_path: Path) -> None:
    assert check(tmp_path, GOOD) == Report((), ())


def test_the_printed_example_passes_with_a_warning_about_its_clock_and_its_event_type() -> None:
    report = check_domain_layer(ROOT / "tests" / "fixtures" / "seed_layer")
    assert report.errors == ()
    event_type, clock = report.warnings
    assert "Domain.create_new calls datetime.utcnow()" in clock
    assert "FileDomain.apply declares event_type but not event_name" in event_type


@pytest.mark.parametrize("layer", sorted(ROOT.glob("examples/*/*/domain_handler.py")), ids=str)
def test_the_examples_layers_have_nothing_to_report(layer: Path) -> None:
    assert check_domain_layer(layer.parent) == Report((), ())


def test_nothing_in_the_layer_is_run(tmp_path: Path) -> None:
    report = check(tmp_path, "raise SystemExit('run')\n" + GOOD, {"helper.py": "raise SystemExit('run')"})
    assert report.errors == ()
    assert "domain_handler" not in sys.modules


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    (error,) = check_domain_layer(tmp_path / "absent").errors
    assert error == f"{tmp_path / 'absent'} does not exist; give the folder that holds domain_handler.py"


def test_a_file_in_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "domain_handler.py").write_text(GOOD)
    (error,) = check_domain_layer(tmp_path / "domain_handler.py").errors
    assert "domain_handler.py is a file; give the folder" in error


def test_of_a_folder_without_the_module_the_error_says_what_it_must_define(tmp_path: Path) -> None:
    (error,) = check_domain_layer(tmp_path).errors
    assert error == (
        f"{tmp_path} has no domain_handler.py; it must define the class Domain with the static methods "
        "from_dynamo_item(item), create_new(domain_id, user_id), to_dynamo_item(domain)"
    )


def test_of_a_folder_one_too_high_the_error_names_the_right_one(tmp_path: Path) -> None:
    (tmp_path / "python").mkdir()
    (tmp_path / "python" / "domain_handler.py").write_text(GOOD)
    (error,) = check_domain_layer(tmp_path).errors
    assert error == f"{tmp_path} has no domain_handler.py; give {tmp_path / 'python'} instead"


def test_a_syntax_error_is_named_with_its_line(tmp_path: Path) -> None:
    (error,) = check(tmp_path, GOOD + "\nif True print()\n").errors
    assert error.startswith(f"domain_handler.py:{len(GOOD.splitlines()) + 2}: Python 3.")
    assert "cannot read it: " in error


def test_a_syntax_error_in_a_module_of_the_layer_that_it_imports_is_named(tmp_path: Path) -> None:
    (error,) = check(tmp_path, "from model import File\n" + DOMAIN, {"model.py": "class File\n"}).errors
    assert error.startswith("model.py:1: Python 3.")


@pytest.mark.parametrize("content", [b"\0", b"# -*- coding: utf-8 -*-\nname = '\xff'\n"])
def test_a_file_that_is_no_text_is_an_error_and_not_a_crash(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "domain_handler.py").write_bytes(content)
    (error,) = check_domain_layer(tmp_path).errors
    assert "cannot read it" in error


def test_a_missing_domain_class_is_named(tmp_path: Path) -> None:
    (error,) = check(tmp_path, APPLY).errors
    assert error.startswith("domain_handler.py: the class Domain is missing; define the class Domain with")


@pytest.mark.parametrize("method", ["from_dynamo_item", "create_new", "to_dynamo_item"])
def test_a_missing_method_is_named_and_shown(tmp_path: Path, method: str) -> None:
    (error,) = check(tmp_path, GOOD.replace(f"def {method}", f"def {method}_")).errors
    line = line_of(GOOD, "class Domain")
    assert error.startswith(f"domain_handler.py:{line}: Domain.{method} is missing; define it: @staticmethod def")
    assert f"def {method}(" in error


@pytest.mark.parametrize("method", ["from_dynamo_item", "to_dynamo_item"])
@pytest.mark.parametrize(
    ("parameters", "listed"),
    [("", "none"), ("item, extra", "item, extra"), ("item, *, extra", "item, extra"), ("*, item", "item")],
)
def test_a_conversion_must_take_one_argument(tmp_path: Path, method: str, parameters: str, listed: str) -> None:
    before = "item" if method == "from_dynamo_item" else "domain"
    source = GOOD.replace(f"def {method}({before})", f"def {method}({parameters})")
    (error,) = check(tmp_path, source).errors
    assert error.startswith(
        f"domain_handler.py:{line_of(source, f'def {method}')}: Domain.{method} is called with one argument; "
        f"its parameters are: {listed}; write {method}("
    )


@pytest.mark.parametrize("parameters", ["item", "row, /", "item, strict=True", "*items", "item, *, strict=True"])
def test_any_way_to_take_one_argument_is_good(tmp_path: Path, parameters: str) -> None:
    report = check(tmp_path, GOOD.replace("def from_dynamo_item(item)", f"def from_dynamo_item({parameters})"))
    assert report.errors == ()


@pytest.mark.parametrize(
    "parameters",
    ["", "domain_id", "user_id, domain_id", "domain_id, user_id, event_time, event", "domain_id, size=0", "**more"],
)
def test_create_new_may_declare_any_of_the_known_parameters(tmp_path: Path, parameters: str) -> None:
    source = GOOD.replace("create_new(domain_id, user_id)", f"create_new({parameters})")
    assert check(tmp_path, source) == Report((), ())


def test_an_unknown_parameter_of_create_new_is_named_with_the_known_ones(tmp_path: Path) -> None:
    (error,) = check(tmp_path, GOOD.replace("create_new(domain_id, user_id)", "create_new(id, user_id)")).errors
    assert error == (
        f"domain_handler.py:{line_of(GOOD, 'def create_new')}: Domain.create_new requires the parameter 'id', which "
        "is not one of domain_id, user_id, event_time, event; rename it or give it a default"
    )


@pytest.mark.parametrize(
    "parameters",
    [
        "self",
        "this, payload",
        "self, domain_payload, event_time, event_name, payload, event_id, user_id, correlation_id, version, event",
        "self, event, *, strict=False",
        "self, event_name, **more",
    ],
)
def test_apply_may_declare_any_of_the_known_parameters(tmp_path: Path, parameters: str) -> None:
    source = GOOD.replace("self, domain_payload, event_time, event_name", parameters)
    source = source.replace("self.name", f"{parameters.partition(',')[0]}.name")
    assert check(tmp_path, source) == Report((), ())


@pytest.mark.parametrize("parameters", ["self, amount", "self, *, amount"])
def test_an_unknown_parameter_of_apply_is_named_with_the_known_ones(tmp_path: Path, parameters: str) -> None:
    (error,) = check(tmp_path, GOOD.replace("self, domain_payload, event_time, event_name", parameters)).errors
    assert error == (
        f"domain_handler.py:{line_of(GOOD, 'def apply')}: File.apply requires the parameter 'amount', which is not "
        "one of domain_payload, event_time, event_type, event_name, payload, event_id, user_id, correlation_id, "
        "version, event; rename it or give it a default"
    )


def test_without_a_class_with_apply_one_is_asked_for(tmp_path: Path) -> None:
    (error,) = check(tmp_path, DOMAIN.replace("File()", "object()")).errors
    assert error == (
        "domain_handler.py: no class has the method apply; define one, beside Domain: "
        "def apply(self, payload, event_name, event_time)"
    )


@pytest.mark.parametrize("parameters", ["", "*, event"])
def test_apply_must_take_the_domain_object(tmp_path: Path, parameters: str) -> None:
    source = GOOD.replace("self, domain_payload, event_time, event_name", parameters)
    assert "File.apply must be an ordinary method" in "".join(check(tmp_path, source).errors)


@pytest.mark.parametrize("decorator", ["staticmethod", "classmethod"])
def test_apply_must_be_a_method_of_the_object(tmp_path: Path, decorator: str) -> None:
    (error,) = check(tmp_path, GOOD.replace("    def apply", f"    @{decorator}\n    def apply")).errors
    assert "File.apply must be an ordinary method, with the domain object as its first parameter" in error


@pytest.mark.parametrize("method", ["from_dynamo_item", "create_new", "to_dynamo_item", "apply"])
def test_async_methods_are_refused_since_nothing_awaits_them(tmp_path: Path, method: str) -> None:
    (error,) = check(tmp_path, GOOD.replace(f"def {method}(", f"async def {method}(")).errors
    owner = "File" if method == "apply" else "Domain"
    assert error == (
        f"domain_handler.py:{line_of(GOOD, f'def {method}')}: {owner}.{method} is async and nothing awaits it; "
        "write def instead of async def"
    )


def test_a_method_with_self_but_not_static_is_an_error(tmp_path: Path) -> None:
    source = GOOD.replace("    @staticmethod\n    def create_new(", "    def create_new(self, ")
    (error,) = check(tmp_path, source).errors
    assert "Domain.create_new takes 'self' but is called on the class; write @staticmethod def create_new(" in error


def test_class_methods_are_as_good_as_static_ones(tmp_path: Path) -> None:
    source = GOOD.replace("@staticmethod", "@classmethod").replace("item(", "item(cls, ").replace("new(", "new(cls, ")
    assert check(tmp_path, source) == Report((), ())


@pytest.mark.parametrize("name", ["handler.py", "handler/tools.py"])
def test_a_module_named_handler_would_clash_with_the_functions_code(tmp_path: Path, name: str) -> None:
    (error,) = check(tmp_path, GOOD, {name: ""}).errors
    assert error == (f"{name}: a module named 'handler' clashes with the function's own code; rename it")


def test_all_problems_are_reported_at_once(tmp_path: Path) -> None:
    source = """
    class File:
        async def apply(self, amount, price): ...

    class Domain:
        def create_new(self): ...
    """
    report = check(tmp_path, source, {"handler.py": ""})
    assert len(report.errors) == 7
    for part in ("'handler'", "from_dynamo_item", "create_new", "to_dynamo_item", "async", "'amount'", "'price'"):
        assert [error for error in report.errors if part in error], part


@pytest.mark.parametrize(
    ("imports", "call"),
    [
        ("from datetime import datetime", "datetime.utcnow()"),
        ("from datetime import datetime", "datetime.now(tz=None)"),
        ("from datetime import date", "date.today()"),
        ("import datetime", "datetime.datetime.now()"),
        ("import datetime as dt", "dt.datetime.utcnow()"),
        ("import uuid", "uuid.uuid4()"),
        ("from uuid import uuid4 as new_id", "new_id()"),
        ("import random", "random.random()"),
        ("from random import choice", "choice([1])"),
        ("import secrets", "secrets.token_hex()"),
        ("import time", "time.time()"),
        ("from time import time", "time()"),
        ("", "datetime.utcnow()"),
    ],
)
@pytest.mark.parametrize("method", ["File.apply", "Domain.create_new"])
def test_what_gives_another_value_each_time_is_warned_of(tmp_path: Path, imports: str, call: str, method: str) -> None:
    line = "self.name =" if method == "File.apply" else "return File()\n\n    @staticmethod\n    def to"
    source = f"{imports}\n" + GOOD.replace(line, f"value = {call}\n        {line}")
    report = check(tmp_path, source)
    assert report.errors == ()
    (warning,) = report.warnings
    assert warning.startswith(f"domain_handler.py:{line_of(source, call)}: {method} calls {call.split('(')[0]}(), ")
    assert "use event_time" in warning


@pytest.mark.parametrize(
    "statement",
    [
        "datetime.fromisoformat(event_time)",
        "self.timer.time()",
        "now()",
        "self.random.random()",
        "time.strptime(event_time, '')",
        "self.log.now()",
    ],
)
def test_what_only_looks_like_it_is_not(tmp_path: Path, statement: str) -> None:
    source = "from datetime import datetime\nimport time\n" + GOOD.replace("self.name =", f"self.name = {statement}, ")
    assert check(tmp_path, source).warnings == ()


def test_a_clock_elsewhere_is_none_of_ours(tmp_path: Path) -> None:
    assert check(tmp_path, GOOD + "\nimport time\n\ndef helper():\n    return time.time()\n").warnings == ()


@pytest.mark.parametrize("parameters", ["event_type", "domain_payload, event_time, event_type"])
def test_event_type_alone_is_warned_of_since_it_is_always_the_same(tmp_path: Path, parameters: str) -> None:
    source = GOOD.replace("domain_payload, event_time, event_name", parameters)
    (warning,) = check(tmp_path, source).warnings
    assert warning == (
        f"domain_handler.py:{line_of(GOOD, 'def apply')}: File.apply declares event_type but not event_name; "
        "event_type is always DOMAIN here: declare event_name to tell events apart"
    )


@pytest.mark.parametrize("parameters", ["event_type, event_name", "event_type, event"])
def test_event_type_beside_what_tells_events_apart_is_fine(tmp_path: Path, parameters: str) -> None:
    assert check(tmp_path, GOOD.replace("domain_payload, event_time, event_name", parameters)).warnings == ()


def test_classes_in_the_layers_other_modules_are_checked_where_they_are_written(tmp_path: Path) -> None:
    bad = APPLY.replace("event_name", "nonsense")
    source = "from files.model import File\n" + DOMAIN
    (error,) = check(tmp_path, source, {"files/model.py": bad}).errors
    assert error.startswith(f"files/model.py:{line_of(bad, 'def apply')}: File.apply requires the parameter 'nonsense'")


def test_relative_imports_within_the_layers_packages_are_followed(tmp_path: Path) -> None:
    source = "from files import File\n" + DOMAIN
    modules = {"files/__init__.py": "from .model.file import File\n", "files/model/file.py": APPLY}
    assert check(tmp_path, source, modules) == Report((), ())


@pytest.mark.parametrize("base", ["ABC", "abc.ABC", "Protocol[str]", "object", "dict"])
def test_pythons_own_base_classes_bring_no_method_of_the_contract(tmp_path: Path, base: str) -> None:
    imports = "import abc\nfrom abc import ABC\nfrom typing import Protocol\n"
    report = check(tmp_path, f"{imports}class File({base}): ...\nclass Domain({base}): ...\n")
    assert len(report.errors) == 4
    assert report.warnings == ()


@pytest.mark.parametrize(
    "source",
    ["from pieces import Domain, File\n", "from pieces import *\n", "from pieces import Domain\n" + APPLY],
)
def test_a_module_that_imports_the_contract_from_the_layer_keeps_it(tmp_path: Path, source: str) -> None:
    assert check(tmp_path, source, {"pieces.py": GOOD}) == Report((), ())


def test_inherited_methods_count(tmp_path: Path) -> None:
    source = GOOD.replace("class File:", "class Base:").replace("class Domain:", "class Shared:") + (
        "\nclass File(Base): ...\n\nclass Domain(Shared): ...\n"
    )
    assert check(tmp_path, source) == Report((), ())


def test_what_cannot_be_read_is_left_to_the_functions_start_and_said_so(tmp_path: Path) -> None:
    source = "from elsewhere import Base, Model\nclass File(Model): ...\nclass Domain(Base): ...\n"
    report = check(tmp_path, source, COMPILED)
    assert report.errors == ()
    assert len(report.warnings) == 4
    assert {"cannot be checked by reading the folder" in warning for warning in report.warnings} == {True}


def test_names_that_come_by_a_star_from_what_cannot_be_read_are_left_to_the_functions_start(tmp_path: Path) -> None:
    report = check(tmp_path, "from elsewhere import *\n", COMPILED)
    assert report.errors == ()
    assert [warning.split(" cannot")[0] for warning in report.warnings] == [
        "domain_handler.py: Domain",
        "domain_handler.py: apply",
    ]


def test_modules_that_import_each_other_do_not_trap_the_check(tmp_path: Path) -> None:
    source = "from other import *\n" + GOOD
    assert check(tmp_path, source, {"other.py": "from domain_handler import *\n"}) == Report((), ())


def test_a_class_that_is_its_own_base_does_not_trap_the_check(tmp_path: Path) -> None:
    report = check(tmp_path, "class File(Other): ...\nclass Other(File): ...\n" + DOMAIN)
    assert len(report.errors) == 1


def test_a_class_with_an_apply_of_another_kind_is_only_warned_of(tmp_path: Path) -> None:
    coupon = """
class Coupon:
    def apply(self, price):
        return price / 2
"""
    report = check(tmp_path, coupon + GOOD)
    assert report.errors == ()
    (warning,) = report.warnings
    assert "Coupon.apply requires the parameter 'price'" in warning
