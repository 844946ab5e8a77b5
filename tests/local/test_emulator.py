"""The emulator is private, ready when it says so, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import pytest

from cp_event_source.local import emulator as emulator_module
from cp_event_source.local.emulator import Emulator
from cp_event_source.local.errors import EmulatorError


def running(process_id: int) -> bool:
    """Whether a process runs (one that has ended and waits to be noticed by its parent does not)."""
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process_id}/stat")
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")


def until(condition: object, seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_it_answers_on_this_machine_only_and_is_gone_afterwards() -> None:
    with Emulator() as emulator:
        folder, process_id = emulator.folder, emulator.process_id
        assert emulator.endpoint.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(f"{emulator.endpoint}/_ministack/health", timeout=5) as answer:
            assert answer.status == 200
        assert running(process_id)

    assert not running(process_id)
    assert not folder.exists()


def test_two_run_side_by_side() -> None:
    with Emulator() as one, Emulator() as other:
        assert one.endpoint != other.endpoint
        assert one.folder != other.folder


def test_all_it_writes_lies_in_its_private_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    with Emulator() as emulator:
        assert emulator.folder.parent == tmp_path
        assert (emulator.folder / "emulator.log").is_file()

    assert list(tmp_path.iterdir()) == []


def test_one_that_does_not_start_is_reported_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("raise SystemExit('no room left')")
    monkeypatch.setattr(emulator_module, "_PROCESS", broken)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    with pytest.raises(EmulatorError, match=r"(?s)ended by itself with exit code 1.*no room left"), Emulator():
        pass

    assert [path.name for path in tmp_path.iterdir()] == ["broken.py"]


def test_one_that_ends_by_itself_is_noticed() -> None:
    with Emulator() as emulator:
        os.kill(emulator.process_id, signal.SIGKILL)

        assert until(lambda: _ended(emulator))


def _ended(emulator: Emulator) -> bool:
    try:
        emulator.ensure_running()
    except EmulatorError:
        return True
    return False


def test_nothing_is_left_when_the_parent_is_killed_without_a_chance_to_clean_up(tmp_path: Path) -> None:
    code = (
        "import time\n"
        "from cp_event_source.local.emulator import Emulator\n"
        "with Emulator() as emulator:\n"
        "    print(emulator.process_id, flush=True)\n"
        "    time.sleep(600)\n"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment) as parent:
        assert parent.stdout is not None
        process_id = int(parent.stdout.readline())
        assert running(process_id)

        parent.kill()

    assert until(lambda: not running(process_id))
    assert until(lambda: list(tmp_path.iterdir()) == [])
