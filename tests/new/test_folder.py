"""Guarantee: a new project is written completely or not at all, and nothing that is there is changed."""

from pathlib import Path

import pytest

from cp_event_source.new.folder import NotWritten, write_new

FILES = {"a.txt": "ä\n", "b/c/d.txt": "d\r\n", ".e": ""}


def tree(folder: Path) -> dict[str, bytes | None]:
    """The bytes of each file, and None for each folder, by path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")
    }


@pytest.mark.parametrize("name", ["new", "empty", "above/new", "link"])
def test_a_new_or_empty_folder_gets_all_files(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("empty")
    write_new(tmp_path / name, FILES)
    assert tree(tmp_path / name) == {
        "a.txt": "ä\n".encode(),
        "b": None,
        "b/c": None,
        "b/c/d.txt": b"d\r\n",
        ".e": b"",
    }


@pytest.mark.parametrize("there", ["a.txt", ".hidden", "b/x"])
def test_a_folder_with_anything_in_it_is_refused_and_stays_as_it_is(there: str, tmp_path: Path) -> None:
    file = tmp_path / "project" / there
    file.parent.mkdir(parents=True)
    file.write_text("mine")
    before = tree(tmp_path)
    with pytest.raises(NotWritten, match=r"project: must be a new or an empty folder; got one with files in it"):
        write_new(tmp_path / "project", FILES)
    assert tree(tmp_path) == before


@pytest.mark.parametrize("folder", ["file", "file/inside", "dangling", f"{'x' * 300}/inside"])
def test_a_folder_that_cannot_be_made_is_refused(folder: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "dangling").symlink_to("nowhere")
    before = tree(tmp_path)
    with pytest.raises(NotWritten, match=r"(cannot be written: .*|got a file); name another folder"):
        write_new(tmp_path / folder, FILES)
    assert tree(tmp_path) == before


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt(), RuntimeError("?")])
@pytest.mark.parametrize("fails_at", [1, 2, 3])
@pytest.mark.parametrize("exists", [True, False])
def test_a_failure_on_the_way_leaves_nothing(
    exists: bool, fails_at: int, error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if exists:
        (tmp_path / "above").mkdir()
    before = tree(tmp_path)
    opened = 0
    open_as_before = Path.open

    def failing(self: Path, *arguments: str, **options: str) -> object:
        nonlocal opened
        opened += 1
        if opened == fails_at:
            raise error
        return open_as_before(self, *arguments, **options)  # type: ignore[call-overload]

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", failing)
        with pytest.raises(NotWritten if isinstance(error, OSError) else type(error)):
            write_new(tmp_path / "above" / "project", FILES)
    assert opened == fails_at
    assert tree(tmp_path) == before


def test_a_file_that_somebody_else_makes_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    class Racing(dict[str, str]):
        def items(self):  # type: ignore[no-untyped-def]
            (tmp_path / "project" / "b").mkdir()
            (tmp_path / "project" / "b" / "mine.txt").write_text("mine")
            (tmp_path / "project" / "a.txt").write_text("mine")
            return super().items()

    with pytest.raises(NotWritten, match=r"a\.txt: cannot be written: File exists"):
        write_new(tmp_path / "project", Racing(FILES))
    assert tree(tmp_path / "project") == {"a.txt": b"mine", "b": None, "b/mine.txt": b"mine"}


def test_the_rights_are_those_that_files_get(tmp_path: Path) -> None:
    write_new(tmp_path / "project", FILES)
    (tmp_path / "other").mkdir()
    assert (tmp_path / "project").stat().st_mode == (tmp_path / "other").stat().st_mode
