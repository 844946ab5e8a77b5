"""The archive that the functions' code is deployed from.

Lambda imports the code as `handler`. Everywhere else its only name is `cp_event_source.handler`: in a checkout that is
a link to the folder beside the package, in a wheel the folder itself. Nothing here imports plain `handler`, since a
Pulumi program may have a module of that name.
"""

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .. import handler

if TYPE_CHECKING:
    import pulumi

_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip archive can hold. All files have it: when they were installed is not part of the
code."""
_UNIX: Final = 3
_READABLE: Final = 0o644 << 16
"""For everybody: Lambda's runtime is another user than the files' owner."""


HANDLER_DIR: Final = Path(handler.__file__).resolve().parent
"""The folder with the functions' code."""


def code_files() -> dict[str, Path]:
    """The files of the functions' deployment package: path in the archive to file, sorted.

    Only the project's own files: besides the standard library they import botocore, which the Lambda runtime has. They
    are listed one by one, since a folder would include its `__pycache__`, and with it have another hash each time.
    """
    files = {f"handler/{path.relative_to(HANDLER_DIR).as_posix()}": path for path in HANDLER_DIR.rglob("*.py")}
    return dict(sorted(files.items()))


def archive() -> "pulumi.AssetArchive":
    """The functions' deployment package."""
    import pulumi  # here, since `cp-event-source package` needs the rest of this module without Pulumi

    return pulumi.AssetArchive({name: pulumi.FileAsset(str(path)) for name, path in code_files().items()})


def write_archive(path: Path) -> None:
    """Write the functions' deployment package as a zip archive to be signed. The same code gives the same bytes.

    Args:
        path: the file to write; an existing file is overwritten.

    Raises:
        OSError: the file cannot be written.
    """
    # Stored, not compressed: versions of a compressor give different bytes.
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as package:
        for name, file in code_files().items():
            entry = zipfile.ZipInfo(name, _EARLIEST)
            entry.create_system = _UNIX
            entry.external_attr = _READABLE
            package.writestr(entry, file.read_bytes())
