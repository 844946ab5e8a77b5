"""Pulumi's assets and archives as bytes, equal for equal content."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pulumi

from cp_event_source.local.errors import UnsupportedError

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip archive can hold. It is fixed, so that equal files give equal archives."""


def zipped(archive: Any, folder: Path) -> bytes:
    """The zip file of a Pulumi archive; relative paths start at `folder`, the program's.

    Raises:
        UnsupportedError: a remote archive or asset (a local run downloads nothing), a missing file, or not an archive.
    """
    if isinstance(archive, pulumi.FileArchive) and (folder / archive.path).is_file():
        return (folder / archive.path).read_bytes()
    content = io.BytesIO()
    # Stored, not compressed: it only travels within this machine.
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as zip_file:
        for name, data in sorted(_files(archive, folder, "")):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = 0o644 << 16
            zip_file.writestr(entry, data)
    return content.getvalue()


def _files(value: Any, folder: Path, prefix: str) -> Iterator[tuple[str, bytes]]:
    if isinstance(value, pulumi.AssetArchive):
        for name, asset in value.assets.items():
            yield from _files(asset, folder, f"{prefix}/{name}" if prefix else name)
    elif isinstance(value, pulumi.FileArchive) and (folder / value.path).is_dir():
        root = folder / value.path
        for path in root.rglob("*"):
            if path.is_file():
                name = path.relative_to(root).as_posix()
                yield f"{prefix}/{name}" if prefix else name, path.read_bytes()
    elif isinstance(value, pulumi.FileArchive) and (folder / value.path).is_file():
        with zipfile.ZipFile(folder / value.path) as zip_file:
            for name in zip_file.namelist():
                if not name.endswith("/"):
                    yield f"{prefix}/{name}" if prefix else name, zip_file.read(name)
    elif isinstance(value, pulumi.FileAsset) and (folder / value.path).is_file():
        yield prefix, (folder / value.path).read_bytes()
    elif isinstance(value, pulumi.StringAsset):
        yield prefix, value.text.encode()
    elif isinstance(value, pulumi.FileArchive | pulumi.FileAsset):
        raise UnsupportedError(f"{value.path}: must be a file or folder; got none at {folder / value.path}")
    else:
        raise UnsupportedError(
            f"must be a file, a text or an archive of them; got {type(value).__name__}; use a local file, since a local"
            " run downloads nothing"
        )
