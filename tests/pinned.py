"""Fixes what tests inherit from their parent process: environment, signals, umask, locale, time zone and warnings.

So a test has the same result in a terminal, in the background of a script (which ignores SIGINT), under nohup, with a
proxy, with a profile for AWS, and in any language. `tests/conftest.py` calls `pin` before it imports anything that
reads the environment.

An interpreter reads some settings only when it starts (the seed of hashes, the encoding of file names). This process
keeps its own; the processes that tests start get the fixed ones.
"""

import atexit
import locale
import os
import shutil
import signal
import sys
import tempfile
import time
import warnings
from contextlib import suppress
from types import FrameType
from typing import Final

INHERITED: Final[dict[str, str]] = dict(os.environ)
"""The environment as it was: for what needs the world outside, such as a package index behind a proxy. In a worker of
pytest-xdist, the one of whoever started the tests: a worker itself inherits what is pinned."""

_KEPT: Final = {
    # the folders of programs, libraries and temporary files, and the user
    *("PATH", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "USER", "LOGNAME", "SHELL"),
    # the settings of these tests
    *("CI", "NIGHTLY", "FUZZ_INPUTS", "FUZZ_SEED"),
}
_KEPT_PREFIXES: Final = ("PYTEST_", "HYPOTHESIS_", "COVERAGE_", "COV_")
"""All others are removed: those of AWS, Pulumi, Python and other emulators, and proxies, pagers, colours and widths."""

_PINNED: Final = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "TERM": "dumb",
}

_ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_OTHERS: Final = (signal.SIGALRM, signal.SIGCHLD, signal.SIGUSR1, signal.SIGUSR2)


def pin() -> None:
    """Fix everything, for this process and the processes that it starts."""
    _pin_environment()
    _pin_signals()
    os.umask(0o022)
    time.tzset()
    with suppress(locale.Error):  # some machines do not have this locale
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8")  # the default encoding of files
    forget_inherited_warnings()


def _pin_environment() -> None:
    home = tempfile.mkdtemp(prefix="cp-event-source-home-")
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    kept = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith(_KEPT_PREFIXES)}
    os.environ.clear()
    os.environ.update(kept | _PINNED | {"HOME": home})


def _pin_signals() -> None:
    """Keep ignored signals ignored, as nohup needs, but by a handler, which child processes do not inherit."""
    for number in (*_ENDING, *_OTHERS):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, _ignore)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Do nothing."""


def forget_inherited_warnings() -> None:
    """Remove the filters of PYTHONWARNINGS, which pytest would apply to its own run. The option `-W` still works."""
    inherited = [option for option in INHERITED.get("PYTHONWARNINGS", "").split(",") if option]
    if not inherited:
        return
    sys.warnoptions[:] = [option for option in sys.warnoptions if option not in inherited]
    warnings.resetwarnings()
    for category in (ImportWarning, ResourceWarning, PendingDeprecationWarning, DeprecationWarning):
        warnings.simplefilter("ignore", category)
