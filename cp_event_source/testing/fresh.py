"""Calls functions in fresh interpreters and in forks, where nothing of this process's state is left."""

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeVar

_Result = TypeVar("_Result")

_ROOT: Final = Path(__file__).parents[2]
"""The folder that this package is imported from."""
_SOURCE: Final = (
    "import sys; sys.path.insert(0, sys.argv[1]); import cp_event_source; del sys.path[0]; "
    "from cp_event_source.testing.fresh import answer; answer()"
)
_KEPT: Final = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH")
"""The variables without which an interpreter may not find its modules."""


class Failed(Exception):
    """A call in another process ended without a result. The message says why."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function in an interpreter of its own."""

    function: Callable[..., Any]
    """A function of a module of this package."""
    arguments: tuple[Any, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    """The environment's variables; those that the interpreter needs are added."""


def call_all(calls: Sequence[Call]) -> list[Any]:
    """The results of calls, each in an interpreter and a folder of its own, all at the same time.

    Returns:
        For each call what it returned, or the `Failed` that says why it did not.
    """
    with TemporaryDirectory(prefix="cp-event-source-") as folder:
        running = [_start(call, Path(folder) / f"interpreter-{number}") for number, call in enumerate(calls)]
        return [_result(process, output) for process, output in running]


def in_a_fork(function: Callable[..., _Result], *arguments: Any) -> _Result:
    """The result of a call in a copy of this process.

    Raises:
        Failed: the copy ended without a result.
    """
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.close(read)
        with os.fdopen(write, "wb") as output:
            pickle.dump(_outcome(lambda: function(*arguments)), output)
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as result:
        answer_bytes = result.read()
    os.waitpid(child, 0)
    if not answer_bytes:
        raise Failed("the process ended without a result")
    outcome: tuple[bool, Any] = pickle.loads(answer_bytes)  # noqa: S301  from this process's own copy
    if not outcome[0]:
        raise Failed(outcome[1])
    result_value: _Result = outcome[1]
    return result_value


def answer() -> None:
    """Run in the other interpreter: make the call, and write its result."""
    function_name, arguments = pickle.load(sys.stdin.buffer)  # noqa: S301  from the process that started this one
    module, _, name = function_name.partition(":")
    outcome = _outcome(lambda: getattr(import_module(module), name)(*arguments))
    Path(sys.argv[2]).write_bytes(pickle.dumps(outcome))


def _outcome(call: Callable[[], Any]) -> tuple[bool, Any]:
    try:
        return True, call()
    except BaseException as error:  # noqa: BLE001  the other process reports it
        return False, f"{type(error).__name__}: {error}"


def _start(call: Call, folder: Path) -> tuple[subprocess.Popen[bytes], Path]:
    folder.mkdir()
    output = folder.with_suffix(".result")
    needed = {name: os.environ[name] for name in _KEPT if name in os.environ}
    process = subprocess.Popen(  # noqa: S603  # our own code, run by our own interpreter
        [sys.executable, "-P", "-B", "-c", _SOURCE, str(_ROOT), str(output)],
        cwd=folder,
        env={**needed, **call.environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None  # noqa: S101  it is a pipe
    with process.stdin as sent:
        pickle.dump((f"{call.function.__module__}:{call.function.__qualname__}", call.arguments), sent)
    process.stdin = None  # closed: `communicate` would flush it
    return process, output


def _result(process: subprocess.Popen[bytes], output: Path) -> Any:
    _, printed = process.communicate()
    if not output.is_file():
        last = printed.decode(errors="replace").strip().splitlines()[-1:]
        return Failed(f"the interpreter ended with exit code {process.returncode}{': ' + last[0] if last else ''}")
    succeeded, value = pickle.loads(output.read_bytes())  # noqa: S301  from the process started here
    return value if succeeded else Failed(value)
