"""Checks a domain's logic layer against its contract by reading the source; it never runs it."""

import ast
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ..handler.domain import contract
from .changing_calls import changing_calls
from .layer_files import layer_files
from .python_source import (
    ClassSource,
    MethodSource,
    Parameter,
    SourceFile,
    Sources,
    assigns,
    decorators_of,
    parameters_of,
)

_EXAMPLES: Final = {
    "from_dynamo_item": "from_dynamo_item(item)",
    "create_new": "create_new(domain_id, user_id)",
    "to_dynamo_item": "to_dynamo_item(domain)",
}


@dataclass(frozen=True)
class Report:
    """What the check found: a line of text for each problem, with file, line and what is meant."""

    errors: tuple[str, ...]
    """With these the functions would not start, or could not fold."""
    warnings: tuple[str, ...]
    """With these the logic works, but perhaps not as intended."""


def check_domain_layer(source_dir: str | Path) -> Report:
    """Check the folder that a domain logic layer is made from.

    Args:
        source_dir: the folder that holds `domain_handler.py`.
    """
    folder = Path(source_dir)
    if not folder.is_dir():
        found = "is a file" if folder.exists() else "does not exist"
        return Report((f"{folder} {found}; give the folder that holds {contract.FILE}",), ())
    check = _Check(Sources(folder))
    check.folder(folder)
    return Report(tuple(check.errors), tuple(check.warnings))


