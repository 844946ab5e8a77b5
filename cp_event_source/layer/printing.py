"""Warns of what the layer prints or logs: it goes to the function's log group, where no payload belongs."""

import ast
import re
from collections.abc import Iterator
from typing import Final

from .findings import Finding
from .python_source import SourceFile, dotted
from .scopes import Scope
from .targets import External, Targets

_PRINTED: Final = re.compile(
    r"print|sys\.(stdout|stderr|__stdout__|__stderr__)\.(write|writelines)|pprint\.(pprint|pp)|warnings\.warn"
    r"|traceback\.print_\w+|logging\.(debug|info|warning|warn|error|exception|critical|fatal|log)"
    r"|(logging|structlog|loguru|aws_lambda_powertools)\..*"
    r"\.(debug|info|warning|warn|error|exception|critical|fatal|log|trace|success|msg)"
)


def printed(targets: Targets, files: list[SourceFile]) -> Iterator[Finding]:
    """A warning for each call that prints or logs.

    Args:
        targets: what expressions refer to.
        files: the layer's own files, imported or not.
    """
    for file in files:
        for scope in file.scopes():
            yield from _in(scope, targets)


def _in(scope: Scope, targets: Targets) -> Iterator[Finding]:
    if isinstance(scope.node, ast.ClassDef):
        return  # its body runs with the code around it
    for node in scope.body():
        if not isinstance(node, ast.Call):
            continue
        for found in targets.of(node.func, scope):
            if isinstance(found, External) and _PRINTED.fullmatch(found.name):
                yield Finding(
                    f"{dotted(node.func) or found.name} writes to the function's log group, where no payload belongs; "
                    "take it out, or write ids and names only",
                    scope.file.name,
                    node.lineno,
                )
                break
