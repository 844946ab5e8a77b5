"""Guarantee: a message is deleted only when it is on the disk, wherever the process is killed."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cp_event_source.deployed.errors import CommandError
from cp_event_source.operate.letters import Queue
from tests.nightly import search
from tests.operate.queues import Killed, Queues, event, expired, kills, notice


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


@given(count=st.integers(0, 25), killed=st.lists(st.integers(0, 70), max_size=3))
@search(20, 1000)
def test_each_message_is_in_its_queue_or_in_a_file(
    tmp_path_factory: pytest.TempPathFactory, count: int, killed: list[int]
) -> None:
    folder, queues = tmp_path_factory.mktemp("export"), Queues()
    bodies = {event(f"e-{number}", Payload="ü") for number in range(count)} | {expired(n) for n in range(count)}
    for body in bodies:
        queues.put(Queue.PROJECTION if "DDBStream" in body else Queue.INGEST, body)

    def kept() -> set[str]:
        return {each["body"] for file in folder.iterdir() for each in lines(file)}

    def work() -> None:
        assert bodies <= {*kept(), *queues.bodies(Queue.INGEST), *queues.bodies(Queue.PROJECTION)}

    queues.work = work
    for number, kill_at in enumerate(kills(killed)):
        queues.restart(kill_at)
        try:
            queues.run(everything=True, export=folder / f"{number}.ndjson", delete=True)
        except Killed:
            assert kill_at is not None
    assert kept() == bodies
    assert [queues.bodies(queue) for queue in Queue] == [[], [], []]


def test_a_message_is_on_the_disk_before_it_is_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    queues = Queues()
    steps: list[str] = []
    queues.put(Queue.PARKED, *map(notice, "abc"))
    sync = os.fsync

    def note(number: int) -> None:
        sync(number)
        steps.append("synced")

    monkeypatch.setattr(os, "fsync", note)
    queues.sqs.intercept = lambda operation, *_: steps.append(operation)

    queues.run(queue=Queue.PARKED, export=tmp_path / "file", delete=True)

    first = steps.index("DeleteMessage")
    assert "synced" in steps[steps.index("ReceiveMessage") : first]


def test_an_export_alone_deletes_nothing(tmp_path: Path) -> None:
    queues, file = Queues(), tmp_path / "file"
    (first, _) = queues.put(Queue.INGEST, "not JSON", event("e"), ReasonCode="conflict")
    queues.put(Queue.PARKED, notice("file-1"))

    queues.run(reason="conflict", export=file)

    assert {each["message_id"]: each for each in lines(file)}[first] == {
        "queue": "ingest",
        "reason": "conflict",
        "message_id": first,
        "sent_at": "2026-01-01T00:00:00.000+00:00",
        "domain_id": None,
        "event_id": None,
        "event_name": None,
        "correlation_id": None,
        "attributes": {"ReasonCode": "conflict"},
        "body": "not JSON",
    }
    assert len(lines(file)) == 2
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (len(queues.bodies(Queue.INGEST)), queues.hidden()) == (2, 0)


def test_no_file_is_overwritten_and_none_is_left_empty(tmp_path: Path) -> None:
    queues, file = Queues(), tmp_path / "file"
    queues.run(everything=True, export=file)
    assert not file.exists()

    queues.put(Queue.PARKED, notice("file-1"))
    file.write_text("mine")
    with pytest.raises(CommandError, match="must be a new file"):
        queues.run(everything=True, export=file, delete=True)
    with pytest.raises(CommandError, match="cannot be written"):
        queues.run(everything=True, export=tmp_path / "no" / "file", delete=True)
    assert file.read_text() == "mine"
    assert len(queues.bodies(Queue.PARKED)) == 1
