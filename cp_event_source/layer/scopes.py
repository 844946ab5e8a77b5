"""What the names of a module, a class or a function mean, as far as reading shows."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .conditions import running

if TYPE_CHECKING:
    from .python_source import SourceFile

Function = ast.FunctionDef | ast.AsyncFunctionDef
Callable = Function | ast.Lambda


@dataclass(frozen=True)
class ImportedModule:
    """`import a.b` or `import a.b as c`: the name means this module."""

    module: str


@dataclass(frozen=True)
class ImportedName:
    """`from module import name`."""

    module: str
    name: str


@dataclass(frozen=True)
class Defined:
    """A function or a class."""

    node: Function | ast.ClassDef


@dataclass(frozen=True)
class Assigned:
    """A value, an annotation, or both."""

    value: ast.expr | None
    annotation: ast.expr | None
    line: int


@dataclass(frozen=True)
class Parameter:
    """A parameter of the scope's function."""

    node: ast.arg
    first: bool
    """Whether it is the first one, which of a method is the object."""


@dataclass(frozen=True)
class Other:
    """Bound by a loop, an exception, a pattern, or in another way."""


Meaning = ImportedModule | ImportedName | Defined | Assigned | Parameter | Other


class Scope:
    """The names that a module, a class or a function binds."""

    def __init__(
        self, file: "SourceFile", node: ast.Module | ast.ClassDef | Callable, parent: "Scope | None" = None
    ) -> None:
        self.file = file
        self.node = node
        self.parent = parent
        self.names: dict[str, list[Meaning]] = {}
        self.stars: list[str] = []
        """Modules of `from module import *`."""
        self.globals: set[str] = set()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            arguments = node.args
            ordered = [*arguments.posonlyargs, *arguments.args]
            others = [*arguments.kwonlyargs, *(each for each in (arguments.vararg, arguments.kwarg) if each)]
            for each in (*ordered, *others):
                self._bind(each.arg, Parameter(each, first=bool(ordered) and each is ordered[0]))
        for part in node.body if isinstance(node.body, list) else [node.body]:
            self._collect(part)
        if isinstance(node, ast.Module):
            for statement in ast.walk(node):
                if isinstance(statement, ast.Global):
                    for name in statement.names:
                        self._bind(name, Other())

    @property
    def is_class(self) -> bool:
        """Whether the names are those of a class, which its methods do not see."""
        return isinstance(self.node, ast.ClassDef)

    @property
    def module(self) -> "Scope":
        """The scope of the module."""
        return self if self.parent is None else self.parent.module

    def owner(self, name: str) -> "Scope | None":
        """The scope that binds a name used here; None if only a star, Python, or nothing does."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.globals:
                return scope.module if name in scope.module.names else None
            if name in scope.names and (scope is self or not scope.is_class):
                return scope
            scope = scope.parent
        return None

    def body(self) -> Iterator[ast.AST]:
        """What runs when the module is imported, the class is made, or the function is called."""
        if isinstance(self.node, ast.Lambda):
            return ast.walk(self.node.body)
        return running(self.node.body, self.file.full_names)

    def _bind(self, name: str, meaning: Meaning) -> None:
        self.names.setdefault(name, []).append(meaning)

    def _collect(self, node: ast.AST) -> None:
        for each in getattr(node, "type_params", ()):  # of Python 3.12 and newer: def first[T](values)
            self._bind(each.name, Other())
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                self._bind(name, Defined(node))
                return
            case ast.Import(names=names):
                for each in names:
                    first = each.name.partition(".")[0]
                    self._bind(each.asname or first, ImportedModule(each.name if each.asname else first))
            case ast.ImportFrom(names=names):
                module = self.file.module_meant(node)
                for each in names:
                    if each.name == "*":
                        self.stars.append(module)
                    else:
                        self._bind(each.asname or each.name, ImportedName(module, each.name))
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._assign(target, value, node.lineno)
            case ast.AnnAssign(target=ast.Name(id=name), value=value, annotation=annotation):
                self._bind(name, Assigned(value, annotation, node.lineno))
            case ast.NamedExpr(target=ast.Name(id=name), value=value):
                self._bind(name, Assigned(value, None, node.lineno))
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                self._bind(name, Other())
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                self._bind(name, Other())
            case ast.MatchMapping(rest=str(name)):
                self._bind(name, Other())
            case ast.Lambda(args=arguments):
                for parameter in ast.walk(arguments):
                    if isinstance(parameter, ast.arg):
                        self._bind(parameter.arg, Other())
            case ast.Global(names=names):
                self.globals |= {*names}
            case _:
                pass
        for child in ast.iter_child_nodes(node):
            self._collect(child)

    def _assign(self, target: ast.expr, value: ast.expr, line: int) -> None:
        match target, value:
            case ast.Name(id=name), _:
                self._bind(name, Assigned(value, None, line))
            case (ast.Tuple(elts=targets), ast.Tuple(elts=values)) if len(targets) == len(values):
                for each, part in zip(targets, values, strict=True):
                    self._assign(each, part, line)
            case _:
                pass  # the names in it are bound when they are met
