"""The layer's folder as the function sees it: which of its files are a module, and which belong to a package that
somebody else wrote."""

import csv
import os
import re
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import Final

from . import runtime
from .layer_files import layer_files

COMPILED: Final = re.compile(r"(?P<stem>[^.]+)(?:\.(?P<tag>[^/]+))?\.so")
LOADED_TAGS: Final = (
    None,
    f"cpython-{''.join(map(str, runtime.PYTHON))}-{runtime.MACHINE}-linux-gnu",
    "abi3",
)
"""Tags in the names of the compiled files that the function's Python loads."""


class Kind(Enum):
    """What a module is made from."""

    SOURCE = "source"
    COMPILED = "compiled"
    NAMESPACE = "namespace"
    """A folder without `__init__.py`."""


@dataclass(frozen=True)
class Located:
    """The file or folder of a module."""

    kind: Kind
    name: str
    """Its path in the layer's folder."""
    is_package: bool = False


class LayerFolder:
    """The files of a layer's folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder
        self.files = {name.removeprefix("python/"): path for name, path in layer_files(folder).items()}
        """Path in the folder to file."""
        self._found: dict[str, Located | None] = {}
        self._folders = {
            name[:position] for name in self.files for position, character in enumerate(name) if character == "/"
        }

    @cached_property
    def left_out(self) -> frozenset[str]:
        """Python files of the folder that the layer does not have, such as tests at the top."""
        found: set[str] = set()
        for parent, folders, names in os.walk(self.path):
            folders[:] = [each for each in folders if not each.startswith(".") and each != "__pycache__"]
            here = Path(parent).relative_to(self.path)
            found |= {(here / name).as_posix() for name in names if name.endswith((".py", ".pyc"))}
        return frozenset(found - self.files.keys())

    @cached_property
    def packages(self) -> dict[str, frozenset[str]]:
        """The packages that an installer put here: the `*.dist-info` of each, and the top-level paths that it has."""
        found: dict[str, set[str]] = {}
        for root in runtime.LAYER_ROOTS:
            for name, path in self.files.items():
                folder, _, file = name.removeprefix(root).partition("/")
                if not name.startswith(root) or not folder.endswith(".dist-info") or "/" in file:
                    continue
                package = folder.partition("-")[0].lower()
                tops = found.setdefault(root + folder, {root + package, f"{root}{package}.py"})
                if file == "RECORD":
                    rows = csv.reader(path.read_text("utf-8", "replace").splitlines())
                    tops |= {root + row[0].split("/")[0] for row in rows if row and row[0]}
                elif file == "top_level.txt":
                    lines = path.read_text("utf-8", "replace").split()
                    tops |= {f"{root}{line}{suffix}" for line in lines for suffix in ("", ".py")}
        return {name: frozenset(tops) for name, tops in found.items()}

    @cached_property
    def foreign(self) -> frozenset[str]:
        """Paths of the top-level modules and packages that an installer put here."""
        return frozenset[str]().union(*self.packages.values()) - {"", ".."}

    def is_foreign(self, name: str) -> bool:
        """Whether a file belongs to a package that an installer put here."""
        return any(
            name.startswith(root) and root + name.removeprefix(root).partition("/")[0] in self.foreign
            for root in runtime.LAYER_ROOTS
        )

    def find(self, module: str) -> Located | None:
        """The module of this name, as the function's Python finds it in the layer."""
        if module not in self._found:
            self._found[module] = self._find(module)
        return self._found[module]

    def _find(self, module: str) -> Located | None:
        namespace = None
        for root in runtime.LAYER_ROOTS:
            base = root + module.replace(".", "/")
            if f"{base}/__init__.py" in self.files:
                return Located(Kind.SOURCE, f"{base}/__init__.py", is_package=True)
            parent, _, stem = base.rpartition("/")
            for name in self._compiled.get(parent, ()):
                match = COMPILED.fullmatch(name)
                if match and match["stem"] == stem and match["tag"] in LOADED_TAGS:
                    return Located(Kind.COMPILED, f"{parent}/{name}".removeprefix("/"))
            if f"{base}.py" in self.files:
                return Located(Kind.SOURCE, f"{base}.py")
            if base in self._folders:
                namespace = namespace or Located(Kind.NAMESPACE, base, is_package=True)
        return namespace

    @cached_property
    def _compiled(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path in self.files:
            parent, _, name = path.rpartition("/")
            if name.endswith(".so"):
                found.setdefault(parent, []).append(name)
        return found

    def module_of(self, name: str) -> str:
        """The module that a source file is."""
        root = next(each for each in runtime.LAYER_ROOTS if name.startswith(each))
        return name.removeprefix(root).removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    def top_level(self) -> dict[str, str]:
        """The top-level modules and packages: name to path."""
        found: dict[str, str] = {}
        for root in runtime.LAYER_ROOTS:
            for name in self.files:
                first, slash, _ = name.removeprefix(root).partition("/")
                if not name.startswith(root) or first.endswith((".dist-info", ".egg-info")) or first == "lib":
                    continue
                if slash or first.endswith(".py"):
                    found.setdefault(first.removesuffix(".py"), root + first + slash)
                elif match := COMPILED.fullmatch(first):
                    found.setdefault(match["stem"], root + first)
        return found
