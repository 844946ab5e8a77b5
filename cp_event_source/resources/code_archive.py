"""The functions' code as the archive that it is deployed from.

Lambda imports the code as `handler`. Everywhere else its one name is `cp_event_source.handler`: in a checkout that is a
link to the folder beside this package, in a wheel the folder itself. It is never imported as plain `handler`, since a
Pulumi program may have a module of that name.
"""

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .. import handler

if TYPE_CHECKING:
    import pulumi

_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)
"""The first time that a zip archive can tell: of all files, since when they were installed is no part of the code."""
_UNIX: Final = 3
_READABLE: Final = 0o644 << 16
"""Lambda's runtime is another user than the files' owner."""


HANDLER_DIR: Final = Path(handler.__file__).resolve().parent
"""The folder with the functions' code."""


def code_files() -> dict[str, Path]:
    """The files of the functions' deployment package: path in the archive to file, sorted.

    Only our own: besides the standard library they import botocore, which the Lambda runtime has. Listed one by one,
    since a folder would bring its `__pycache__` along and with it a new hash.
    """
    files = {f"handler/{path.relative_to(HANDLER_DIR).as_posix()}": path for path in HANDLER_DIR.rglob("*.py")}
    return dict(sorted(files.items()))


def archive() -> "pulumi.AssetArchive":
    """The functions' deployment package."""
    import pulumi  # not above: who publishes events needs the rest of this module, and has no Pulumi

    return pulumi.AssetArchive({name: pulumi.FileAsset(str(path)) for name, path in code_files().items()})


def write_archive(path: Path) -> None:
    """Write the functions' deployment package as a zip archive, to be signed: of the same code always the same bytes.

    Args:
        path: the file to write; one that is there is overwritten.

    Raises:
        OSError: it cannot be written.
    """
    # Stored, not compressed: what a compressor makes differs between its versions.
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as package:
        for name, file in code_files().items():
            entry = zipfile.ZipInfo(name, _EARLIEST)
            entry.create_system = _UNIX
            entry.external_attr = _READABLE
            package.writestr(entry, file.read_bytes())
