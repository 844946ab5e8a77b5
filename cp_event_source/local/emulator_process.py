"""The emulator's process: MiniStack, with another Python for the functions, and with all that they write in their logs.

Usage: python -P emulator_process.py PYTHON_OF_THE_FUNCTIONS
"""

import os
import select
import sys
from pathlib import Path
from threading import Lock
from typing import IO, Any, Final

_MOST_IN_A_PIPE: Final = 1 << 20
"""Bytes: what Linux lets a process without privileges ask for. A pipe has 64 KiB by default."""


def main() -> None:
    """Run the emulator until it is ended."""
    Path(os.environ["TMPDIR"]).mkdir()
    # MiniStack starts a function's process with its own interpreter.
    sys.executable = sys.argv.pop(1)  # MiniStack reads the rest of the arguments
    from ministack.app import main as run_emulator  # type: ignore[import-untyped]
    from ministack.core import lambda_runtime  # type: ignore[import-untyped]

    keep_all_output(lambda_runtime)
    run_emulator()


class Output:
    """What one process of a function writes, from a pipe."""

    def __init__(self, pipe: IO[Any]) -> None:
        self._pipe = pipe  # it closes when it is dropped
        self._one_reads = Lock()
        self._read = bytearray()

    def follow(self) -> None:
        """Read until the end: a process that writes to a full pipe waits."""
        while self._readable():
            with self._one_reads:
                if not self._read_all():
                    return

    def taken(self) -> str:
        """All that the process has written until now and that was not taken before.

        It reads the pipe itself, since nothing says when the thread that follows it will.
        """
        with self._one_reads:
            self._read_all()
            taken, self._read = self._read, bytearray()
        return taken.decode("utf-8", "replace").removesuffix("\n")

    def _read_all(self) -> bool:
        """Read what is in the pipe. Returns whether there may be more later."""
        if not self._readable(0):
            return True
        data = os.read(self._pipe.fileno(), _MOST_IN_A_PIPE)
        self._read += data
        return bool(data)

    def _readable(self, milliseconds: float | None = None) -> bool:
        """Whether a read returns at once. Waits for that, and without a limit for as long as it takes."""
        poll = select.poll()  # no two threads may use one
        poll.register(self._pipe, select.POLLIN)
        return bool(poll.poll(milliseconds))


def keep_all_output(lambda_runtime: Any) -> None:
    """Let each invocation's log have all that the invocation wrote, and nothing else.

    MiniStack's own workers take what one of their threads has read some milliseconds after the reply. On a busy machine
    the thread is late: the rest is in the log of the next invocation, and after the last one in none.
    """

    def set_process(worker: Any, process: Any) -> None:
        vars(worker)["_process"] = process
        if process is not None:  # else the output of the last one may still be taken
            worker.output = Output(process.stderr or process.stdout)

    def follow(worker: Any, *_: object) -> None:
        worker.output.follow()

    def taken(worker: Any, **_: float) -> str:
        text: str = worker.output.taken()
        return text

    worker = lambda_runtime.Worker
    worker._proc = property(lambda worker: vars(worker)["_process"], set_process)
    worker._read_stderr = lambda_runtime.ProvidedWorker._pump_output = follow
    worker._drain_stderr = worker._drain_stderr_bounded = taken


if __name__ == "__main__":
    main()
