"""Changed files are noticed: each once, and only when they no longer change."""

import os
import time
from pathlib import Path

from cp_event_source.local.watched import Watched, program_files


def watched(folder: Path) -> Watched:
    return Watched(lambda: folder.glob("*"), time.time() + 60)


def test_nothing_is_reported_where_nothing_changes(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    files = watched(tmp_path)

    assert [files.changes(), files.changes()] == [set(), set()]


def test_a_change_is_reported_once_when_a_second_look_finds_it_unchanged(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("1")
    files = watched(tmp_path)

    file.write_text("12")
    assert files.changes() == set()
    file.write_text("123")  # an editor that still writes
    assert files.changes() == set()
    assert files.changes() == {file}
    assert files.changes() == set()


def test_a_new_a_removed_and_a_replaced_file_are_changes(tmp_path: Path) -> None:
    """Many editors write another file and put it in the place of the old one."""
    new, removed, replaced, other = (tmp_path / name for name in ("new", "removed", "replaced", "other"))
    for file in (removed, replaced, other):
        file.write_text("same")
    written = replaced.stat().st_mtime_ns
    files = watched(tmp_path)

    new.write_text("")
    removed.unlink()
    other.replace(replaced)
    os.utime(replaced, ns=(written, written))
    files.changes()

    assert files.changes() == {new, removed, replaced, other}


def test_what_was_written_since_somebody_read_the_files_is_a_change(tmp_path: Path) -> None:
    """As during the first deployment, which takes seconds."""
    old, new = tmp_path / "old", tmp_path / "new"
    for file in (old, new):
        file.write_text("")
    os.utime(old, (1, 1))

    assert Watched(lambda: tmp_path.glob("*"), 2).changes() == {new}


def test_a_file_that_is_listed_and_gone_is_no_error(tmp_path: Path) -> None:
    assert Watched(lambda: [tmp_path / "gone"], 0).changes() == set()


def test_of_a_program_the_sources_are_watched_and_not_what_others_write_there(tmp_path: Path) -> None:
    for name in (
        "__main__.py",
        "Pulumi.dev.yaml",
        "parts/queues.py",
        "index.ts",
        "cmd/main.go",
        "layer/domain_handler.py",
        "data.json",
        ".git/hook.py",
        "node_modules/a.ts",
        "__pycache__/b.py",
        "environment/pyvenv.cfg",
        "environment/lib/c.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")

    found = {path.relative_to(tmp_path).as_posix() for path in program_files(tmp_path, [tmp_path / "layer"])}

    assert found == {"__main__.py", "Pulumi.dev.yaml", "parts/queues.py", "index.ts", "cmd/main.go"}
