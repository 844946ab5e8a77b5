"""Guarantee: an import that fails in the function is an error of the check, with its place and the remedy, and one that
does not fail is none. The function has the layer, Python 3.14 on Linux, Lambda's runtime and its own code."""

import subprocess
import sys
from pathlib import Path

import pytest

from cp_event_source.layer import runtime

from .layers import check, line_of


def errors(folder: Path, head: str, files: dict[str, str | bytes] | None = None) -> list[str]:
    report = check(folder, files, head=head)
    assert report.warnings == ()
    return list(report.errors)


@pytest.mark.parametrize(
    "statement",
    [
        "import semver",
        "import semver.version",
        "from semver import Version",
        "import json, semver",
        "import semver as s",
    ],
)
def test_a_package_that_is_nowhere_is_an_error_where_it_is_imported(tmp_path: Path, statement: str) -> None:
    (error,) = errors(tmp_path, f"\n\n{statement}\n")
    assert error.startswith(f"domain_handler.py:{line_of(tmp_path, statement)}: imports semver")
    assert "neither in the folder nor in Python 3.14 nor in Lambda's runtime" in error
    assert "pip install --target" in error


@pytest.mark.parametrize(
    "statement",
    [
        "import os.path, collections.abc, concurrent.futures, xml.etree.ElementTree, importlib.metadata",
        "import compression.zstd, annotationlib, string.templatelib",
        "from importlib import resources",
        "import boto3, botocore.exceptions, dateutil.parser, jmespath, s3transfer, six, urllib3.util",
        "from handler.values.exact_json import loads",
        "from __future__ import annotations",
        "import _decimal",
    ],
)
def test_what_the_function_has_is_none(tmp_path: Path, statement: str) -> None:
    assert errors(tmp_path, statement) == []


@pytest.mark.parametrize(("module", "version"), [("distutils.version", "3.12"), ("imp", "3.12"), ("cgi", "3.13")])
def test_a_module_that_python_removed_is_named_with_the_version(tmp_path: Path, module: str, version: str) -> None:
    (error,) = errors(tmp_path, f"import {module}")
    assert f"imports {module}, which Python {version} removed (the functions run on 3.14); " in error


@pytest.mark.parametrize("module", ["msvcrt", "winreg"])
def test_a_module_of_another_system_is_an_error(tmp_path: Path, module: str) -> None:
    (error,) = errors(tmp_path, f"import {module}")
    assert f"imports {module}, which only Python on Windows has" in error


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("import os.pathh", "its os has no module pathh; write os.path"),
        ("import concurrent.future", "write concurrent.futures"),
        ("from datetime.datetime import now", "its datetime has no module datetime"),
        ("import jsn", "write json, or install it"),
        ("import rulse", "write rules, or install it"),
        ("import rules.fees", "but the folder's rules has no module fees"),
        ("import handler.nowhere", "which the functions' own package does not have"),
        ("from cp_event_source.domain_logic import Item", "import it only under `if TYPE_CHECKING:`"),
    ],
)
def test_a_misspelled_module_comes_with_what_may_be_meant(tmp_path: Path, statement: str, said: str) -> None:
    (error,) = errors(tmp_path, statement, {"rules.py": ""})
    assert said in error


@pytest.mark.parametrize(
    "head",
    [
        "try:\n    import semver\nexcept ImportError:\n    semver = None\n",
        "try:\n    import semver\nexcept (KeyError, ModuleNotFoundError):\n    semver = None\n",
        "try:\n    import semver\nexcept Exception as error:\n    semver = error\n",
        "try:\n    import semver\nexcept:\n    semver = None\n",
        "try:\n    import ujson as json\nexcept ImportError:\n    import json\n",
        "try:\n    import json\nexcept ImportError:\n    import simplejsonn as json\n",
        "try:\n    import json\nexcept ImportError:\n    raise RuntimeError\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import semver\n",
        "import typing as t\nif t.TYPE_CHECKING:\n    import semver\nelse:\n    semver = None\n",
        "import sys\nif sys.version_info < (3, 11):\n    import tomli as tomllib\nelse:\n    import tomllib\n",
        "import sys\nif sys.version_info[0] == 2 or sys.platform.startswith('win'):\n    import msvcrt\n",
        "import os, platform\nif os.name == 'nt' or platform.machine() == 'x86_64':\n    import semver\n",
        "from importlib.util import find_spec\nif find_spec('semver'):\n    import semver\n",
        "from contextlib import suppress\nwith suppress(ImportError):\n    import semver\n",
        "if __name__ == '__main__':\n    import semver\n",
        "def unused():\n    import semver\n",
    ],
)
def test_an_import_that_the_function_never_runs_or_that_may_fail_is_none(tmp_path: Path, head: str) -> None:
    assert errors(tmp_path, head) == []


