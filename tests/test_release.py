"""Guarantee: a release is what it says it is, or it is refused before anything is tagged."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STATE = "tests/engine/states/1.2.3.json"
WHEEL = "dist/cp_event_source-1.2.3-py3-none-any.whl"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository that is ready for its release 1.2.3, and a `make` that only notes what it is asked for."""
    folder = tmp_path / "repository"
    write(folder / "cp_event_source" / "version.py", 'from typing import Final\n\nVERSION: Final = "1.2.3"\n')
    write(folder / "CHANGELOG.md", "# Changelog\n\n## Unreleased\n\n## 1.2.3 - 2026-11-29\n\n- Something.\n")
    write(folder / ".gitignore", "/dist/\n")
    write(folder / STATE, "{}")
    write(folder / ".ci" / "release", (ROOT / ".ci" / "release").read_text())
    make = f'#!/bin/sh\necho "$@" >> {tmp_path}/made\n[ "$1" = wheel ] && mkdir -p dist && touch {WHEEL}\nexit 0\n'
    write(tmp_path / "bin" / "make", make)
    for script in (folder / ".ci" / "release", tmp_path / "bin" / "make"):
        script.chmod(0o755)
    git(folder, "init", "--quiet")
    commit(folder)
    return folder


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def git(folder: Path, *arguments: str) -> str:
    names = ["-c", "user.name=Tests", "-c", "user.email=tests@example.org", "-c", "commit.gpgsign=false"]
    return subprocess.run(
        ["git", *names, *arguments], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.strip()


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "A state")


def release(folder: Path, version: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "PATH": f"{folder.parent / 'bin'}:{os.environ['PATH']}",
        **{f"GIT_{who}_{what}": "tests@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }
    return subprocess.run([folder / ".ci" / "release", version], env=environment, capture_output=True, text=True)


def test_a_release_is_tested_built_and_tagged(repository: Path) -> None:
    done = release(repository, "1.2.3")
    assert (done.returncode, done.stderr) == (0, "")
    assert (repository.parent / "made").read_text().splitlines() == ["test", "wheel"]
    assert git(repository, "tag", "--list") == "v1.2.3"
    assert git(repository, "cat-file", "-t", "v1.2.3") == "tag"


def uncommitted(folder: Path) -> None:
    write(folder / "new.py", "")


def other_version(folder: Path) -> None:
    write(folder / "cp_event_source" / "version.py", 'VERSION: Final = "1.2.2"\n')
    commit(folder)


def no_changelog(folder: Path) -> None:
    write(folder / "CHANGELOG.md", "# Changelog\n\n## Unreleased\n\n## 1.2.30 - 2026-11-29\n")
    commit(folder)


def state_not_kept(folder: Path) -> None:
    (folder / STATE).unlink()
    commit(folder)


def tagged(folder: Path) -> None:
    git(folder, "tag", "v1.2.3")


def failing_tests(folder: Path) -> None:
    write(folder.parent / "bin" / "make", "#!/bin/sh\nexit 2\n")


def no_wheel(folder: Path) -> None:
    write(folder.parent / "bin" / "make", "#!/bin/sh\nexit 0\n")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (uncommitted, "there are changes that are not committed"),
        (other_version, 'cp_event_source/version.py: VERSION must be "1.2.3"'),
        (no_changelog, "CHANGELOG.md: must have the heading '## 1.2.3 - YYYY-MM-DD'"),
        (state_not_kept, f"{STATE}: the state that the release makes must be kept"),
        (tagged, "the tag v1.2.3 is there already"),
        (failing_tests, ""),
        (no_wheel, "dist has no wheel of 1.2.3"),
    ],
)
def test_what_is_no_release_is_refused_and_not_tagged(
    repository: Path, change: Callable[[Path], None], message: str
) -> None:
    change(repository)
    before = git(repository, "tag", "--list")
    done = release(repository, "1.2.3")
    assert done.returncode != 0
    assert message in done.stderr
    assert git(repository, "tag", "--list") == before


@pytest.mark.parametrize("version", ["", "1.2", "v1.2.3", "1.2.3rc1", "1.2.3 "])
def test_a_version_is_three_numbers(repository: Path, version: str) -> None:
    done = release(repository, version)
    assert done.returncode == 1
    assert "VERSION: must be three numbers" in done.stderr
