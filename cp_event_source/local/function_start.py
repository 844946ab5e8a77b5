"""Runs in a function's process before all else: it gives the function Lambda's module path, and reports a failed start.

The process is MiniStack's. It reads the function's code and layers from the folders in its environment, imports the
handler's module with `importlib.import_module`, and calls the handler. Nothing of this package but `compiled_files` is
on its path.

While the function starts, its process holds a lock on a file in the folder `starts`, which the kernel releases if the
process dies. A start that succeeds removes the file, one that fails writes a `Report` to it.

The imports of logging, time and warnings, which this file does not use, are some of those that Lambda's own start does
before a function's code, so that a layer's file does not hide them.
"""

import faulthandler
import fcntl
import importlib
import json
import logging  # noqa: F401
import os
import signal
import site
import sys
import time  # noqa: F401
import traceback
import warnings  # noqa: F401
from contextlib import suppress
from functools import partial
from types import ModuleType, TracebackType
from typing import IO, Any, Final, TypedDict

START_ONLY: Final = {"cp-event-source": "start"}
"""The event with which a function only starts; its handler does not get it."""

HANG_SECONDS: Final = 20.0
"""An import that takes longer is reported. Lambda gives it 10 seconds, on a processor of its own."""

_OF_THE_EMULATOR: Final = ("PYTHONSAFEPATH", "PYTHONUNBUFFERED", "PYTHONUTF8")
"""Variables that are for this process, and not for what a function starts."""


_NOT_OF_LAMBDAS_START: Final = ("faulthandler", "fcntl", "signal", "typing")
"""The modules that only this file imports before a function's code."""


class NoHandler(Exception):
    """The handler's module has no such function."""


class Report(TypedDict, total=False):
    """What is known of a start."""

    function: str
    """The function's name in the emulator."""
    domain: str
    """The domain of a component's function, else empty."""
    module: str
    """The handler's module; missing before its import begins."""
    error: str
    """The class of the error; missing while the function starts."""
    text: str
    """The error's message."""
    missing: str
    """The module that was not found, or empty."""
    place: str
    """The last file and line of the function's own code or layers that led to the error, or empty."""
    foreign: list[str]
    """The compiled files that this machine cannot load, if that may be the cause."""
    hiding: list[str]
    """The files at the top of the function's code or layers that hide a module of Python or of Lambda's runtime, if
    that may be the cause."""


def starts_folder(runtime: str) -> str:
    """Where the reports of starts are, in an environment that `runtime.make_runtime` made."""
    return os.path.join(runtime, "starts")  # noqa: PTH118


def begin() -> None:
    """Prepare a function's process. In the processes that a function itself starts, this does nothing."""
    # MiniStack sets it for a function's process only.
    if os.environ.pop("_LAMBDA_FUNCTION_ARN", None) is None:
        return
    for name in _OF_THE_EMULATOR:
        os.environ.pop(name, None)
    roots = [os.environ["LAMBDA_TASK_ROOT"], *_layers()]
    # MiniStack itself puts the function's code before all else, as Lambda does.
    sys.path[:0] = roots[1:]
    for root in roots[1:]:
        if root.endswith("site-packages"):
            site.addsitedir(root)
    start = _Start(starts_folder(sys.prefix), roots)
    import_module = importlib.import_module

    def import_handler(name: str, package: str | None = None) -> Any:
        if sys._getframe(1).f_globals.get("__name__") != "__main__":  # not MiniStack, but a library
            return import_module(name, package)
        importlib.import_module = import_module
        start.report["module"] = name
        try:
            return _Handlers(start, import_module(name, package))
        except BaseException as error:
            start.failed(error)
            raise

    importlib.import_module = import_handler
    # Before it imports the handler, MiniStack imports the SDK, with the layers on the path.
    sys.excepthook = start.ended_by
    for name in _NOT_OF_LAMBDAS_START:  # so that a layer's file of that name hides it, as on Lambda
        sys.modules.pop(name, None)


def _layers() -> list[str]:
    """The folders of the layers that Lambda has on the module path: of two layers, the later one is first.

    MiniStack would add others, such as the top of a layer. So the variable that names the layers is taken from it.
    """
    layers = [layer for layer in os.environ.pop("_LAMBDA_LAYERS_DIRS", "").split(os.pathsep) if layer]
    # As Lambda names it: AWS_Lambda_python3.14
    python = os.environ.get("AWS_EXECUTION_ENV", "").rpartition("_")[2]
    folders = [os.path.join(layer, "python") for layer in reversed(layers)]  # noqa: PTH118
    packages = [os.path.join(folder, "lib", python, "site-packages") for folder in folders]  # noqa: PTH118
    return [folder for folder in [*packages, *folders] if os.path.isdir(folder)]  # noqa: PTH112


