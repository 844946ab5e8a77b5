"""What the functions send, read from their source."""

import ast
import re
from pathlib import Path

HANDLER = Path(__file__).parents[4] / "handler"


def sent_by(function: str) -> set[str]:
    """The names of the metrics that a function (`persist`, `project`) counts or measures.

    Raises AssertionError if the source is written otherwise than this reads it.
    """
    modules = ("project", "rebuild_requests") if function == "project" else (function,)
    tree = ast.parse("".join((HANDLER / f"{module}.py").read_text() for module in modules))
    counted_as = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in {"_METRICS", "_APPENDED"}
    ]
    called = [
        node.args[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args
        if node.func.attr in {"count", "measure", "_measure"}
    ]
    found = [value for each in counted_as if isinstance(each, ast.Dict) for value in each.values]
    values = [each.elts[-1] if isinstance(each, ast.Tuple) else each for each in found]  # beside a message for the log
    names = {
        each.value for each in [*called, *values] if isinstance(each, ast.Constant) and isinstance(each.value, str)
    }
    assert values
    assert len(names) > len(values)
    return names


def operations_on(table: str) -> set[str]:
    """The DynamoDB operations that the handler's module for a table calls, as CloudWatch names them."""
    source = (HANDLER / "aws" / f"{table}.py").read_text()
    methods = {
        *re.findall(r"client\.([a-z_]+)\(", source),
        *re.findall(r'client\.get_paginator\("([a-z_]+)"\)', source),
    } - {"get_paginator"}
    return {"".join(part.title() for part in method.split("_")) for method in methods}
