"""Finds files of this project that are loaded under more than one module name."""

import sys
from collections import defaultdict
from pathlib import Path

import cp_event_source
from cp_event_source.resources.code_archive import HANDLER_DIR

_OURS = (Path(cp_event_source.__file__).resolve().parent, HANDLER_DIR)


def files_with_two_names() -> dict[str, list[str]]:
    """The module names of each such file. Links are followed, so that each file has one path."""
    names: defaultdict[Path, set[str]] = defaultdict(set)
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        path = Path(file).resolve() if isinstance(file, str) else None
        if path is not None and any(path.is_relative_to(folder) for folder in _OURS):
            names[path].add(module.__name__ if name == "__main__" else name)
    return {str(path): sorted(each) for path, each in names.items() if len(each) > 1}
