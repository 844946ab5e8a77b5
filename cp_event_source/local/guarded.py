"""Processes that end, with all that they started, when this one ends, however it ends."""

import contextlib
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Final

from cp_event_source.local.errors import LocalRunError

_GUARD: Final = Path(__file__).with_name("guard.py")
"""Run as a file and not as a module, so that it starts fast."""


class Guarded:
    """A command that runs under a guard (see `guard`), in a process group of its own.

    It ends with all of its group by `end`, by itself, or when this process is gone: also if this process is killed at
    any moment, and whatever the command is doing.

    Args:
        command: the program's path, and its arguments.
        folder: where it runs.
        log: instead of `folder`: a file in a folder that does not exist. The folder is made, the command runs in it and
            writes its output to the file; when it ends by `end` or with this process, the folder is removed.
        environment: all its environment.

    Raises:
        LocalRunError: it cannot be started.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path | None = None,
        log: Path | None = None,
    ) -> None:
        reader, writer = os.pipe()
        self._status = os.fdopen(reader, "rb", buffering=0)  # `poll` asks whether the pipe has more
        output = subprocess.DEVNULL if log else subprocess.PIPE
        try:
            self._guard = subprocess.Popen(  # noqa: S603  # our own file, run by our own interpreter
                [sys.executable, "-I", "-S", str(_GUARD), str(writer), str(log or ""), *command],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                pass_fds=[writer],
                env=environment,
                cwd=folder,
                # In a session of its own: a terminal's Ctrl-C reaches only this process.
                start_new_session=True,
            )
        except BaseException:
            self._status.close()
            raise
        finally:
            os.close(writer)
        self._exit_code: int | None = None
        first = self._read()
        if not first.isdecimal():
            self.process_id = 0
            self.end()
            raise LocalRunError(f"{command[0]}: cannot be started: {first or 'its guard ended'}")
        self.process_id = int(first)
        """The command's process id, which is also the id of its process group."""

    @property
    def outputs(self) -> list[IO[bytes]]:
        """The ends of standard output and standard error that this process reads, if there is no log."""
        return [stream for stream in (self._guard.stdout, self._guard.stderr) if stream is not None]

    def poll(self) -> int | None:
        """The command's exit code if it has ended by itself, else None. A signal's number is negative."""
        if self._exit_code is None and select.select([self._status], [], [], 0)[0]:
            self.wait()
        return self._exit_code

    def wait(self) -> int:
        """Wait until the command ends by itself; its exit code. Processes that it left are killed by then."""
        if self._exit_code is None:
            line = self._read()
            # Without a line, somebody killed the guard, and only this process can still end the command.
            self._exit_code = int(line) if line else -signal.SIGKILL
            if not line:
                self.kill()
        return self._exit_code

    def kill(self) -> None:
        """Kill the command and its group; `wait` returns then."""
        if self.process_id:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process_id, signal.SIGKILL)
            self.process_id = 0

    def end(self) -> None:
        """End the command and its group, and remove its folder. A second call does nothing."""
        if self._status.closed:
            return
        if self._guard.poll() is not None:
            self.kill()
        if self._guard.stdin is not None:
            self._guard.stdin.close()
        self._guard.wait()
        self._status.close()
        for stream in self.outputs:
            stream.close()

    def _read(self) -> str:
        return self._status.readline().decode(errors="replace").strip()
