"""Where the functions' code lies, and the archive it is deployed from.

The one place that knows: in a wheel `handler` is part of this package, in a checkout it lies beside it.
"""

import importlib.util
import sys
import zipfile
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pulumi

_PACKAGE: Final = "cp_event_source.handler"

_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)
"""The first time that a zip archive can tell: of all files, since when they were installed is no part of the code."""
_UNIX: Final = 3
_READABLE: Final = 0o644 << 16
"""Lambda's runtime is another user than the files' owner."""


def _handler_package() -> ModuleType:
    """The package with the functions' code, under one name in a wheel and in a checkout.

    Not imported as plain `handler`: a Pulumi program often has a `handler` of its own, and it would win.
    """
    if importlib.util.find_spec(_PACKAGE) is None:
        folder = Path(__file__).resolve().parent.parent / "handler"
        spec = importlib.util.spec_from_file_location(
            _PACKAGE, folder / "__init__.py", submodule_search_locations=[str(folder)]
        )
        if spec is None or spec.loader is None or not folder.is_dir():
            raise ModuleNotFoundError(
                f"the functions' code is missing: {folder} is not there; install cp-event-source again, or use "
                "a whole checkout",
                name=_PACKAGE,
            )
        package = importlib.util.module_from_spec(spec)
        sys.modules[_PACKAGE] = package
        spec.loader.exec_module(package)
    return import_module(_PACKAGE)


HANDLER_DIR: Final = Path(_handler_package().__path__[0])
"""The folder with the functions' code."""

if TYPE_CHECKING:
    from handler import domain_contract as domain_contract
    from handler import domain_event as domain_event
    from handler import domain_row as domain_row
    from handler import event_fields as event_fields
    from handler import event_time as event_time
    from handler import exact_json as exact_json
    from handler import snapshot as snapshot
    from handler import stored_event as stored_event
else:  # what this package uses of the functions' pure core
    domain_contract = import_module(f"{_PACKAGE}.domain_contract")
    domain_event = import_module(f"{_PACKAGE}.domain_event")
    domain_row = import_module(f"{_PACKAGE}.domain_row")
    event_fields = import_module(f"{_PACKAGE}.event_fields")
    event_time = import_module(f"{_PACKAGE}.event_time")
    exact_json = import_module(f"{_PACKAGE}.exact_json")
    snapshot = import_module(f"{_PACKAGE}.snapshot")
    stored_event = import_module(f"{_PACKAGE}.stored_event")


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
