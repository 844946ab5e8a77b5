"""Guarantee: the command works as a person uses it: run the demo, use its printed commands, stop it."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
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
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"TMPDIR": str(temporary), "COLUMNS": "100", "PYTHONUNBUFFERED": "1"},
    ) as process:
        watchdog = threading.Timer(120, process.kill)  # a text that never comes fails its test, with what came
        watchdog.start()
        try:
            yield process
        finally:
            watchdog.cancel()
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


def test_with_keep_it_shows_the_results_its_printed_commands_work_and_ctrl_c_leaves_no_process_and_no_file(
    tmp_path: Path,
) -> None:
    """`tests/wheel` runs the demo without `--keep`, to its own end."""
    with command("local", *DEMO, "--keep", temporary=tmp_path / "tmp") as process:
        lines = read_until(process, "Ctrl-C stops it")
        shown = "".join(f"{line}\n" for line in lines)
        assert "Sent 18 events: 16 for the domain File, 2 matched no domain's rule (DOMAIN of Account" in shown
        assert "Drained: 14 stored, 1 duplicate, 1 quarantined, 1 object parked, 2 events waiting\n" in shown
        assert "note: alarms are created but never fire\n" in shown
        assert "UserId: is required; found nothing" in shown
        assert "report-2026-q1.pdf" in shown
        assert "parked at" in shown
        assert "Parked queue: 1 message\n" in shown

        first = [line.strip() for line in lines if line.strip().startswith(("unset ", "export "))]
        somebodys = {
            "AWS_PROFILE": "somebodys",
            "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:9",
            "HTTP_PROXY": "http://127.0.0.1:9",
        }

        def paste(command: str) -> str:
            return subprocess.run(
                ["sh", "-c", "; ".join([*first, command])],
                env=os.environ | somebodys,
                capture_output=True,
                text=True,
                check=True,
            ).stdout

        def events_in_the_row() -> int:
            match = re.search(r"'EventCount': \{'N': '(\d+)'\}", paste(read))
            assert match is not None
            return int(match[1])

        publish, read = (line.strip() for line in lines if "boto3" in line)
        before = events_in_the_row()
        for _ in range(2):
            assert "EventId" in paste(publish)
        deadline = time.monotonic() + 30
        while (now := events_in_the_row()) < before + 2 and time.monotonic() < deadline:
            time.sleep(0.1)
        assert now == before + 2  # each paste is a new event
        # Without the AWS command line, its arguments are printed.
        (with_aws,) = (line.strip() for line in lines if line.strip().startswith("aws events put-events"))
        (entry,) = json.loads(paste(with_aws.replace("aws events put-events --entries", "printf %s")))
        assert entry["Source"] == "me"
        assert len(json.loads(entry["Detail"])["EventId"]) == 36

        deciding = "from cp_event_source.decide import Objects; import sys; Objects.from_environment(layer=sys.argv[1])"
        program = shlex.join([sys.executable, "-c", f"{deciding}.get('nobody')", str(EXAMPLES / "default/file_domain")])
        assert paste(program) == ""

        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
        again = read_until(process, "Domain File: ")
        assert any("again: nothing changed" in line for line in again)
        assert again[-1].startswith("Domain File: no row changed")
        assert any(re.match(r"  domain_table_name +files-domain-", line) for line in lines)
        started = children(process.pid)
        assert started

        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)

    assert process.returncode == 0, output
    assert alive(started) == []
    assert list((tmp_path / "tmp").iterdir()) == []


def test_with_watch_each_save_is_deployed_and_shown_and_what_breaks_leaves_the_run_as_it_was(tmp_path: Path) -> None:
    program = Path(shutil.copytree(EXAMPLES / "default", tmp_path / "program"))
    logic, events = program / "file_domain" / "domain_handler.py", program / "events.json"
    code = logic.read_text()

    with command("local", str(program), "--events", str(events), "--watch", temporary=tmp_path / "tmp") as process:
        read_until(process, "Watching: ")

        logic.write_text(
            code.replace("case _:", 'case "FileArchived":\n                self.Name = "old"\n            case _:')
        )
        healed = "\n".join(read_until(process, "  6cfa9ee3"))
        assert "Domain File: 1 row changed" in healed
        assert re.search(r"│ 6cfa9ee3… │ \w+ +│ ", healed)  # which events the parked row held depends on their arrival
        assert healed.endswith("Healed: 1 object\n  6cfa9ee3…")

        logic.write_text(code.replace("def apply", "def appply"))
        refused = "\n".join(read_until(process, "What was deployed before goes on"))
        assert "no class has the method apply" in refused

        logic.write_text(code.replace('self.Name = payload["Name"]', 'self.Name = payload["Title"]'))
        failing = "\n".join(read_until(process, "FileUploaded (KeyError"))
        assert "Domain File: no row changed" in failing
        assert "The new logic fails, and the rows stay as they were: 4 objects" in failing

        value = json.loads(events.read_text())
        uploaded = next(event for event in value if event.get("EventName") == "FileUploaded")
        more = uploaded | {"DomainId": "new", "EventId": "new"}
        other_content = uploaded | {"Payload": {"Name": "changed", "Size": 1}}
        events.write_text(json.dumps([*value, more, other_content]))
        sent = "\n".join(read_until(process, "Parked now"))
        assert "Sent 2 events: 2 for the domain File" in sent
        read_until(process, "│ conflict ")

        main = program / "__main__.py"
        main.write_text(main.read_text() + '\npulumi.export("more", 1)\n')
        read_until(process, "the exports decider_settings, more")  # the layer is another since the program ran

        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)

    assert process.returncode == 0, output
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
