"""Pulumi's archives become zip files: the same content, the same bytes."""

import io
import os
import zipfile
from pathlib import Path

import pulumi
import pytest

from cp_event_source.local.archives import zipped
from cp_event_source.local.errors import UnsupportedError


def content(data: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_assets_of_every_kind_are_in_it_under_their_names(tmp_path: Path) -> None:
    (tmp_path / "tree" / "deep").mkdir(parents=True)
    (tmp_path / "tree" / "deep" / "c.py").write_text("c")
    (tmp_path / "b.py").write_text("b")
    archive = pulumi.AssetArchive(
        {
            "a.py": pulumi.StringAsset("a"),
            "lib/b.py": pulumi.FileAsset("b.py"),
            "tree": pulumi.FileArchive("tree"),
            "inner": pulumi.AssetArchive({"d.py": pulumi.StringAsset("d")}),
        }
    )

    assert content(zipped(archive, tmp_path)) == {
        "a.py": "a",
        "lib/b.py": "b",
        "tree/deep/c.py": "c",
        "inner/d.py": "d",
    }


def test_equal_files_make_equal_bytes_whatever_their_dates_and_order(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text("x")
    one = zipped(pulumi.AssetArchive({"a": pulumi.FileAsset("x.py"), "b": pulumi.StringAsset("b")}), tmp_path)
    os.utime(tmp_path / "x.py", (0, 0))
    (tmp_path / "x.py").chmod(0o755)

    other = zipped(pulumi.AssetArchive({"b": pulumi.StringAsset("b"), "a": pulumi.FileAsset("x.py")}), tmp_path)

    assert one == other


def test_a_zip_file_is_taken_as_it_is(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "made.zip", "w") as made:
        made.writestr("z.py", "z")

    assert zipped(pulumi.FileArchive("made.zip"), tmp_path) == (tmp_path / "made.zip").read_bytes()


def test_a_zip_file_inside_an_archive_is_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "made.zip", "w") as made:
        made.writestr("z.py", "z")

    archive = pulumi.AssetArchive({"lib": pulumi.FileArchive("made.zip")})

    assert content(zipped(archive, tmp_path)) == {"lib/z.py": "z"}


@pytest.mark.parametrize(
    ("archive", "message"),
    [
        (pulumi.RemoteArchive("https://localhost/code.zip"), "RemoteArchive.*use a local file"),
        (
            pulumi.AssetArchive({"a": pulumi.FileAsset("gone.py")}),
            "gone.py: must be a file or folder; got none at .*gone.py",
        ),
        (pulumi.FileArchive("gone"), "gone: must be a file or folder; got none at .*gone"),
        ("code.zip", "must be a file, a text or an archive of them; got str"),
    ],
)
def test_what_cannot_be_read_is_refused(archive: object, message: str, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match=message):
        zipped(archive, tmp_path)
