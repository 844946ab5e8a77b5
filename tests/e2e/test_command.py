"""Guarantee: the command works as a person uses it: run the demo, use its printed commands, stop it."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.conftest import EXAMPLES

DEMO = [str(EXAMPLES / "default"), "--events", str(EXAMPLES / "default" / "events.json")]


@contextmanager
def command(*arguments: str, temporary: Path) -> Iterator["subprocess.Popen[str]"]:
    """Run the command in a process of its own. Its temporary folder shows which files it leaves."""
    temporary.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", "import sys; from cp_event_source.cli import main; sys.exit(main())", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"TMPDIR": str(temporary), "COLUMNS": "100", "PYTHONUNBUFFERED": "1"},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def read_until(process: "subprocess.Popen[str]", text: str) -> list[str]:
    """The lines of the output up to the first that contains a text."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if text in line:
            return lines
    raise AssertionError("\n".join([f"ended without {text!r}:", *lines]))


def children(process_id: int) -> list[int]:
    """The process's descendants as `ps` reports them."""
    listing = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = {int(pid): int(parent) for pid, parent in map(str.split, listing.splitlines())}
    found = [process_id]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found[1:]


def alive(process_ids: list[int]) -> list[int]:
    """The processes that still run. A process that has ended and waits for its parent (Z) does not count."""
    listing = subprocess.run(["ps", "-eo", "pid=,stat="], capture_output=True, text=True, check=True).stdout
    running = {int(pid) for pid, state in map(str.split, listing.splitlines()) if not state.startswith("Z")}
    return sorted(running & set(process_ids))


def test_the_demo_ends_with_the_sample_events_stored_and_the_rows_computed(tmp_path: Path) -> None:
    with command("local", *DEMO, temporary=tmp_path / "tmp") as process:
        output, _ = process.communicate(timeout=180)

    assert process.returncode == 0, output
    assert "Sent 18 events: 16 for the domain File, 2 matched no domain's rule (DOMAIN of Account" in output
    assert "Drained: 14 stored, 1 duplicate, 1 quarantined, 1 object parked, 2 events waiting\n" in output
    assert "note: alarms are created but never fire\n" in output
    assert "UserId: is required; found nothing" in output
    assert "report-2026-q1.pdf" in output
    assert "parked at" in output
    assert "Parked queue: 1 message\n" in output
    assert list((tmp_path / "tmp").iterdir()) == []


def test_with_keep_the_printed_commands_work_and_ctrl_c_leaves_no_process_and_no_file(tmp_path: Path) -> None:
    with command("local", *DEMO, "--keep", temporary=tmp_path / "tmp") as process:
        lines = read_until(process, "Ctrl-C stops it")
        first = [line.strip() for line in lines if line.strip().startswith(("unset ", "export "))]
        somebodys = {
            "AWS_PROFILE": "somebodys",
            "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:9",
            "HTTP_PROXY": "http://127.0.0.1:9",
        }
        answers = [
            subprocess.run(
                ["sh", "-c", "; ".join([*first, line.strip()])],
                env=os.environ | somebodys,
                capture_output=True,
                text=True,
                check=True,
            )
            for line in lines
            if "boto3" in line
        ]
        assert "EventId" in answers[0].stdout
        assert re.search(r"'DomainId': \{'S': '[0-9a-f-]{36}'\}", answers[1].stdout)
        assert any(re.match(r"  domain_table_name +files-domain-", line) for line in lines)
        started = children(process.pid)
        assert started

        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)

    assert process.returncode == 0, output
    assert alive(started) == []
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)])
def test_a_signal_during_the_deployment_leaves_no_process_and_no_file(
    number: signal.Signals, exit_code: int, tmp_path: Path
) -> None:
    """The deployment runs in a process of its own."""
    with command("local", *DEMO, temporary=tmp_path / "tmp") as process:
        read_until(process, "Emulator ready")
        deadline = time.monotonic() + 30
        while len(started := children(process.pid)) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)

        process.send_signal(number)
        output, _ = process.communicate(timeout=60)

    assert process.returncode == exit_code, output
    assert alive(started) == []
    assert list((tmp_path / "tmp").iterdir()) == []