class _Start:
    """One start of the function, and the file that says how far it is."""

    def __init__(self, folder: str, roots: list[str]) -> None:
        self._roots = roots
        self.report: Report = {
            "function": os.environ["AWS_LAMBDA_FUNCTION_NAME"],
            "domain": os.environ.get("DOMAIN_NAME", ""),
        }
        os.makedirs(folder, exist_ok=True)  # noqa: PTH103
        self._path = os.path.join(folder, str(os.getpid()))  # noqa: PTH118
        self._file: IO[str] = open(f"{self._path}.new", "w", encoding="utf-8")  # noqa: PTH123, SIM115
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self._write()
        os.rename(f"{self._path}.new", self._path)  # noqa: PTH104
        faulthandler.dump_traceback_later(HANG_SECONDS, file=self._file)
        # The emulator ends processes whose function was changed meanwhile.
        signal.signal(signal.SIGTERM, self._ended)

    def succeeded(self) -> None:
        """The function has started."""
        self._close(remove=True)

    def failed(self, error: BaseException) -> None:
        """The function does not start; the first error counts."""
        if self._file.closed:
            return
        chain = _chain(error)
        is_import = any(isinstance(each, ImportError) for each in chain)
        lacks_a_name = is_import or any(isinstance(each, AttributeError) for each in chain)
        self.report |= {
            "error": type(error).__name__,
            "text": self._text(error),
            "missing": (chain[-1].name or "") if isinstance(chain[-1], ModuleNotFoundError) else "",
            "place": next(filter(None, (self._place(each) for each in reversed(chain))), ""),
            "foreign": self._foreign_files() if is_import else [],
            "hiding": self._hiding_files() if lacks_a_name else [],
        }
        self._write()
        self._close(remove=False)

    def ended_by(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Python's hook for an error that ends the process."""
        self.failed(error)
        sys.__excepthook__(kind, error, trace)

    def _write(self) -> None:
        self._file.seek(0)
        self._file.truncate()
        self._file.write(f"{json.dumps(self.report)}\n")
        self._file.flush()

    def _close(self, *, remove: bool) -> None:
        faulthandler.cancel_dump_traceback_later()
        sys.excepthook = sys.__excepthook__
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if remove:
            with suppress(FileNotFoundError):  # it was reported as one that hangs
                os.remove(self._path)  # noqa: PTH107
        self._file.close()

    def _ended(self, *_: object) -> None:
        self._close(remove=True)
        os._exit(128 + signal.SIGTERM)

    def _text(self, error: BaseException) -> str:
        """The message, with files as the author knows them."""
        try:
            text = str(error.msg if isinstance(error, SyntaxError) else error)
        except Exception:  # noqa: BLE001  # the error is the author's own, and so is its text
            return ""
        for root in self._roots:
            text = text.replace(root + os.sep, "")
        return text

    def _place(self, error: BaseException) -> str:
        """The last file and line of the function's own that led to the error; empty if there is none."""
        places = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
        if isinstance(error, SyntaxError) and error.filename:
            places.append((error.filename, error.lineno))
        for file, line in reversed(places):
            for root in self._roots:
                if file.startswith(root + os.sep):
                    return f"{file[len(root) + 1 :]}:{line}"
        return ""

    def _foreign_files(self) -> list[str]:
        compiled_files = importlib.import_module("cp_event_source_compiled_files")
        paths = [
            os.path.join(folder, name)  # noqa: PTH118
            for root in self._roots
            for folder, _, names in os.walk(root)
            for name in names
        ]
        found: list[str] = compiled_files.foreign_files((path, partial(_head, path)) for path in paths)
        return list(dict.fromkeys(found))

    def _hiding_files(self) -> list[str]:
        """The files at the top of a root that are, or would be, imported instead of the modules of that name."""
        known = {*sys.stdlib_module_names, *os.listdir(os.path.dirname(__file__))}  # noqa: PTH120, PTH208
        found = []
        for root in self._roots:
            for file in sorted(os.listdir(root)):  # noqa: PTH208
                name = file.removesuffix(".py")
                loaded = str(getattr(sys.modules.get(name), "__file__", None) or root)
                if name != "__pycache__" and {name, file} & known and loaded.startswith(root):
                    found.append(file)
        return found


class _Handlers:
    """The handler's module for MiniStack: the start is over when the handler is found in it."""

    def __init__(self, start: _Start, module: ModuleType) -> None:
        self._start = start
        self._module = module

    def __getattr__(self, name: str) -> Any:
        handler = getattr(self._module, name, None)
        if handler is None:
            error = NoHandler(f"its code's module {self._module.__name__} has no {name}, which its handler names")
            self._start.failed(error)
            raise error
        self._start.succeeded()
        return lambda event, context: None if event == START_ONLY else handler(event, context)


def _chain(error: BaseException) -> list[BaseException]:
    """An error, its cause, the cause's cause, and so on."""
    chain = [error]
    while (cause := chain[-1].__cause__) is not None and cause not in chain:
        chain.append(cause)
    return chain


def _head(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123
        return file.read(4096)