@pytest.mark.parametrize(
    ("head", "missing"),
    [
        ("try:\n    import semver\nexcept ImportError:\n    raise RuntimeError('install it')\n", "semver"),
        ("try:\n    import semver\nexcept KeyError:\n    semver = None\n", "semver"),
        ("try:\n    import semver\nfinally:\n    done = True\n", "semver"),
        ("try:\n    import ujson as json\nexcept ImportError:\n    import jsonx as json\n", "jsonx"),
        ("import sys\nif sys.version_info >= (3, 14):\n    import semver\n", "semver"),
        ("from typing import TYPE_CHECKING\nif not TYPE_CHECKING:\n    import semver\n", "semver"),
        ("import importlib\nsemver = importlib.import_module('semver')\n", "semver"),
        ("semver = __import__('semver')\n", "semver"),
        ("class Rules:\n    import semver\n", "semver"),
        ("try:\n    from rules import missing\nexcept ModuleNotFoundError:\n    missing = None\n", "missing"),
    ],
)
def test_an_import_that_fails_all_the_same_is_an_error(tmp_path: Path, head: str, missing: str) -> None:
    (error,) = errors(tmp_path, head, {"rules.py": ""})
    assert f"imports {missing}" in error


def test_an_import_in_a_function_counts_where_the_function_is_reached(tmp_path: Path) -> None:
    rules = "def used():\n    import semver\n\n\ndef unused():\n    import nothing\n"
    report = check(tmp_path, {"rules.py": rules}, head="from rules import used", apply="used()")
    (error,) = report.errors
    assert error.startswith("rules.py:2: imports semver, ")


def test_imports_are_followed_through_the_folders_modules_and_packages(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "rules/__init__.py": "from .fees import fee\n",
        "rules/fees.py": "from . import rates\nfrom ..elsewhere import x\nfee = 1\n",
        "rules/rates.py": "import semver\n",
        "plain/part.py": "from . import other\n",
        "plain/other.py": "",
        "never.py": "import nothing\n",
    }
    found = errors(tmp_path, "from rules import fee\nimport plain.part\n", files)
    assert [each.split(",")[0] for each in found] == [
        "rules/fees.py:2: imports from ..elsewhere",
        "rules/rates.py:1: imports semver",
    ]


def test_modules_that_import_each_other_are_no_error(tmp_path: Path) -> None:
    assert (
        errors(tmp_path, "import rules", {"rules.py": "import domain_handler\nimport more", "more.py": "import rules"})
        == []
    )


@pytest.mark.parametrize(
    ("statement", "remedy"),
    [("from .rules import fee", "write from rules import fee"), ("from . import rules", "write import rules")],
)
def test_a_relative_import_at_the_top_is_an_error(tmp_path: Path, statement: str, remedy: str) -> None:
    (error,) = errors(tmp_path, statement, {"rules.py": "fee = 1"})
    assert error.startswith("domain_handler.py:1: imports from .")
    assert "the function loads domain_handler.py as a module of its own, in no package" in error
    assert error.endswith(remedy)


@pytest.mark.parametrize(
    ("rules", "is_known"),
    [
        ("fees = 1", False),
        ("def fees(): ...", False),
        ("fee = 1", True),
        ("fee: int", True),
        ("class fee: ...", True),
        ("from decimal import Decimal as fee", True),
        ("for fee in (): ...", True),
        ("with open(__file__) as fee: ...", True),
        ("(x, fee) = 1, 2", True),
        ("if (fee := 1): ...", True),
        ("def set_it():\n    global fee\n    fee = 1\n", True),
        ("from more import *", True),
        ("def __getattr__(name): ...", True),
        ("globals().update(fee=1)", True),
    ],
)
def test_a_name_that_a_module_of_the_folder_does_not_define_is_an_error(
    tmp_path: Path, rules: str, *, is_known: bool
) -> None:
    found = errors(tmp_path, "from rules import fee", {"rules.py": rules, "more.py": "fee = 1"})
    expected = "domain_handler.py:1: imports fee from rules, but rules.py does not define it; write fees"
    assert found == ([] if is_known else [expected])


