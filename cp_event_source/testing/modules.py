"""Keeps a layer's modules apart from those of the caller and of other layers."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Final

from ..handler.domain.place import installed
from ..layer.layer_files import layer_files

_SHARED: Final = sys.stdlib_module_names | {__name__.partition(".")[0]}
"""Modules that a layer never has for itself: on Lambda, too, what is loaded before the layer stays loaded."""
_PACKAGES: Final[dict[Path, dict[str, ModuleType]]] = {}
"""For each folder the loaded modules of the packages that are installed in it. They are loaded once: it may take long,
and many extensions in C cannot be loaded twice."""


class LayerModules:
    """The modules that a layer's code imports from the layer's folder.

    They are in `sys.modules` only while the layer's code runs, so that layers in one process can have modules with the
    same names, as all have `domain_handler`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder: Final = folder
        self._installed = {name.removesuffix(".py") for name in installed(f"{folder}{os.sep}")}
        self._modules = dict(_PACKAGES.setdefault(folder, {}))
        self._path: list[str] = [str(folder)]
        """The layer's folder, and what its code has put on the path."""
        top_level = {path.split("/")[1].partition(".")[0] for path in layer_files(folder)}
        self._names = top_level - _SHARED
        for known in [path for path in sys.path_importer_cache if Path(path).is_relative_to(folder)]:
            del sys.path_importer_cache[known]  # files may be new within the resolution of the folder's time
        self._is_current = False

    @contextmanager
    def current(self) -> Iterator[None]:
        """While the block runs, the layer's modules are those that an import finds."""
        if self._is_current:
            yield
            return
        path_before, writes_no_bytecode = list(sys.path), sys.dont_write_bytecode
        callers = self._taken()
        sys.modules.update(self._modules)
        sys.path[:0] = self._path
        sys.dont_write_bytecode = True  # the folder is deployed: it gets no file
        self._is_current = True
        try:
            yield
        finally:
            self._is_current = False
            sys.dont_write_bytecode = writes_no_bytecode
            self._path = [each for each in sys.path if each in self._path or each not in path_before]
            sys.path[:] = path_before
            self._modules = self.loaded()
            found = self._taken()
            of_packages = [name for name in self._modules if name.partition(".")[0] in self._installed]
            _PACKAGES[self.folder].update({name: self._modules[name] for name in of_packages})
            sys.modules.update({name: module for name, module in found.items() if name not in self._modules})
            sys.modules.update(callers)

    def loaded(self) -> dict[str, ModuleType]:
        """The modules of the folder that are loaded, within `current`."""
        names = [name for name in sys.modules if name.partition(".")[0] in self._names]
        return {name: sys.modules[name] for name in names if self._is_of_the_folder(sys.modules[name])}

    def _taken(self) -> dict[str, ModuleType]:
        """Take the modules with the layer's names out of `sys.modules`."""
        names = [name for name in sys.modules if name.partition(".")[0] in self._names]
        return {name: sys.modules.pop(name) for name in names}

    def _is_of_the_folder(self, module: ModuleType) -> bool:
        attributes = vars(module)  # a module's `__getattr__` may answer anything
        files = [attributes.get("__file__"), *attributes.get("__path__", ())]
        return any(file is not None and Path(file).is_relative_to(self.folder) for file in files)
