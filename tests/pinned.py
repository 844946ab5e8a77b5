"""What tests would inherit from whoever starts them, pinned: environment, signals, umask, locale, time zone, warnings.

A test says the same in a terminal, in the background of a script (which ignores SIGINT), under nohup, behind a proxy,
with a profile for AWS, and in any language. `tests/conftest.py` pins before anything that reads the environment is
imported.

What an interpreter takes from its environment as it starts (the seed of hashes, the encoding of file names) is this
process's own; the processes that tests start get it pinned.
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
    # where programs, libraries and temporary files are, and who runs this
    *("PATH", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "USER", "LOGNAME", "SHELL"),
    # what these tests are asked for
    *("CI", "NIGHTLY", "FUZZ_INPUTS", "FUZZ_SEED"),
}
_KEPT_PREFIXES: Final = ("PYTEST_", "HYPOTHESIS_", "COVERAGE_", "COV_")
"""All others go: AWS's, Pulumi's and Python's own, proxies, pagers, colours and widths, those of other emulators."""

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
    """Pin all of it, for this process and those that it starts."""
    _pin_environment()
    _pin_signals()
    os.umask(0o022)
    time.tzset()
    with suppress(locale.Error):  # else it is UTF-8 by another name, or this machine has none
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8")  # the encoding of files that are opened without one
    forget_inherited_warnings()


def _pin_environment() -> None:
    home = tempfile.mkdtemp(prefix="cp-event-source-home-")
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    kept = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith(_KEPT_PREFIXES)}
    os.environ.clear()
    os.environ.update(kept | _PINNED | {"HOME": home})


def _pin_signals() -> None:
    """What is ignored stays ignored here, as under nohup it should, but by a handler: no process inherits that."""
    for number in (*_ENDING, *_OTHERS):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, _ignore)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Does nothing."""


def forget_inherited_warnings() -> None:
    """PYTHONWARNINGS, which pytest would take for a wish about its own run; `-W` stays one."""
    inherited = [option for option in INHERITED.get("PYTHONWARNINGS", "").split(",") if option]
    if not inherited:
        return
    sys.warnoptions[:] = [option for option in sys.warnoptions if option not in inherited]
    warnings.resetwarnings()
    for category in (ImportWarning, ResourceWarning, PendingDeprecationWarning, DeprecationWarning):
        warnings.simplefilter("ignore", category)
