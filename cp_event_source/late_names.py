"""Names of a package that are imported when they are first used, so that whoever needs only some has only these."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def late_names(
    package: str, namespace: dict[str, Any], modules: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The functions `__getattr__` and `__dir__` of a package.

    Args:
        package: its name.
        namespace: its globals.
        modules: the module of each name, within the package.
    """

    def getattribute(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = namespace[name] = getattr(import_module(f".{modules[name]}", package), name)
        return value

    return getattribute, lambda: sorted({*namespace, *modules})
