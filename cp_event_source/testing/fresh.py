"""Calls functions in fresh interpreters and in forks, where nothing of this process's state is left."""

import os
import pickle
import site
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
_RESULT: Final = ".result"


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


def call_all(calls: Sequence[Call], folder: Path) -> list[Any]:
    """The results of calls, each in an interpreter of its own, all at the same time.

    Args:
        calls: the calls.
        folder: the folder that the interpreters start in.

    Returns:
        For each call what it returned, or the `Failed` that says why it did not.
    """
    with TemporaryDirectory(dir=folder) as files:
        running = [_start(call, folder, Path(files) / str(number)) for number, call in enumerate(calls)]
        return [_result(process, file) for process, file in running]


def in_a_fork(function: Callable[..., _Result], *arguments: Any) -> _Result:
    """The result of a call in a copy of this process.

    Raises:
        Failed: the copy ended without a result.
    """
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:  # whatever happens, the copy must not go on as this process
            os.close(read)
            with os.fdopen(write, "wb") as output:
                output.write(pickle.dumps(_outcome(lambda: function(*arguments))))
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as result:
        sent = result.read()
    os.waitpid(child, 0)
    if not sent:
        raise Failed("the process ended without a result")
    succeeded, value = pickle.loads(sent)  # noqa: S301  from this process's own copy
    if not succeeded:
        raise Failed(value)
    answered: _Result = value
    return answered


def needed_variables() -> dict[str, str]:
    """The environment's variables without which an interpreter may not find its modules."""
    found = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**found, "PYTHONUSERBASE": site.getuserbase()}  # packages of the user, whatever HOME says


def answer() -> None:
    """Run in the other interpreter: make the call, and write its result."""
    file = Path(sys.argv[2])
    function, arguments = pickle.loads(file.read_bytes())  # noqa: S301  from the process that started this one
    module, _, name = function.partition(":")
    outcome = _outcome(lambda: getattr(import_module(module), name)(*arguments))
    file.with_suffix(_RESULT).write_bytes(pickle.dumps(outcome))


def _outcome(call: Callable[[], Any]) -> tuple[bool, Any]:
    try:
        return True, call()
    except BaseException as error:  # noqa: BLE001  the other process reports it
        return False, f"{type(error).__name__}: {error}"


def _start(call: Call, folder: Path, file: Path) -> tuple[subprocess.Popen[bytes], Path]:
    file.write_bytes(pickle.dumps((f"{call.function.__module__}:{call.function.__qualname__}", call.arguments)))
    process = subprocess.Popen(  # noqa: S603  this interpreter, with this code
        [sys.executable, "-P", "-B", "-c", _SOURCE, str(_ROOT), str(file)],
        cwd=folder,
        env={**needed_variables(), **call.environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    return process, file.with_suffix(_RESULT)


def _result(process: subprocess.Popen[bytes], file: Path) -> Any:
    _, printed = process.communicate()
    if not file.is_file():
        last = printed.decode(errors="replace").strip().splitlines()[-1:]
        return Failed(f"the interpreter ended with exit code {process.returncode}{': ' + last[0] if last else ''}")
    succeeded, value = pickle.loads(file.read_bytes())  # noqa: S301  from the process started here
    return value if succeeded else Failed(value)
