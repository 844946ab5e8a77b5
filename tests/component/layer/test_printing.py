"""Guarantee: what the layer's own modules print or log is warned of, since no payload belongs in a log."""

from pathlib import Path

import pytest

from .layers import check, line_of


@pytest.mark.parametrize(
    ("head", "call"),
    [
        ("", "print(payload)"),
        ("import sys", "sys.stdout.write('x')"),
        ("from pprint import pprint", "pprint(payload)"),
        ("import logging", "logging.error('x')"),
        ("import logging\nlog = logging.getLogger(__name__)", "log.info('x')"),
        ("import logging", "logging.getLogger().exception('x')"),
        ("import traceback", "traceback.print_exc()"),
        ("import warnings", "warnings.warn('x')"),
    ],
)
def test_a_call_that_prints_or_logs_is_warned_of(tmp_path: Path, head: str, call: str) -> None:
    (warning,) = check(tmp_path, head=head, apply=call).warnings
    assert warning.startswith(f"domain_handler.py:{line_of(tmp_path, call)}: ")
    assert "writes to the function's log group, where no payload belongs" in warning


def test_it_is_warned_of_in_modules_that_nothing_reaches_too(tmp_path: Path) -> None:
    (warning,) = check(tmp_path, {"tools.py": "def show(x):\n    print(x)\n"}).warnings
    assert warning.startswith("tools.py:2: print writes to")


@pytest.mark.parametrize(
    "source",
    [
        "import logging\nlog = logging.getLogger(__name__)\nlog.setLevel('INFO')\n",
        "def show(print):\n    print(1)\n",
        "if __name__ == '__main__':\n    print(1)\n",
        "class Log:\n    def info(self, x): ...\nlog = Log()\nlog.info(1)\n",
    ],
)
def test_what_only_looks_like_it_is_none(tmp_path: Path, source: str) -> None:
    assert check(tmp_path, {"tools.py": source}).warnings == ()
