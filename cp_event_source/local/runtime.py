"""The Python that functions run in: what Lambda's runtime brings, and no more.

It is a virtual environment of its own, with links to the AWS SDK as it is installed beside the emulator. So a function
cannot import what only this machine has, such as Pulumi and what Pulumi needs.
"""

import re
import sysconfig
import venv
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

from cp_event_source.layer import compiled_files
from cp_event_source.local.errors import EmulatorError

_SDK: Final = "boto3"
"""Lambda's runtime brings this distribution and all that it requires."""

_HERE: Final = Path(__file__).parent
_WORKER_FILES: Final = (_HERE / "function_start.py", Path(compiled_files.__file__))
"""The files of this package that a function's process runs."""

_NAME: Final = re.compile(r"[A-Za-z0-9._-]+")
"""The name at the beginning of a requirement."""


def runtime_of(folder: Path) -> Path:
    """Where the environment is in the emulator's private folder."""
    return folder / "runtime"


def python_of(runtime: Path) -> Path:
    """The environment's interpreter."""
    return runtime / "bin" / "python"


def make_runtime(runtime: Path) -> None:
    """Make the environment, in a few milliseconds.

    Raises:
        EmulatorError: a part of the SDK is not installed.
    """
    venv.EnvBuilder(symlinks=True, with_pip=False).create(runtime)
    packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(runtime)}))
    for source in {source for each in _with_requirements(_SDK).values() for source in _parts(each)}:
        (packages / source.name).symlink_to(source)
    for file in _WORKER_FILES:
        (packages / f"cp_event_source_{file.name}").symlink_to(file)
    # Python runs the lines of such files that start with "import" before a process's own code.
    start = "import cp_event_source_function_start as start; start.begin()"
    (packages / "cp_event_source.pth").write_text(f"{start}\n", encoding="ascii")


def _with_requirements(name: str) -> dict[str, Distribution]:
    """An installed distribution and all that it requires without extras, by name."""
    found: dict[str, Distribution] = {}
    wanted = [name]
    while wanted:
        requirement, _, condition = wanted.pop().partition(";")
        match = _NAME.match(requirement)
        if match is None or match[0] in found or "extra" in condition:
            continue
        try:
            package = found[match[0]] = distribution(match[0])
        except PackageNotFoundError as error:
            if condition:  # such as another version of Python
                continue
            raise EmulatorError(
                f"functions need {match[0]}, which is not installed; run: pip install 'cp-event-source[local]'"
            ) from error
        wanted += package.requires or []
    return found


def _parts(package: Distribution) -> list[Path]:
    """The packages and modules of a distribution, where they are installed."""
    names = {file.parts[0] for file in package.files or [] if len(file.parts) > 1 or file.suffix == ".py"}
    if not names:  # installed by a system's own packager, which may leave out the list of files
        names = set((package.read_text("top_level.txt") or package.name).split())
    here = [Path(str(package.locate_file(name))) for name in sorted(names - {"..", "__pycache__"})]
    modules = [path if path.exists() else path.with_name(f"{path.name}.py") for path in here]
    return [path for path in modules if path.exists()]
