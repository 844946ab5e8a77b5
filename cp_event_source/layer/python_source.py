"""Reads the Python files of a folder without running them: their classes, methods and parameters."""

import ast
import builtins
import importlib.util
import sys
import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from .findings import Finding
from .layer_folder import Kind, LayerFolder
from .newer_syntax import Newer, rewritten
from .runtime import STANDARD_LIBRARY, VERSION
from .scopes import Assigned, Defined, Function, ImportedModule, ImportedName, Other, Scope

_RUNNING: Final = ".".join(str(part) for part in sys.version_info[:2])


@dataclass(frozen=True)
class ClassSource:
    """A class and the file that it is written in."""

    file: "SourceFile"
    node: ast.ClassDef


@dataclass(frozen=True)
class MethodSource:
    """A method, the class that it was looked up in, and the file that it is written in."""

    owner: str
    file: "SourceFile"
    node: Function

    @property
    def called(self) -> str:
        """As `Class.method`."""
        return f"{self.owner}.{self.node.name}"

    def finding(self, problem: str) -> Finding:
        """A finding at the method: its name, and the problem."""
        return Finding(f"{self.called} {problem}", self.file.name, self.node.lineno)


class SourceFile:
    """A source file: its names, and the classes and functions in it."""

    def __init__(
        self, name: str, tree: ast.Module, *, module: str = "", is_package: bool = False, foreign: bool = False
    ) -> None:
        """
        Args:
            name: the path in the layer's folder.
            tree: what the file says.
            module: the name that it is imported by.
            is_package: whether it is a package's `__init__.py`.
            foreign: whether it belongs to a package that an installer put here.
        """
        self.name = name
        self.tree = tree
        self.module = module
        self.is_package = is_package
        self.foreign = foreign
        self.partly_read = False
        """Whether parts of the file are in syntax that this Python cannot read."""
        self.scope = Scope(self, tree)
        self._scopes: dict[ast.AST, Scope] = {}
        self.full_names = {
            name: f"{meaning.module}.{meaning.name}" if isinstance(meaning, ImportedName) else meaning.module
            for name, meanings in self.scope.names.items()
            for meaning in meanings
            if isinstance(meaning, ImportedName | ImportedModule)
        }
        """Name here to its full dotted name."""

    @cached_property
    def classes(self) -> dict[str, ast.ClassDef]:
        """The classes at the top of the file; of two with one name the last, as in Python."""
        return {
            name: meaning.node
            for name, meanings in self.scope.names.items()
            for meaning in meanings
            if isinstance(meaning, Defined) and isinstance(meaning.node, ast.ClassDef)
        }

    @cached_property
    def imported_from(self) -> dict[str, tuple[str, str]]:
        """Name here to module and name there."""
        return {
            name: (meaning.module, meaning.name)
            for name, meanings in self.scope.names.items()
            for meaning in meanings
            if isinstance(meaning, ImportedName)
        }

    @property
    def stars(self) -> list[str]:
        """The modules of `from module import *`."""
        return self.scope.stars

    @cached_property
    def assigned(self) -> set[str]:
        """Names at the top that have a value which is neither a class, a function nor an import."""
        return {
            name
            for name, meanings in self.scope.names.items()
            if any(isinstance(each, Assigned | Other) for each in meanings)
        }

    @cached_property
    def is_dynamic(self) -> bool:
        """Whether the file may get names that are not written in it."""
        return "__getattr__" in self.scope.names or any(
            (isinstance(node, ast.Name) and node.id in {"globals", "vars", "exec", "locals", "setattr", "modules"})
            or (isinstance(node, ast.Attribute) and node.attr in {"modules", "__dict__"})
            for node in ast.walk(self.tree)
        )

    def scope_of(self, node: ast.AST) -> Scope:
        """The names of a class or a function in this file."""
        if not self._scopes:
            self._scopes[self.tree] = self.scope
            self._add_scopes(self.tree, self.scope)
        return self._scopes[node]

    def scopes(self) -> list[Scope]:
        """The file's scopes: the module, and each class and function."""
        self.scope_of(self.tree)
        return list(self._scopes.values())

    def _add_scopes(self, node: ast.AST, scope: Scope) -> None:
        for child in ast.iter_child_nodes(node):
            here = scope
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                here = self._scopes[child] = Scope(self, child, scope)
            self._add_scopes(child, here)

    def module_meant(self, statement: ast.ImportFrom) -> str:
        """The module that is imported from; a relative one is made absolute. Empty if it is outside every package."""
        module = statement.module or ""
        if statement.level == 0:
            return module
        package = self.module.split(".") if self.is_package else self.module.split(".")[:-1]
        if len(package) < statement.level:
            return ""
        above = package[: len(package) - (statement.level - 1)]
        return ".".join([*above, *([module] if module else [])])

    def may_bring_methods(self, base: str) -> bool:
        """Whether a base class from elsewhere may have methods of the contract; Python's own have none."""
        first = self.full_names.get(base.partition(".")[0], base).partition(".")[0]
        return first not in STANDARD_LIBRARY and not hasattr(builtins, base)