@dataclass
class _Check:
    """One check of one folder. It collects what it finds."""

    sources: Sources
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def folder(self, folder: Path) -> None:
        clashing = [name for name in layer_files(folder) if name.split("/")[1] in {"handler", "handler.py"}]
        if clashing:
            self.errors.append(
                f"{clashing[0].removeprefix('python/')}: a module named 'handler' clashes with the function's own "
                "code; rename it"
            )
        path = folder / contract.FILE
        if not path.is_file():
            nested = folder / "python" / contract.FILE
            hint = f"; give {nested.parent} instead" if nested.is_file() else f"; it must define {_contract()}"
            self.errors.append(f"{folder} has no {contract.FILE}{hint}")
            return
        file = self.sources.module(contract.MODULE)
        if file is not None:
            classes = self.sources.classes(file)
            if not self.sources.problems:
                self._domain(file, classes)
                self._appliers(file, classes)
        self.errors.extend(self.sources.problems)

    def _domain(self, file: SourceFile, classes: dict[str, ClassSource]) -> None:
        if contract.CLASS not in classes:
            if contract.CLASS in file.other_names | file.imported_from.keys() or self._star(file):
                self._unread(f"{contract.FILE}: {contract.CLASS}")
            else:
                self.errors.append(f"{contract.FILE}: the class {contract.CLASS} is missing; define {_contract()}")
            return
        domain = classes[contract.CLASS]
        for name in contract.METHODS:
            method = self.sources.method(contract.CLASS, domain, name)
            if method is None:
                if assigns(domain.node, name) or self.sources.inherits_from_elsewhere(domain):
                    self._unread(f"{domain.file.name}:{domain.node.lineno}: {contract.CLASS}.{name}")
                else:
                    self.errors.append(
                        f"{domain.file.name}:{domain.node.lineno}: {contract.CLASS}.{name} is missing; define it: "
                        f"@staticmethod def {_EXAMPLES[name]}"
                    )
                continue
            self._static(method)

    def _static(self, method: MethodSource) -> None:
        name = method.node.name
        self.errors.extend(self._not_async(method))
        parameters = parameters_of(method.node)
        decorators = decorators_of(method.node)
        if "classmethod" in decorators:
            parameters = parameters[1:]
        elif "staticmethod" not in decorators and parameters and parameters[0].name in {"self", "cls"}:
            self.errors.append(
                f"{method.where} takes {parameters[0].name!r} but is called on the class; "
                f"write @staticmethod def {_EXAMPLES[name]}"
            )
            return
        if name == "create_new":
            self.errors.extend(self._unknown_parameters(method, parameters, contract.CREATE_PARAMETERS))
            self._deterministic(method)
        else:
            self._one_argument(method, parameters)

    def _one_argument(self, method: MethodSource, parameters: list[Parameter]) -> None:
        required = [each for each in parameters if each.required]
        by_position = [each for each in parameters if not each.keyword_only]
        if (
            (by_position or method.node.args.vararg is not None)
            and len([each for each in required if not each.keyword_only]) <= 1
            and not any(each.keyword_only for each in required)
        ):
            return
        listed = ", ".join(each.name for each in parameters) or "none"
        self.errors.append(
            f"{method.where} is called with one argument; its parameters are: {listed}; "
            f"write {_EXAMPLES[method.node.name]}"
        )

    def _appliers(self, file: SourceFile, classes: dict[str, ClassSource]) -> None:
        others = {name: kind for name, kind in classes.items() if name != contract.CLASS}
        found: dict[ast.AST, MethodSource] = {}
        for name, kind in others.items():
            method = self.sources.method(name, kind, contract.APPLY)
            if method:
                found.setdefault(method.node, method)
        if found:
            misfits = [self._applier(method) for method in found.values()]
            # As when the function starts: one that fits is enough. Others may have another meaning, such as a
            # discount's.
            (self.warnings if [] in misfits else self.errors).extend(error for each in misfits for error in each)
            return
        if self._star(file) or any(self.sources.inherits_from_elsewhere(kind) for kind in others.values()):
            self._unread(f"{contract.FILE}: {contract.APPLY}")
        else:
            self.errors.append(
                f"{contract.FILE}: no class has the method {contract.APPLY}; define one, beside {contract.CLASS}: "
                f"def {contract.APPLY}(self, domain_payload, event_time, event_type)"
            )

    def _applier(self, method: MethodSource) -> list[str]:
        """Why `method` cannot be called as the contract says."""
        parameters = parameters_of(method.node)
        by_position = [each for each in parameters if not each.keyword_only]
        if {"staticmethod", "classmethod"} & decorators_of(method.node) or not by_position:
            return [f"{method.where} must be an ordinary method, with the domain object as its first parameter, self"]
        self._deterministic(method)
        names = {each.name for each in parameters}
        if "event_type" in names and not names & {"event_name", "event"}:
            self.warnings.append(
                f"{method.where} declares event_type but not event_name; event_type is always DOMAIN here: "
                "declare event_name to tell events apart"
            )
        return self._not_async(method) + self._unknown_parameters(method, parameters[1:], contract.APPLY_PARAMETERS)

    def _unknown_parameters(
        self, method: MethodSource, parameters: list[Parameter], known: tuple[str, ...]
    ) -> list[str]:
        return [
            f"{method.file.name}:{each.line}: {method.called} requires the parameter {each.name!r}, which "
            f"is not one of {', '.join(known)}; rename it or give it a default"
            for each in parameters
            if each.required and each.name not in known
        ]

    def _not_async(self, method: MethodSource) -> list[str]:
        if not isinstance(method.node, ast.AsyncFunctionDef):
            return []
        return [f"{method.where} is async and nothing awaits it; write def instead of async def"]

    def _deterministic(self, method: MethodSource) -> None:
        for line, name in changing_calls(method.node, method.file.full_names):
            self.warnings.append(
                f"{method.file.name}:{line}: {method.called} calls {name}(), which gives another value each "
                "time the events are folded; use event_time or what the event holds"
            )

    def _star(self, file: SourceFile) -> bool:
        """Whether a file has names from `from elsewhere import *`."""
        return any(self.sources.module(module) is None for module in file.stars)

    def _unread(self, what: str) -> None:
        self.warnings.append(f"{what} cannot be checked by reading the folder; the function checks it when it starts")


def _contract() -> str:
    return f"the class {contract.CLASS} with the static methods {', '.join(_EXAMPLES.values())}"
