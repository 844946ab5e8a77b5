"""Guarantee: a command ends with all that it started when this process is gone, at whatever moment and however."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cp_event_source.local.errors import LocalRunError
from cp_event_source.local.guarded import Guarded

WITH_A_CHILD = """
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(os.getpid(), child.pid, flush=True)
"""
IN_C = WITH_A_CHILD + "sum(range(10 ** 13))  # it neither lets another thread run nor a signal's handler"


def python(code: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", code]


def runs(process_id: int) -> bool:
    """Whether a process runs; one that has ended and waits to be noticed by its parent does not."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(process_id)], capture_output=True, text=True).stdout.strip()
    return bool(state) and not state.startswith("Z")


def until(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def started(code: str) -> tuple[Guarded, list[int]]:
    """A guarded process, and the ids that it prints."""
    process = Guarded(python(code), environment=dict(os.environ))
    return process, [int(word) for word in process.outputs[0].readline().split()]


@pytest.mark.parametrize(
    ("code", "exit_code"), [("", 0), ("import sys; sys.exit(3)", 3), ("import os; os.abort()", -6)]
)
def test_its_exit_code_is_known(code: str, exit_code: int) -> None:
    process = Guarded(python(code), environment={})
    try:
        assert until(lambda: process.poll() is not None)
        assert (process.poll(), process.wait()) == (exit_code, exit_code)
    finally:
        process.end()


def test_its_output_and_folder_are_its_own(tmp_path: Path) -> None:
    code = "import os, sys; print(os.getcwd()); print(sys.stdin.read() == '', file=sys.stderr)"
    process = Guarded(python(code), environment={}, folder=tmp_path)
    try:
        assert [stream.read().decode() for stream in process.outputs] == [f"{tmp_path.resolve()}\n", "True\n"]
    finally:
        process.end()


def test_the_end_takes_its_children_and_its_folder_with_it(tmp_path: Path) -> None:
    log = tmp_path / "new" / "output.log"
    process = Guarded(python(IN_C), environment={}, log=log)
    assert until(lambda: log.exists() and bool(log.read_text()))
    ids = [int(word) for word in log.read_text().split()]
    assert ids[0] == process.process_id == os.getpgid(ids[1])

    process.end()
    process.end()

    assert not any(map(runs, ids))
    assert not log.parent.exists()


def test_what_a_command_leaves_when_it_ends_by_itself_is_ended() -> None:
    process, (_, child) = started(WITH_A_CHILD)
    try:
        assert process.wait() == 0
        assert until(lambda: not runs(child))
        assert process.outputs[0].read() == b""
    finally:
        process.end()


def test_if_the_guard_is_killed_the_command_is_ended_all_the_same() -> None:
    process, ids = started(IN_C)
    os.kill(process._guard.pid, signal.SIGKILL)

    assert until(lambda: process.poll() == -signal.SIGKILL)
    assert until(lambda: not any(map(runs, ids)))
    process.end()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_who_ends_the_guard_ends_the_command(number: signal.Signals) -> None:
    process, ids = started(IN_C)
    os.kill(process._guard.pid, number)

    assert until(lambda: not any(map(runs, ids)))
    process.end()


def test_a_command_that_cannot_be_started_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(LocalRunError, match=r"/no/such: cannot be started: FileNotFoundError"):
        Guarded(["/no/such"], environment={}, log=tmp_path / "new" / "log")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(LocalRunError, match="cannot be started: FileExistsError"):
        Guarded(python(""), environment={}, log=tmp_path / "log")
    assert tmp_path.is_dir(), "a folder that was there stays"


PARENTS = f"""
import os, signal, sys, time
from pathlib import Path
from cp_event_source.local.guarded import Guarded
folder = sys.argv[1]
for line in sys.stdin:
    parent = os.fork()
    if not parent:
        environment = {{**os.environ, "MARKED": folder}}
        logged = Guarded([sys.executable, "-c", {IN_C!r}], environment=environment, log=Path(folder) / "new" / "log")
        other = Guarded([sys.executable, "-c", {IN_C!r}], environment=environment)
        time.sleep(600)
    time.sleep(float(line))
    os.kill(parent, signal.SIGKILL)
    os.waitpid(parent, 0)
    print("killed", flush=True)
"""
"""For each line, a process that starts two others and is killed so many seconds after its own start."""


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds the processes in /proc")
def test_nothing_is_left_of_a_process_that_is_killed_at_any_moment(tmp_path: Path) -> None:
    """From before the first process starts until all run."""

    def left() -> list[str]:
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                marked = f"MARKED={tmp_path}\0".encode() in (process / "environ").read_bytes()
            except OSError:  # it has ended meanwhile, or is another user's
                continue
            if marked:
                found.append(process.name)
        return found

    most = 0
    with subprocess.Popen(
        [sys.executable, "-c", PARENTS, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parents:
        assert parents.stdin is not None
        assert parents.stdout is not None
        for milliseconds in (0, 1, 2, 4, 8, 12, 16, 24, 32, 40, 50, 60, 80, 100, 150, 250):
            parents.stdin.write(f"{milliseconds / 1000}\n")
            parents.stdin.flush()
            time.sleep(0.8 * milliseconds / 1000)
            most = max(most, len(left()))

            assert parents.stdout.readline() == "killed\n"

            assert until(lambda: not left(), 2), (milliseconds, left())
            assert until(lambda: list(tmp_path.iterdir()) == [], 2), milliseconds
        parents.stdin.close()
    assert most > 2, "no process had started, so this showed nothing"


def test_a_command_that_is_killed_ends_with_its_group_and_its_output_ends() -> None:
    process, ids = started(WITH_A_CHILD + "child.wait()")

    process.kill()

    assert process.wait() == -signal.SIGKILL
    assert until(lambda: not any(runs(each) for each in ids))
    assert process.outputs[0].read() == b""
    process.kill()
    process.end()