@pytest.mark.parametrize(
    ("statement", "file", "left_out"),
    [
        ("from tests.builders import make", "tests/builders.py", "tests/"),
        ("from tests import builders", "tests/builders.py", "tests/"),
        ("from test import builders", "test/builders.py", "test/"),
        ("import conftest", "conftest.py", "conftest.py"),
        ("import test_rules", "test_rules.py", "test_rules.py"),
    ],
)
def test_of_an_import_from_the_tests_the_error_says_that_the_layer_leaves_them_out(
    tmp_path: Path, statement: str, file: str, left_out: str
) -> None:
    (error,) = errors(tmp_path, statement, {file: "make = 1"})
    assert f"but the layer leaves out {left_out}" in error


def test_upper_and_lower_case_differ_whatever_this_machines_files_say(tmp_path: Path) -> None:
    (error,) = errors(tmp_path, "import Rules", {"rules.py": ""})
    assert error.startswith("domain_handler.py:1: imports Rules, but the file is rules.py")


def test_packages_are_found_where_lambda_looks_for_them(tmp_path: Path) -> None:
    assert errors(tmp_path, "import semver", {"lib/python3.14/site-packages/semver/__init__.py": ""}) == []


def test_of_an_installed_package_only_what_its_import_needs_is_an_error(tmp_path: Path) -> None:
    """An optional import of somebody else's package is none of the author's."""
    package = """
        import sys
        try:
            import optional
        except ImportError:
            optional = None
        if sys.platform == "win32":
            import winreg
        if optional:
            import more
        print("loaded")
        SEEN = []
        def lazy(value=[]):
            import something
            SEEN.append(value)
        from . import part
        """
    files: dict[str, str | bytes] = {
        "semver/__init__.py": package,
        "semver/part.py": "import needed\n",
        "semver-3.0.dist-info/RECORD": "semver/__init__.py,,\nsemver/part.py,,\n",
    }
    (error,) = errors(tmp_path, "import semver\nsemver.lazy()\n", files)
    assert error.startswith("semver/part.py:1: imports needed, ")


def test_the_list_of_pythons_modules_is_that_of_this_python_but_for_what_changed() -> None:
    here = set(sys.stdlib_module_names)
    private = {name for name in here - runtime.STANDARD_LIBRARY if name.startswith("_")}
    assert here - runtime.STANDARD_LIBRARY - private == {
        *(name for name in runtime.REMOVED if "." not in name and name in here),
        *(name for name in runtime.OTHER_SYSTEMS if name in here and not name.startswith("_")),
    }
    if sys.version_info[:2] == runtime.PYTHON:
        assert here - runtime.OTHER_SYSTEMS.keys() == runtime.STANDARD_LIBRARY


def test_the_list_of_submodules_has_no_module_that_this_python_lacks() -> None:
    """But for those that are newer than this Python."""
    newer = {"annotationlib", "compression", "concurrent.interpreters", "concurrent.futures.interpreter", "pathlib"}
    newer |= {"string", "asyncio.graph", "asyncio.tools", "dbm.sqlite3", "xml.etree.cElementTree", "ctypes.macholib"}
    newer |= {"importlib.resources.simple", "sysconfig", "re", "importlib.simple", "importlib.metadata.diagnose"}
    named = sorted(each for each in runtime.SUBMODULES if not any(each == n or each.startswith(f"{n}.") for n in newer))
    code = (
        "import importlib.util, sys\n"
        "for name in sys.stdin.read().split():\n"
        "    try:\n        found = importlib.util.find_spec(name)\n"
        "    except ImportError:\n        found = None\n"
        "    if found is None:\n        print(name)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input=" ".join(named), capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
