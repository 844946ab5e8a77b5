"""Starts functions before their first event comes, and says why one does not start."""

import contextlib
import fcntl
import json
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Final

import botocore.exceptions

from cp_event_source.layer.compiled_files import summary, this_machine
from cp_event_source.local.errors import FailedStartError
from cp_event_source.local.function_start import HANG_SECONDS, START_ONLY, Report, starts_folder

_OWN_MESSAGES: Final = {"BrokenDomainLogic", "BrokenSettings", "NoHandler"}
"""The errors whose messages say all."""

_STACK_SECONDS: Final = 0.2
"""The stack of a start that hangs is written in parts, which takes less than this."""

_OWN_FRAME: Final = re.compile(r'File ".*/(?:code|layer_\d+/python)/(.+?)", line (\d+)')
"""A line of a stack in the function's code or in a layer, where MiniStack unpacks them."""

_COMPONENTS_MODULE: Final = re.compile(r"handler\.(\w+)_function")


class Starts:
    """The starts of a program's functions. None of the functions gets an event."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []
        self._errors: list[str] = []

    def begin(self, client: Any, name: str, runtime: str) -> None:
        """Start a function if it is one in Python, and do not wait for it.

        Args:
            client: a client of Lambda.
        """
        if runtime.startswith("python"):
            self._threads.append(threading.Thread(target=self._start, args=[client, name], daemon=True))
            self._threads[-1].start()

    def wait(self, look: Callable[[], None]) -> None:
        """Wait until each function has started.

        Args:
            look: called all the time; raises an error if a process reports that its function does not start.

        Raises:
            FailedStartError: a function does not start, and has no process that reports it.
        """
        for thread in self._threads:
            while thread.is_alive():
                look()
                thread.join(0.05)
        look()
        if self._errors:
            raise FailedStartError("\n".join(self._errors))

    def _start(self, client: Any, name: str) -> None:
        # If the emulator is gone or refuses, that is said elsewhere.
        with contextlib.suppress(botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
            answer = client.invoke(FunctionName=name, Payload=json.dumps(START_ONLY))
            if "FunctionError" in answer:
                text = json.loads(answer["Payload"].read()).get("errorMessage")
                self._errors.append(f"the function {name} does not start: {text}")


def failed_starts(runtime: Path) -> list[str]:
    """Why functions did not start: a text for each, once."""
    files = sorted(Path(starts_folder(str(runtime))).glob("*[0-9]"))  # others are being made
    reports = [report for file in files if (report := _taken(file))]
    return list(dict.fromkeys(f"{_name(report)} does not start: {_cause(report)}" for report in reports))


def _taken(path: Path) -> Report | None:
    """The report of a start that failed; None while the function starts, or if it has started."""
    try:
        with path.open(encoding="utf-8") as file:
            ended = _is_free(file)
            if not path.exists():  # the process removes it first and then lets it go
                return None
            first, *stack = file.read().splitlines() or [""]
            age = time.time() - path.stat().st_mtime
            if not ended and (not stack or age < _STACK_SECONDS):
                return None
            report: Report = json.loads(first)
    except (FileNotFoundError, json.JSONDecodeError):  # it is being written
        return None
    path.unlink(missing_ok=True)
    if not ended:
        place = next((f"{match[1]}:{match[2]}" for line in stack if (match := _OWN_FRAME.search(line))), "")
        report |= {"error": "", "text": f"its import takes more than {HANG_SECONDS:g} s", "place": place}
    elif "error" not in report:
        report |= {"error": "", "text": "its process ended while it started"}
    return report


def _is_free(file: IO[str]) -> bool:
    """Whether no process holds the lock on a file."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _name(report: Report) -> str:
    match = _COMPONENTS_MODULE.fullmatch(report.get("module", ""))
    if match and report["domain"]:
        return f"the {match[1]} function of the domain {report['domain']}"
    return f"the function {report['function']}"


def _cause(report: Report) -> str:
    error, text, place = report["error"], report["text"], report.get("place", "")
    missing = report.get("missing", "")
    hiding, foreign = _hiding(report), _foreign(report)
    needed = f"{missing.rpartition('.')[2]}."
    is_there = bool(hiding) or any(each.startswith(needed) for each in foreign)
    file = place.rpartition(":")[0]
    if missing and not place:
        cause = f"its code has no module {missing}, which its handler names"
    elif missing and is_there:
        cause = f"{file} imports {missing} ({place})"
    elif missing and error not in _OWN_MESSAGES:
        cause = (
            f"{file} imports {missing}, which neither its code, its layers nor Lambda's Python has; add it to a layer"
            f" ({place})"
        )
    else:
        cause = text if error in _OWN_MESSAGES or not error else f"{error}: {text}" if text else error
        cause += f" ({place})" if place and error not in _OWN_MESSAGES else ""
    if hiding:
        cause += f"; {', '.join(hiding)} hides what Lambda's Python has under that name: rename it"
    if foreign:
        cause += f"; {summary(foreign)}; this machine runs {this_machine()}"
    return cause


def _hiding(report: Report) -> list[str]:
    """The files that hide others, if they may be the cause: with a missing module, only the one in which it is."""
    missing = report.get("missing", "")
    top = missing.partition(".")[0]
    return [file for file in report.get("hiding", []) if not missing or file.removesuffix(".py") == top]


def _foreign(report: Report) -> list[str]:
    """What is said of files for other machines: first of the one that was needed."""
    needed = f"{report.get('missing', '').rpartition('.')[2]}."
    texts = report.get("foreign", [])
    return sorted(
        texts, key=lambda each: not (each.startswith(needed) or f"{each.split(' is ')[0]}:" in report["text"])
    )
