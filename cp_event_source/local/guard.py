"""A guard: it runs a command, and ends all that the command started when whoever started the guard is gone.

Usage: python -I -S guard.py STATUS LOG COMMAND..., with a pipe as standard input. STATUS is the number of a file
descriptor: the guard writes the command's process id and later its exit code there, each in a line of its own, or a
line of text if it cannot start the command. LOG is empty, or a path in a folder that does not exist: then the guard
makes the folder, and the command runs in it and writes its output to LOG.

The command leads a process group of its own. The guard kills the group when the command ends by itself, and when the
pipe on standard input ends. The kernel ends the pipe however its other end goes, so no code in the command has to run,
and none can be in the way. After the pipe's end the guard removes the folder, and ends.

The guard imports little: each process of a run waits for one.
"""

import os
import signal
import sys
import time
from contextlib import suppress


def main() -> None:
    """Run the command until the pipe on standard input ends."""
    status, log = int(sys.argv[1]), sys.argv[2]
    os.set_inheritable(status, False)  # noqa: FBT003  # it takes no name
    group = 0

    def end_group(_number: int = 0, _frame: object = None) -> None:
        """If the command has ended: kill what it leaves, and write its exit code."""
        nonlocal group
        with suppress(ChildProcessError):  # this function interrupted itself, and did its work
            if group and (ended := os.waitpid(group, os.WNOHANG)) != (0, 0):
                _kill(group)
                group = 0
                _write(status, str(os.waitstatus_to_exitcode(ended[1])))

    signal.signal(signal.SIGCHLD, end_group)
    # Who ends the guard means the command.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _close_standard_input)
    folder = os.path.dirname(log)  # noqa: PTH120
    try:
        if folder:
            _make(folder)
    except OSError as error:
        _write(status, f"{type(error).__name__}: {error}")
        return
    try:
        process = _start(sys.argv[3:], log)
        _write(status, str(process))
        group = process
        end_group()  # perhaps it has ended, and the signal came too early
        _wait_for_the_end_of_standard_input()
    except OSError as error:
        _write(status, f"{type(error).__name__}: {error}")
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if group:
        _kill(group)
        os.waitpid(group, 0)
    if folder:
        _remove(folder)


def _start(command: list[str], log: str) -> int:
    """Start the command; its process id, which is its group's, too."""
    actions: list[tuple[int, ...] | tuple[int, int, str, int, int]] = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
    ]
    if log:
        actions += [
            (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ]
    # Python itself ignores SIGPIPE, and the command would inherit that.
    process = os.posix_spawn(
        command[0], command, os.environ, file_actions=actions, setpgroup=0, setsigdef=[signal.SIGPIPE]
    )
    # Only the command has the output now, so that whoever reads it sees its end.
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    return process


def _make(folder: str) -> None:
    """Make the folder, which only this user can enter, and go there."""
    os.mkdir(folder, 0o700)  # noqa: PTH102
    os.chdir(folder)


def _close_standard_input(*_: object) -> None:
    with suppress(OSError):  # a second signal
        os.close(0)


def _wait_for_the_end_of_standard_input() -> None:
    with suppress(OSError):  # a signal's handler closed it
        while os.read(0, 4096):
            pass


def _kill(group: int) -> None:
    # If all are gone; macOS has the second for processes that have ended.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _write(status: int, line: str) -> None:
    with suppress(OSError):  # nobody listens any more
        os.write(status, f"{line}\n".encode())


def _remove(folder: str) -> None:
    import shutil  # here, since it takes long to import

    for _ in range(100):  # a process that was killed may take a moment to end, and write meanwhile
        shutil.rmtree(folder, ignore_errors=True)
        if not os.path.exists(folder):  # noqa: PTH110
            return
        time.sleep(0.01)


if __name__ == "__main__":
    main()