class Sources:
    """The folder's Python files, each read when it is asked for."""

    def __init__(self, folder: LayerFolder) -> None:
        self.folder = folder
        self._files: dict[str, SourceFile | None] = {}
        self._classes: dict[SourceFile, dict[str, ClassSource]] = {}
        self._lineages: dict[ast.ClassDef, tuple[list[ClassSource], bool]] = {}
        self.unreadable: dict[str, Finding] = {}
        """Files that no Python can read, and why."""
        self.newer: dict[str, Finding] = {}
        """Files with parts that this Python cannot read."""

    def module(self, name: str) -> SourceFile | None:
        """The file of a module in the folder; None if it is not there or cannot be read."""
        found = self.folder.find(name) if name else None
        return self.file(found.name) if found and found.kind is Kind.SOURCE else None

    def file(self, name: str) -> SourceFile | None:
        """A file of the folder; None if it cannot be read."""
        if name not in self._files:
            self._files[name] = self._read(name)
        return self._files[name]

    def _read(self, name: str) -> SourceFile | None:
        content = self.folder.files[name].read_bytes()
        newer: list[Newer] = []
        foreign = self.folder.is_foreign(name)
        try:
            try:
                tree = _parsed(content, name, foreign=foreign)
            except SyntaxError:
                text, newer = rewritten(importlib.util.decode_source(content), sys.version_info[:2])
                if not newer:
                    raise
                tree = _parsed(text, name, foreign=foreign)
        except (
            SyntaxError,
            ValueError,
            RecursionError,
            MemoryError,
        ) as error:  # ValueError: a null byte, in older Pythons
            line = (error.lineno or 0) if isinstance(error, SyntaxError) else 0
            reason = error.msg if isinstance(error, SyntaxError) else str(error) or "it is nested too deeply"
            self.unreadable[name] = Finding(f"Python {_RUNNING} cannot read it: {reason}", name, line)
            return None
        file = SourceFile(
            name,
            tree,
            module=self.folder.module_of(name),
            is_package=name.endswith("/__init__.py"),
            foreign=foreign,
        )
        if newer:
            file.partly_read = True
            first = newer[0]
            self.newer[name] = Finding(
                f"Python {_RUNNING} cannot read it: {first.what}, which Python {first.version[0]}.{first.version[1]} "
                f"introduced; the check is complete on Python {VERSION}",
                name,
                first.line,
            )
        return file

    def classes(self, file: SourceFile, seen: frozenset[str] = frozenset()) -> dict[str, ClassSource]:
        """The classes that a file has names for: written there, or imported from the folder's files."""
        if file in self._classes:
            return self._classes[file]
        outermost = not seen
        found: dict[str, ClassSource] = {}
        seen |= {file.name}
        sources = [(module, None, None) for module in file.stars] + [
            (module, there, here) for here, (module, there) in file.imported_from.items()
        ]
        for module, there, here in sources:
            other = self.module(module)
            if other is None or other.name in seen:
                continue
            theirs = self.classes(other, seen)
            if there is None:
                found |= theirs
            elif here is not None and there in theirs:
                found[here] = theirs[there]
        found |= {name: ClassSource(file, node) for name, node in file.classes.items()}
        if outermost:
            self._classes[file] = found
        return found

    def lineage(self, kind: ClassSource) -> tuple[list[ClassSource], bool]:
        """A class and its bases in the folder, nearest first, and whether it has bases from elsewhere."""
        if kind.node not in self._lineages:
            self._lineages[kind.node] = self._lineage(kind)
        return self._lineages[kind.node]

    def _lineage(self, kind: ClassSource) -> tuple[list[ClassSource], bool]:
        found: list[ClassSource] = []
        elsewhere = False
        waiting = [kind]
        while waiting:
            here = waiting.pop(0)
            if any(here.node is each.node for each in found):
                continue
            found.append(here)
            classes = self.classes(here.file)
            names = base_names(here.node)
            waiting[:0] = [classes[name] for name in names if name in classes]
            elsewhere = elsewhere or any(name not in classes and here.file.may_bring_methods(name) for name in names)
        return found, elsewhere

    def inherits_from_elsewhere(self, kind: ClassSource) -> bool:
        """Whether a class may have methods that this check cannot see."""
        return self.lineage(kind)[1]

    def method(self, owner: str, kind: ClassSource, name: str) -> MethodSource | None:
        """A method that a class has or inherits within the folder. The last definition counts, as in Python."""
        for each in self.lineage(kind)[0]:
            for statement in reversed(each.node.body):
                if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) and statement.name == name:
                    return MethodSource(owner, each.file, statement)
        return None


@dataclass(frozen=True)
class Parameter:
    """A function's parameter."""

    name: str
    line: int
    required: bool
    keyword_only: bool


def parameters_of(function: Function) -> list[Parameter]:
    """All but *args and **kwargs."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    without_default = len(positional) - len(arguments.defaults)
    return [
        *(
            Parameter(each.arg, each.lineno, required=index < without_default, keyword_only=False)
            for index, each in enumerate(positional)
        ),
        *(
            Parameter(each.arg, each.lineno, required=default is None, keyword_only=True)
            for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        ),
    ]


def decorators_of(function: Function) -> set[str]:
    """The names of a function's decorators."""
    return {dotted(each) for each in function.decorator_list}


def base_names(node: ast.ClassDef) -> list[str]:
    """The names of a class's bases; of `Base[T]` that of `Base`."""
    return [dotted(base.value if isinstance(base, ast.Subscript) else base) for base in node.bases]


def assigns(node: ast.ClassDef, name: str) -> bool:
    """Whether a class gives a name a value, as in `method = staticmethod(function)`."""
    targets = [target for each in node.body if isinstance(each, ast.Assign) for target in each.targets]
    return any(isinstance(target, ast.Name) and target.id == name for target in targets)


def dotted(expression: ast.expr) -> str:
    """`a.b.c` as text; empty for any other expression."""
    match expression:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attribute):
            owner = dotted(value)
            return f"{owner}.{attribute}" if owner else ""
        case _:
            return ""


def _parsed(source: bytes | str, name: str, *, foreign: bool) -> ast.Module:
    """What a file says. What only the compiler finds, such as two parameters of one name, is searched for in own files
    only, since it takes time."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(source, name)
        if not foreign:
            compile(tree, name, "exec", dont_inherit=True)
    return tree
