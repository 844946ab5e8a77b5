"""Guarantee: a corrected event is sent only if it keeps the contract and its message is still there; the message goes
only after the event was sent; numbers that nobody edits stay exact; and no work at the editor is lost."""

import stat
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from cp_event_source.operate.editing import EditError
from cp_event_source.operate.letters import Queue
from tests.operate.queues import Killed, Queues, event, request

INGEST = Queue.INGEST
WRONG = event("e-1", UserId="", Payload=[]).replace("[]", "[0.10, 12345678901234567890.5, 1E+2]")
RIGHT = WRONG.replace('"UserId": ""', '"UserId": "ada"').replace(": ", ":").replace(", ", ",")

Editor = Callable[[str], None]


@pytest.fixture
def queues() -> Queues:
    return Queues()


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[Path]]:
    """The temporary files that are left."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return lambda: sorted(tmp_path.glob("dead-letter-*"))


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Editor:
    """Makes an editor that runs a script, which has the file's path as `file`."""

    def make(script: str) -> None:
        program = tmp_path / "editor.py"
        program.write_text(f"import pathlib, sys\nfile = pathlib.Path(sys.argv[1])\n{script}\n")
        monkeypatch.delenv("VISUAL", raising=False)
        monkeypatch.setenv("EDITOR", f"{sys.executable} '{program}'")

    return make


FIX = """file.write_text(file.read_text().replace('"UserId": ""', '"UserId": "ada"'))"""


def edit(queues: Queues, message_id: str, source: Path | None = None) -> None:
    queues.run([message_id], edit_one=True, source=source)


def test_a_corrected_event_takes_the_place_of_its_message(
    queues: Queues, editor: Editor, files: Callable[[], list[Path]]
) -> None:
    other, message_id = queues.put(INGEST, event("other"), WRONG)
    editor(FIX)
    edit(queues, message_id)
    assert queues.sent_back() == [RIGHT]
    assert [message.id for message in queues.messages(INGEST)] == [other]
    assert (queues.hidden(), files()) == (0, [])


def test_the_editor_has_a_private_file_with_a_line_for_each_field(
    queues: Queues, editor: Editor, files: Callable[[], list[Path]]
) -> None:
    (message_id,) = queues.put(INGEST, WRONG)
    editor("sys.exit(3)")
    with pytest.raises(EditError, match="exit code 0; got 3"):
        edit(queues, message_id)
    (file,) = files()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert '    "UserId": "",\n' in file.read_text()


def test_ctrl_c_is_the_editors(queues: Queues, editor: Editor, files: Callable[[], list[Path]]) -> None:
    (message_id,) = queues.put(INGEST, WRONG)
    editor(f"import os, signal\nos.kill(os.getppid(), signal.SIGINT)\n{FIX}")
    edit(queues, message_id)
    assert queues.sent_back() == [RIGHT]


def test_what_breaks_the_contract_is_not_sent_and_the_file_stays(
    queues: Queues, editor: Editor, files: Callable[[], list[Path]], capsys: pytest.CaptureFixture[str]
) -> None:
    (message_id,) = queues.put(INGEST, WRONG)
    editor(FIX.replace('"ada"', "7"))
    with pytest.raises(EditError, match="UserId: must be a non-empty string; found 7") as refused:
        edit(queues, message_id)
    (file,) = files()
    assert f"--edit {message_id} --from {file}" in str(refused.value)
    assert (queues.bodies(INGEST), queues.sent_back(), queues.hidden()) == ([WRONG], [], 0)

    file.write_text(file.read_text().replace('"UserId": 7', '"UserId": "ada"'))
    edit(queues, message_id, file)
    assert (queues.bodies(INGEST), queues.sent_back()) == ([], [RIGHT])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "body: must be JSON"),
        (event("e", DomainName="Other"), "DomainName: must be"),
        (event("e", EventTime="2999-01-01T00:00:00Z"), "EventTime"),
        (event("e", Payload="x" * 1_100_000), "must be at most 1,048,576 bytes"),
    ],
)
def test_each_check_of_the_pipeline_is_made(queues: Queues, tmp_path: Path, text: str, reason: str) -> None:
    (message_id,) = queues.put(INGEST, WRONG)
    (tmp_path / "file").write_text(text)
    with pytest.raises(EditError, match=reason):
        edit(queues, message_id, tmp_path / "file")
    assert (queues.bodies(INGEST), queues.sent_back()) == ([WRONG], [])


def test_nothing_is_hidden_while_the_editor_is_open_and_nothing_is_sent_if_the_message_goes(
    queues: Queues, editor: Editor, monkeypatch: pytest.MonkeyPatch, files: Callable[[], list[Path]]
) -> None:
    (message_id,) = queues.put(INGEST, WRONG)

    def another_reader(file: Path) -> None:
        assert queues.hidden() == 0
        file.write_text(RIGHT)
        queues.sqs.queues[queues.urls[INGEST]].messages.clear()

    monkeypatch.setattr("cp_event_source.operate.editing._open_editor", another_reader)
    with pytest.raises(EditError, match="it is gone"):
        edit(queues, message_id)
    assert queues.sent_back() == []
    assert [file.read_text() for file in files()] == [RIGHT]


def test_an_event_that_was_not_edited_is_not_sent(
    queues: Queues, editor: Editor, files: Callable[[], list[Path]]
) -> None:
    (message_id,) = queues.put(INGEST, WRONG)
    editor("")
    with pytest.raises(EditError, match="it is as it was"):
        edit(queues, message_id)
    assert (queues.sent_back(), files()) == ([], [])


def test_what_is_no_event_is_refused(queues: Queues, monkeypatch: pytest.MonkeyPatch) -> None:
    (message_id,) = queues.put(INGEST, request("file-1"))
    with pytest.raises(EditError, match="rebuild request"):
        edit(queues, message_id)
    with pytest.raises(EditError, match="unknown: must be in the ingest dead-letter queue"):
        edit(queues, "unknown")
    monkeypatch.setenv("VISUAL", "no-such-editor --wait")
    (message_id,) = queues.put(INGEST, WRONG)
    with pytest.raises(EditError, match="does not start"):
        edit(queues, message_id)


@pytest.mark.parametrize("kill_at", range(12))
def test_the_event_is_somewhere_wherever_the_process_is_killed(queues: Queues, tmp_path: Path, kill_at: int) -> None:
    (message_id,) = queues.put(INGEST, WRONG)
    (tmp_path / "file").write_text(RIGHT)

    def work() -> None:
        assert WRONG in queues.bodies(INGEST) or RIGHT in queues.sent_back()

    queues.work = work
    queues.restart(kill_at)
    try:
        edit(queues, message_id, tmp_path / "file")
    except Killed:
        queues.restart(None)
        if queues.bodies(INGEST):
            edit(queues, message_id, tmp_path / "file")
    assert queues.bodies(INGEST) == []
    assert set(queues.sent_back()) == {RIGHT}
