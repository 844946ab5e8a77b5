"""What a module imports, read from its source."""

import ast
from collections.abc import Iterator
from importlib.util import resolve_name


def imported_by(source: str, module: str) -> Iterator[str]:
    """The full names of what a module imports, wherever in it; `module` is its name, a package's ends with a dot."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = module.rpartition(".")[0]
            target = resolve_name("." * node.level + (node.module or ""), package)
            yield from (f"{target}.{each.name}" for each in node.names)
