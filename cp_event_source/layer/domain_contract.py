"""Checks the classes and methods of domain logic against the contract by reading the source."""

import ast
from typing import Final

from ..handler.domain import contract
from .findings import Finding
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
from .scopes import Function

_EXAMPLES: Final = {
    "from_dynamo_item": "from_dynamo_item(item)",
    "create_new": "create_new(domain_id, user_id)",
    "to_dynamo_item": "to_dynamo_item(domain)",
}
CONTRACT: Final = f"the class {contract.CLASS} with the static methods {', '.join(_EXAMPLES.values())}"
"""What `domain_handler.py` must define, beside a class with `apply`."""


class DomainContract:
    """One check of one folder's classes. It collects what it finds."""

    def __init__(self, sources: Sources) -> None:
        """
        Args:
            sources: the folder's files.
        """
        self.sources = sources
        self.errors: list[Finding] = []
        self.warnings: list[Finding] = []
        self.methods: list[MethodSource] = []
        """The methods that the pipeline calls: first `create_new`, then `apply`."""

    def check(self, file: SourceFile) -> None:
        """Check the module `domain_handler`."""
        classes = self.sources.classes(file)
        self._domain(file, classes)
        self._appliers(file, classes)
        order = ("create_new", contract.APPLY, *contract.METHODS)
        self.methods.sort(key=lambda method: order.index(method.node.name))

    def _domain(self, file: SourceFile, classes: dict[str, ClassSource]) -> None:
        if contract.CLASS not in classes:
            if contract.CLASS in file.assigned | file.imported_from.keys() or self._star(file):
                self._unread(contract.CLASS, contract.FILE)
            else:
                self._missing(Finding(f"the class {contract.CLASS} is missing; define {CONTRACT}", contract.FILE))
            return
        domain = classes[contract.CLASS]
        for name in contract.METHODS:
            method = self.sources.method(contract.CLASS, domain, name)
            if method is None:
                if assigns(domain.node, name) or self.sources.inherits_from_elsewhere(domain):
                    self._unread(f"{contract.CLASS}.{name}", domain.file.name, domain.node.lineno)
                else:
                    self._missing(
                        Finding(
                            f"{contract.CLASS}.{name} is missing; define it: @staticmethod def {_EXAMPLES[name]}",
                            domain.file.name,
                            domain.node.lineno,
                        )
                    )
                continue
            self._static(method)

    def _static(self, method: MethodSource) -> None:
        name = method.node.name
        self.methods.append(method)
        self.errors.extend(self._not_async(method))
        parameters = parameters_of(method.node)
        decorators = decorators_of(method.node)
        if "classmethod" in decorators:
            parameters = parameters[1:]
        elif "staticmethod" not in decorators and parameters and parameters[0].name in {"self", "cls"}:
            self.errors.append(
                method.finding(
                    f"takes {parameters[0].name!r} but is called on the class; write @staticmethod def "
                    f"{_EXAMPLES[name]}"
                )
            )
            return
        if name == "create_new":
            self.errors.extend(self._unknown_parameters(method, parameters, contract.CREATE_PARAMETERS))
        else:
            self._one_argument(method, parameters)
        self._returns(method)

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
            method.finding(
                f"is called with one argument; its parameters are: {listed}; write {_EXAMPLES[method.node.name]}"
            )
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
            fitting = [method for method, errors in zip(found.values(), misfits, strict=True) if not errors]
            self.methods.extend(fitting or found.values())
            # As when the function starts: one that fits is enough. Others may have another meaning, such as a
            # discount's.
            (self.warnings if [] in misfits else self.errors).extend(error for each in misfits for error in each)
            return
        if self._star(file) or any(self.sources.inherits_from_elsewhere(kind) for kind in others.values()):
            self._unread(contract.APPLY, contract.FILE)
        else:
            self._missing(
                Finding(
                    f"no class has the method {contract.APPLY}; define one, beside {contract.CLASS}: "
                    f"def {contract.APPLY}(self, payload, event_name, event_time)",
                    contract.FILE,
                )
            )

    def _applier(self, method: MethodSource) -> list[Finding]:
        """Why `method` cannot be called as the contract says."""
        parameters = parameters_of(method.node)
        by_position = [each for each in parameters if not each.keyword_only]
        if {"staticmethod", "classmethod"} & decorators_of(method.node) or not by_position:
            return [method.finding("must be an ordinary method, with the domain object as its first parameter, self")]
        names = {each.name for each in parameters}
        if "event_type" in names and not names & {"event_name", "event"}:
            self.warnings.append(
                method.finding(
                    "declares event_type but not event_name; event_type is always DOMAIN here: declare event_name to "
                    "tell events apart"
                )
            )
        return [
            *self._not_async(method),
            *self._applied(method),
            *self._unknown_parameters(method, parameters[1:], contract.APPLY_PARAMETERS),
        ]

    def _unknown_parameters(
        self, method: MethodSource, parameters: list[Parameter], known: tuple[str, ...]
    ) -> list[Finding]:
        return [
            Finding(
                f"{method.called} requires the parameter {each.name!r}, which is not one of {', '.join(known)}; rename "
                "it or give it a default",
                method.file.name,
                each.line,
            )
            for each in parameters
            if each.required and each.name not in known
        ]

    def _not_async(self, method: MethodSource) -> list[Finding]:
        if not isinstance(method.node, ast.AsyncFunctionDef):
            return []
        return [method.finding("is async and nothing awaits it; write def instead of async def")]

    def _returns(self, method: MethodSource) -> None:
        """A method that never returns an object is an error; one that always raises is not finished."""
        node = method.node
        if isinstance(node, ast.AsyncFunctionDef) or isinstance(node.body[-1], ast.Raise):
            return
        if any(isinstance(each, ast.Yield | ast.YieldFrom) for each in _own(node)):
            self.errors.append(method.finding("yields, so that it returns a generator; write return"))
        elif not any(isinstance(each, ast.Return) and each.value is not None for each in _own(node)):
            what = "the row as a dict" if node.name == "to_dynamo_item" else "the domain object"
            self.errors.append(method.finding(f"returns None; return {what}"))

    def _applied(self, method: MethodSource) -> list[Finding]:
        """What `apply` returns that is no domain object."""
        for node in _own(method.node):
            match node:
                case ast.Yield() | ast.YieldFrom():
                    return [method.finding("yields, so that nothing in it runs; change the object, and return nothing")]
                case ast.Return(value=ast.Constant(value=value)) if value is not None:
                    kind = type(value).__name__
                case ast.Return(value=ast.Dict() | ast.DictComp()):
                    kind = "dict"
                case ast.Return(value=ast.List() | ast.ListComp()):
                    kind = "list"
                case ast.Return(value=ast.Tuple()):
                    kind = "tuple"
                case ast.Return(value=ast.JoinedStr()):
                    kind = "str"
                case ast.Return(value=ast.Compare() | ast.UnaryOp(op=ast.Not())):
                    kind = "bool"
                case _:
                    continue
            return [
                Finding(
                    f"{method.called} returns a {kind}, which takes the place of the domain object; change the object "
                    "and return nothing, or return a new object",
                    method.file.name,
                    node.lineno,
                )
            ]
        return []

    def _missing(self, finding: Finding) -> None:
        """An error, unless what is missing may be in a file that cannot be read, which is an error already."""
        if not self.sources.unreadable:
            self.errors.append(finding)

    def _star(self, file: SourceFile) -> bool:
        """Whether a file has names from `from elsewhere import *`."""
        return any(self.sources.module(module) is None for module in file.stars)

    def _unread(self, what: str, file: str, line: int = 0) -> None:
        if not self.sources.unreadable:
            self.warnings.append(
                Finding(
                    f"{what} cannot be checked by reading the folder; the function checks it when it starts", file, line
                )
            )


def _own(function: Function) -> list[ast.AST]:
    """The nodes of a function, without those of functions and classes in it."""
    found: list[ast.AST] = []
    waiting: list[ast.AST] = [*function.body]
    while waiting:
        node = waiting.pop(0)
        found.append(node)
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))
    return found
