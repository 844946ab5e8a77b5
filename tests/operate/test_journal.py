"""Guarantee: what a command has noted is there after a kill, and no file of anything else is used or changed."""

import multiprocessing
import os
import signal
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cp_event_source.operate.journal import DONE, Journal, JournalError

WORK = {"command": "rebuild", "table": "files"}


def test_what_is_noted_is_there_again(tmp_path: Path) -> None:
    file = tmp_path / "journal"
    with Journal(file, WORK) as journal:
        journal.add(["b", "a", "a", "c"])
        journal.finish("a", DONE)
        journal.finish("b", "why")
        journal.processed(3, {"DomainId": {"S": "x"}}, {"bytes": "17"})
        journal.processed(4, None)

    with Journal(file, WORK) as journal:
        assert list(journal.objects()) == [("a", DONE), ("b", "why"), ("c", None)]
        assert list(journal.open_objects()) == ["c"]
        assert list(journal.failed()) == [("b", "why")]
        assert journal.cursors() == {3: {"DomainId": {"S": "x"}}, 4: None}
        assert journal.fact("bytes") == "17"
        journal.reopen_failed()
        assert list(journal.open_objects()) == ["b", "c"]


def _noting(file: Path, ready: "multiprocessing.synchronize.Event") -> None:
    with Journal(file, WORK) as journal:
        journal.add(f"{number:05}" for number in range(1000))
        for number in range(1000):
            journal.finish(f"{number:05}", DONE)
            if number == 20:
                ready.set()


def test_a_kill_at_any_moment_leaves_a_journal_that_continues(tmp_path: Path) -> None:
    file = tmp_path / "journal"
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    process = context.Process(target=_noting, args=(file, ready))
    process.start()
    assert ready.wait(30)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()

    with Journal(file, WORK) as journal:
        done = [domain_id for domain_id, outcome in journal.objects() if outcome == DONE]
        assert len(done) >= 20
        assert journal.count() == 1000
        assert journal.count(open_only=True) == 1000 - len(done)


@given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5))))
def test_facts_are_found_by_their_prefix_in_the_order_of_their_first_note(notes: list[tuple[str, str]]) -> None:
    with Journal(None, {}) as journal:
        for name, value in notes:
            journal.note(f"p {name}", value)
            journal.note(f"other {name}", value)

        assert journal.facts("p ") == [(f"p {name}", value) for name, value in dict(notes).items()]


def test_another_process_cannot_work_with_it_at_the_same_time(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal", WORK), pytest.raises(JournalError, match="another process works with it"):
        Journal(tmp_path / "journal", WORK)
    Journal(tmp_path / "journal", WORK).remove()


def test_other_work_is_refused(tmp_path: Path) -> None:
    Journal(tmp_path / "journal", WORK).__exit__(None, None, None)

    with pytest.raises(JournalError, match="its table is 'files'; got 'accounts'"):
        Journal(tmp_path / "journal", WORK | {"table": "accounts"})


def test_other_files_are_refused_and_stay_as_they_are(tmp_path: Path) -> None:
    text, database = tmp_path / "text", tmp_path / "database"
    text.write_text("notes of mine\n" * 100)
    with sqlite3.connect(database) as other:
        other.execute("CREATE TABLE mine (a)")
    before = text.read_bytes(), database.read_bytes()

    for file in (text, database):
        with pytest.raises(JournalError, match="must be a file that an interrupted command has left"):
            Journal(file, WORK)
    assert (text.read_bytes(), database.read_bytes()) == before


def test_an_empty_file_becomes_one_and_a_removed_one_is_gone(tmp_path: Path) -> None:
    file = tmp_path / "journal"
    file.touch()
    with Journal(file, WORK) as journal:
        assert journal.is_untouched
        journal.add(["a"])
        assert not journal.is_untouched
        journal.remove()
    assert not file.exists()
