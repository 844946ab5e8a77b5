"""Guarantee: no test depends on the environment or the signals of the process that starts the tests."""

import locale
import os
import subprocess
import sys
import time
import warnings
from pathlib import Path

import boto3
import pytest

from .pinned import INHERITED

ROOT = Path(__file__).parents[1]

HOSTILE = {
    "AWS_CONFIG_FILE": "/nonexistent/config",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_PROFILE": "nobodys",
    "COLUMNS": "40",
    "FORCE_COLOR": "1",
    "GIT_DIR": "/nonexistent/git",
    "HOME": "/nonexistent",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "LC_ALL": "C",
    "NO_COLOR": "1",
    "PAGER": "false",
    "PULUMI_PROJECT": "nobodys",
    "PYTHONCOERCECLOCALE": "0",
    "PYTHONHASHSEED": "7",
    "PYTHONUTF8": "0",
    "PYTHONWARNINGS": "error",
    "SERVICES": "s3",
    "TZ": "Pacific/Kiritimati",
    "grpc_proxy": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
}

START = """
import os, signal, sys
for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGCHLD):
    signal.signal(number, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGALRM])
os.umask(0o777)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""

SENSITIVE = (
    "tests/test_pinned.py",
    "tests/local/test_clients.py",
    "tests/local/test_held_signals.py",
    "tests/local/test_show.py",
    "tests/docs/test_links.py",
    "tests/producer/test_publishing.py::test_without_a_client_events_get_to_the_pipelines_rule_and_the_client_is_made_once",
)
"""Fast tests that failed with one of these settings before."""


@pytest.mark.parametrize("workers", ["0", "1"], ids=["in one process", "in a worker"])
def test_they_pass_under_hostile_settings(workers: str) -> None:
    command = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", workers, "-k", "not hostile", *SENSITIVE)
    done = subprocess.run(
        [sys.executable, "-c", START, *command],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **HOSTILE},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, (done.stdout + done.stderr).decode("utf-8", "replace")


def test_what_needs_the_world_outside_is_given_the_environment_as_it_was() -> None:
    """Also in a worker of pytest-xdist, which is started with a pinned one."""
    assert "cp-event-source-home-" not in INHERITED.get("HOME", "")


def test_nothing_of_the_environment_reaches_a_test_but_what_tests_are_asked_for() -> None:
    assert [name for name in HOSTILE if os.environ.get(name) == HOSTILE[name]] == []
    assert boto3.Session().profile_name == "default"
    assert boto3.Session().region_name is None
    assert Path.home().name.startswith("cp-event-source-home-")
    assert time.tzname == ("UTC", "UTC")
    assert locale.getencoding().lower() == "utf-8"


def test_a_process_that_a_test_starts_has_default_signals_umask_and_encoding() -> None:
    code = (
        "import os, signal, sys\n"
        "ignored = {n for n in signal.valid_signals() if signal.getsignal(n) == signal.SIG_IGN}\n"
        "usual = {signal.SIGPIPE, signal.SIGXFSZ}  # by Python itself\n"
        "print(ignored - usual, signal.pthread_sigmask(signal.SIG_BLOCK, []), oct(os.umask(0)))\n"
        "print(sys.getfilesystemencoding(), sys.warnoptions)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["set() set() 0o22", "utf-8 []"]


def test_a_warning_is_an_error_only_if_pytest_is_configured_so() -> None:
    assert "error" not in {each[0] for each in warnings.filters}
