"""Guarantee: syntax that only a newer Python reads is said to be unchecked, not refused, and the rest of the layer is
checked; what no Python reads is an error, whatever else is in the file."""

import ast
import sys
from pathlib import Path

import pytest

from cp_event_source.layer.newer_syntax import rewritten

from .layers import check

OLD = (3, 11)
NEWER = {
    "type Name = str\n": "a type statement",
    "type Pair[T] = tuple[T, T]\n": "a type statement",
    "def first[T](values: list[T]) -> T:\n    return values[0]\n": "type parameters",
    "def first[\n    T,\n](values): ...\n": "type parameters",
    "class Box[T: int, *U](list): ...\n": "type parameters",
    'text = f"{values["a"]}"\n': "a quote, backslash or comment in an f-string",
    "text = f'{'\\n'.join(values)}'\n": "a quote, backslash or comment in an f-string",
    "text = f'{\n    value  # why\n}'\n": "a quote, backslash or comment in an f-string",
    "text = t'{value}'\n": "a template string",
    "try:\n    pass\nexcept KeyError, ValueError:\n    pass\n": "except with several types and no parentheses",
}


@pytest.mark.parametrize("source", NEWER)
def test_what_a_newer_python_reads_is_rewritten_line_by_line(source: str) -> None:
    text, found = rewritten(source + "end = 1\n", OLD)
    tree = ast.parse(text, feature_version=OLD)
    assert NEWER[source] in {each.what for each in found}
    assert tree.body[-1].lineno == source.count("\n") + 1


@pytest.mark.parametrize(
    "source",
    [
        "type = 1\ntype(1)\nprint(type)\n",
        "x = f'{a[\"b\"]!r:>{width}} {{}} {c:%Y-%m-%d}'\n",
        'x = f"""{a["b"]} \' {c}"""\n',
        "x = rf'\\d{a}'\n",
        "x = 'type X = 1'  # def f[T](): except A, B:\n",
        "try:\n    pass\nexcept (A, B) as error:\n    pass\n",
        "at'x' if 0 else 1\n" if False else "x = 'it''s'\n",
        "class A: x: 'def f[T]()' = 1\n",
    ],
)
def test_what_any_python_reads_stays(source: str) -> None:
    assert rewritten(source, OLD) == (source, [])


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="this Python reads all of it")
def test_a_layer_with_newer_syntax_is_warned_of_and_checked_otherwise(tmp_path: Path) -> None:
    newest = "try:\n    pass\nexcept KeyError, ValueError:\n    pass\n"
    report = check(tmp_path, {"rules.py": newest + "import semver\n"}, head="import rules")
    (warning,) = report.warnings
    running = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert warning == (
        f"rules.py:3: Python {running} cannot read it: except with several types and no parentheses, which Python 3.14 "
        "introduced; the check is complete on Python 3.14"
    )
    (error,) = report.errors
    assert error.startswith("rules.py:5: imports semver")


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="this Python reads all of it")
def test_a_plain_error_in_a_file_with_newer_syntax_is_an_error(tmp_path: Path) -> None:
    source = "try:\n    pass\nexcept KeyError, ValueError:\n    pass\nif True print()\n"
    report = check(tmp_path, {"rules.py": source}, head="import rules")
    (error,) = report.errors
    assert error.startswith("rules.py:5: Python 3.")
    assert report.warnings == ()


def test_all_files_that_no_python_reads_are_reported(tmp_path: Path) -> None:
    report = check(
        tmp_path,
        {"one.py": "x = = 1\n", "two.py": "\ndef f(:\n", "three.py": "def f(a, a): ...\n", "four.py": b"\0"},
        head="import one\nimport semver\n",
    )
    assert [each.split(": ")[0] for each in report.errors] == [
        "domain_handler.py:2",
        "four.py" if sys.version_info < (3, 12) else report.errors[1].split(": ")[0],
        "one.py:1",
        "three.py:1",
        "two.py:2",
    ]
