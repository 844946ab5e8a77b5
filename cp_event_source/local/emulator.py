"""The AWS emulator (MiniStack) as a child process that leaves nothing behind."""

import importlib.util
import os
import re
import secrets
import shutil
import socket
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final

from cp_event_source.deployed.child_environment import clean_environment
from cp_event_source.local.errors import EmulatorError, FailedStartError, LocalRunError
from cp_event_source.local.guarded import Guarded
from cp_event_source.local.held_signals import held_signals
from cp_event_source.local.runtime import make_runtime, python_of, runtime_of
from cp_event_source.local.starts import failed_starts

REGION: Final = "us-east-1"
CREDENTIALS: Final = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
"""The emulator takes any credentials; these are the ones that its own workers use. They are no secret."""

_KEPT: Final = {"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"}
"""The variables that the emulator and the functions in it get from the environment. They read about a hundred, which
other emulators read, too (`SERVICES`, `USE_SSL`, `LAMBDA_...`)."""

_PROCESS: Final = Path(__file__).with_name("emulator_process.py")
"""Run as a file and not as a module, so that the emulator's process imports nothing of this package."""

_READY_SECONDS: Final = 60.0
_LOG_LINES_IN_ERRORS: Final = 15
_LOG_RECORD: Final = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ([A-Z]+) ")
"""The beginning of a record in the emulator's log; other lines belong to the record before them."""


class Emulator:
    """An emulator on a free port of 127.0.0.1, with a private folder for all that it writes.

    A context manager: entering starts the emulator and waits until it answers; leaving stops it with everything that it
    started, and removes its folder. A guard does the same if this process ends without a clean-up (SIGKILL, a closed
    terminal).

    Args:
        permissions: whether functions have only their roles' permissions, and queues take only what their policies
            allow. Otherwise everything is allowed.

    Raises:
        EmulatorError: it does not answer within a minute; the message has its last log lines.
    """

    def __init__(self, *, permissions: bool = False) -> None:
        self.endpoint = ""
        self._permissions = permissions
        self._process: Guarded | None = None
        self._folder: Path | None = None

    def __enter__(self) -> "Emulator":
        if importlib.util.find_spec("ministack") is None:
            raise EmulatorError("The emulator is not installed; run: pip install 'cp-event-source[local]'")
        try:
            self._start()
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def process_id(self) -> int:
        """The emulator's process id, which is also the id of its process group."""
        if self._process is None:
            raise EmulatorError("The emulator is not running")
        return self._process.process_id

    @property
    def folder(self) -> Path:
        """The private folder: the log, and all that the emulator and the functions write."""
        if self._folder is None:
            raise EmulatorError("The emulator is not running")
        return self._folder

    def ensure_running(self) -> None:
        """Look whether the emulator and its functions run.

        Raises:
            EmulatorError: the emulator ended by itself; the message has its last log lines.
            FailedStartError: functions did not start since the last look; the message has the cause.
        """
        if self._process is None:
            return
        if (exit_code := self._process.poll()) is not None:
            raise EmulatorError(f"The emulator ended by itself with exit code {exit_code}.\n{self._log_tail()}")
        if causes := failed_starts(runtime_of(self.folder)):
            raise FailedStartError("\n".join(causes))

    def stop(self) -> None:
        """End the emulator and all that it started, and remove its folder. A second call does nothing."""
        if self._process is not None:
            self._process.end()
            self._process = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)  # if somebody killed the guard
            self._folder = None

    def _start(self) -> None:
        # Only a name: the guard makes the folder, so that it exists no moment without somebody to remove it.
        self._folder = Path(tempfile.gettempdir()).resolve() / f"cp-event-source-local-{secrets.token_hex(4)}"
        port = _free_port()
        self.endpoint = f"http://127.0.0.1:{port}"
        kept = {name: value for name, value in os.environ.items() if name in _KEPT}
        environment = clean_environment(kept) | {
            "TZ": "UTC",  # as in Lambda
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "TMPDIR": str(self._folder / "tmp"),
            "STATE_DIR": str(self._folder / "state"),
            "S3_DATA_DIR": str(self._folder / "s3"),
            "PERSIST_STATE": "0",
            "S3_PERSIST": "0",
            "LOG_LEVEL": "INFO",
            # Nothing needs these listeners, and both would open further ports on every interface.
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            # A missing socket keeps it from looking for containers to run or to remove.
            "DOCKER_HOST": f"unix://{self._folder}/no-docker.sock",
            "LAMBDA_EXECUTOR": "local",
            "PYTHONUNBUFFERED": "1",
            # A function imports nothing from the folder in which its process starts.
            "PYTHONSAFEPATH": "1",
            "AUTH": "true" if self._permissions else "false",
        }
        runtime = runtime_of(self._folder)
        command = [sys.executable, "-P", str(_PROCESS), str(python_of(runtime))]
        try:
            with held_signals():
                self._process = Guarded(command, environment=environment, log=self._folder / "emulator.log")
            make_runtime(runtime)  # while the emulator starts
        except (LocalRunError, OSError) as error:
            self._folder = None  # the guard removes what it made, and only that
            raise EmulatorError(f"The emulator cannot be started: {error}") from error

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while not self._answers():
            self.ensure_running()
            if time.monotonic() > deadline:
                raise EmulatorError(
                    f"The emulator did not answer on {self.endpoint} within {_READY_SECONDS:.0f} s.\n{self._log_tail()}"
                )
            time.sleep(0.02)

    def _answers(self) -> bool:
        # Without a proxy, whatever the environment says: the address is this machine's own.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"{self.endpoint}/_ministack/ready", timeout=2) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def log_of_failures(self, limit: int = 40) -> list[str]:
        """The last lines of the emulator's log that belong to warnings and errors, with functions' tracebacks."""
        lines = (self.folder / "emulator.log").read_text(encoding="utf-8", errors="replace").splitlines()
        shown = []
        failing = False
        for line in lines:
            if match := _LOG_RECORD.match(line):
                failing = match.group(1) in {"WARNING", "ERROR", "CRITICAL"}
            if failing:
                shown.append(line)
        return shown[-limit:]

    def _log_tail(self) -> str:
        try:
            lines = (self.folder / "emulator.log").read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return "It left no log."
        if not lines:
            return "Its log is empty."
        return "\n".join(["Its last log lines:", *(f"  {line}" for line in lines[-_LOG_LINES_IN_ERRORS:])])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
