"""What an expression in the layer's own files refers to, as far as reading shows."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from .python_source import ClassSource, SourceFile, Sources, decorators_of, dotted
from .scopes import Assigned, Defined, Function, ImportedModule, ImportedName, Meaning, Parameter, Scope


@dataclass(frozen=True)
class Module:
    """A module in the layer that the authors wrote."""

    file: SourceFile


@dataclass(frozen=True)
class Routine:
    """A function or a method in the layer."""

    scope: Scope
    """Its own scope."""
    node: Function
    owner: ClassSource | None
    """The class that it is a method of."""

    @classmethod
    def at(cls, file: SourceFile, node: Function) -> "Routine":
        """The routine of a function in a file."""
        scope = file.scope_of(node)
        return cls(scope, node, class_of(scope.parent) if scope.parent else None)

    @property
    def name(self) -> str:
        """As a reader of `domain_handler.py` would write it."""
        return qualified(self.scope.file, f"{self.owner.node.name}.{self.node.name}" if self.owner else self.node.name)


@dataclass(frozen=True)
class Kindred:
    """A class in the layer, or an object of it."""

    source: ClassSource
    is_object: bool


@dataclass(frozen=True)
class Variable:
    """A name that a module or a class gives a value."""

    scope: Scope
    name: str
    value: ast.expr | None
    line: int


@dataclass(frozen=True)
class External:
    """What the layer's authors did not write, by its full name: `datetime.datetime.now`; what a call of it returns is
    `logging.getLogger()`."""

    name: str


Target = Module | Routine | Kindred | Variable | External

# Methods of Python's own containers and texts. The same names in a class of the layer are found only where the object's
# class is known.
_COMMON: Final = frozenset(name for kind in (dict, list, set, str, bytes, tuple, int, float) for name in dir(kind)) | {
    "match",
    "date",
    "time",
    "read",
    "write",
    "close",
    "now",
    "today",
}


def class_of(scope: Scope) -> ClassSource | None:
    """The class whose scope this is."""
    return ClassSource(scope.file, scope.node) if isinstance(scope.node, ast.ClassDef) else None


def qualified(file: SourceFile, name: str) -> str:
    """The name, after that of the module unless it is `domain_handler`."""
    return name if file.module == "domain_handler" else f"{file.module}.{name}"


class Targets:
    """Finds what expressions refer to."""

    def __init__(self, sources: Sources, files: list[SourceFile]) -> None:
        """
        Args:
            sources: the folder's files.
            files: the layer's own files that the function imports.
        """
        self._sources = sources
        self.files = files
        self._names: dict[tuple[Scope, str], list[Target]] = {}
        self._members: dict[tuple[ast.AST, str], list[Target]] = {}
        self._attributes: dict[ast.AST, dict[str, list[tuple[Assigned, Scope]]]] = {}
        self.classes = [
            ClassSource(file, scope.node)
            for file in files
            for scope in file.scopes()
            if isinstance(scope.node, ast.ClassDef)
        ]
        self._by_name: dict[str, list[Routine]] = {}
        for kind in self.classes:
            for statement in kind.node.body:
                if isinstance(statement, Function) and statement.name not in _COMMON:
                    self._by_name.setdefault(statement.name, []).append(Routine.at(kind.file, statement))

    def of(self, expression: ast.expr, scope: Scope) -> list[Target]:
        """What an expression refers to; empty if that is not known."""
        match expression:
            case ast.Name(id=name):
                return self.named(name, scope)
            case ast.Attribute(value=value, attr=attribute):
                return [found for base in self.of(value, scope) for found in self.member(base, attribute)]
            case ast.Call(func=ast.Name(id="super")):
                return [Kindred(base, is_object=True) for base in self._bases_here(scope)]
            case ast.Call(func=ast.Name(id="type"), args=[each]):
                return [
                    Kindred(base.source, is_object=False)
                    for base in self.of(each, scope)
                    if isinstance(base, Kindred) and base.is_object
                ]
            case ast.Call(func=function):
                return [found for base in self.of(function, scope) for found in self._called(base, expression)]
            case ast.IfExp(body=body, orelse=orelse):
                return [*self.of(body, scope), *self.of(orelse, scope)]
            case ast.BoolOp(values=values):
                return [found for each in values for found in self.of(each, scope)]
            case ast.NamedExpr(value=value) | ast.Await(value=value):
                return self.of(value, scope)
            case ast.Constant(value=str()):
                return [External("str()")]
            case _:
                return []

    def named(self, name: str, scope: Scope) -> list[Target]:
        """What a name refers to in a scope."""
        owner = scope.owner(name)
        if owner is None:
            for module in scope.module.stars:
                file = self._sources.module(module)
                if file is not None and name in file.scope.names:
                    return self._of_module(module, name)
            return [External(name)]
        key = (owner, name)
        if key not in self._names:
            self._names[key] = []  # what refers to itself refers to nothing
            found = [target for meaning in owner.names[name] for target in self._meant(meaning, name, owner)]
            self._names[key] = list(dict.fromkeys(found))
        return self._names[key]

    def unknown_member(self, name: str) -> list[Routine]:
        """The methods of this name in any class of the layer: what a call on an unknown object may mean."""
        return self._by_name.get(name, [])

    def members_of(self, kind: ClassSource, name: str) -> list[Routine]:
        """The methods that an attribute of a class's objects may be: its own or inherited, and those of subclasses."""
        found = [self._routine(each, name) for each in (kind, *self._subclasses(kind))]
        return list(dict.fromkeys(each for each in found if each is not None))

    def attributes_of(self, kind: ClassSource) -> dict[str, list[tuple[Assigned, Scope]]]:
        """The values and annotations that a class's objects get for their attributes, with the scope of each."""
        if kind.node not in self._attributes:
            found: dict[str, list[tuple[Assigned, Scope]]] = {}
            for each in self._sources.lineage(kind)[0]:
                scope = each.file.scope_of(each.node)
                for name, meanings in scope.names.items():
                    found.setdefault(name, []).extend((it, scope) for it in meanings if isinstance(it, Assigned))
                for statement in each.node.body:
                    if isinstance(statement, Function):
                        for name, value in _set_on_self(statement):
                            found.setdefault(name, []).append((value, each.file.scope_of(statement)))
            self._attributes[kind.node] = found
        return self._attributes[kind.node]

    def _meant(self, meaning: Meaning, name: str, scope: Scope) -> Iterator[Target]:
        match meaning:
            case ImportedModule(module=module):
                yield from self._module(module)
            case ImportedName(module=module, name=there):
                yield from self._of_module(module, there)
            case Defined(node=ast.ClassDef() as node):
                yield Kindred(ClassSource(scope.file, node), is_object=False)
            case Defined(node=ast.FunctionDef() | ast.AsyncFunctionDef() as node):
                yield Routine.at(scope.file, node)
            case Assigned(value=value, annotation=annotation, line=line):
                if not isinstance(scope.node, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield Variable(scope, name, value, line)
                if value is not None:
                    yield from self.of(value, scope)
                yield from self._annotated(annotation, scope)
            case Parameter(node=node, first=first):
                owner = class_of(scope.parent) if scope.parent else None
                if owner and first and "staticmethod" not in decorators_of(scope.node):  # type: ignore[arg-type]
                    of_class = "classmethod" in decorators_of(scope.node)  # type: ignore[arg-type]
                    yield Kindred(owner, is_object=not of_class)
                yield from self._annotated(node.annotation, scope)
            case _:
                pass

    def _annotated(self, annotation: ast.expr | None, scope: Scope) -> Iterator[Target]:
        """The objects that an annotation names a class of the layer for."""
        match annotation:
            case ast.Constant(value=str(text)):
                try:
                    yield from self._annotated(ast.parse(text, mode="eval").body, scope)
                except (SyntaxError, ValueError):
                    return
            case ast.Name() | ast.Attribute():
                for found in self.of(annotation, scope):
                    if isinstance(found, Kindred) and not found.is_object:
                        yield Kindred(found.source, is_object=True)
            case ast.BinOp(op=ast.BitOr(), left=left, right=right):
                yield from self._annotated(left, scope)
                yield from self._annotated(right, scope)
            case ast.Subscript(value=value, slice=inner) if dotted(value).endswith("Optional"):
                yield from self._annotated(inner, scope)
            case _:
                pass

    def _module(self, name: str) -> list[Target]:
        file = self._sources.module(name)
        if file is None or file.foreign:
            return [External(name)]
        return [Module(file)]

    def _of_module(self, module: str, name: str) -> list[Target]:
        file = self._sources.module(module)
        if file is not None and not file.foreign:
            return self.member(Module(file), name)
        if self._sources.module(f"{module}.{name}") is not None:
            return self._module(f"{module}.{name}")
        return [External(f"{module}.{name}")]

    def member(self, base: Target, name: str) -> list[Target]:
        """What an attribute of something refers to."""
        match base:
            case Module(file=file):
                if name in file.scope.names or file.stars:
                    found = self.named(name, file.scope)
                    if found != [External(name)]:
                        return found
                return self._module(f"{file.module}.{name}") if file.is_package else []
            case External(name=owner):
                if self._sources.module(f"{owner}.{name}") is not None:
                    return self._module(f"{owner}.{name}")
                return [External(f"{owner}.{name}")]
            case Kindred(source=source) if name == "__class__":
                return [Kindred(source, is_object=False)]
            case Kindred(source=source):
                key = (source.node, name)
                if key not in self._members:
                    self._members[key] = []
                    self._members[key] = [*self.members_of(source, name), *self._values(source, name)]
                return self._members[key]
            case _:
                return []

    def _values(self, kind: ClassSource, name: str) -> Iterator[Target]:
        for assigned, scope in self.attributes_of(kind).get(name, ()):
            if scope.is_class:
                yield Variable(scope, name, assigned.value, assigned.line)
            if assigned.value is not None:
                yield from self.of(assigned.value, scope)
            yield from self._annotated(assigned.annotation, scope)

    def _called(self, base: Target, call: ast.Call) -> Iterator[Target]:
        match base:
            case Kindred(source=source, is_object=False):
                yield Kindred(source, is_object=True)
            case Routine(scope=scope):
                yield from self._annotated(base.node.returns, scope)
            case External(name="importlib.import_module" | "__import__"):
                match call.args:
                    case [ast.Constant(value=str(module)), *_]:
                        yield from self._module(module)
            case External(name=name):
                yield External(f"{name}()")
            case _:
                pass

    def _routine(self, kind: ClassSource, name: str) -> Routine | None:
        for each in self._sources.lineage(kind)[0]:
            for statement in reversed(each.node.body):
                if isinstance(statement, Function) and statement.name == name:
                    return Routine.at(each.file, statement)
        return None

    def _subclasses(self, kind: ClassSource) -> list[ClassSource]:
        return [
            each
            for each in self.classes
            if each.node is not kind.node and any(it.node is kind.node for it in self._sources.lineage(each)[0])
        ]

    def _bases_here(self, scope: Scope) -> list[ClassSource]:
        here: Scope | None = scope
        while here is not None and not here.is_class:
            here = here.parent
        owner = class_of(here) if here else None
        return self._sources.lineage(owner)[0][1:] if owner else []


def _set_on_self(method: Function) -> Iterator[tuple[str, Assigned]]:
    """The attributes that a method sets on its object."""
    arguments = [*method.args.posonlyargs, *method.args.args]
    if not arguments:
        return
    for node in ast.walk(method):
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        for target in targets:
            match target:
                case ast.Attribute(value=ast.Name(id=owner), attr=name) if owner == arguments[0].arg:
                    annotation = node.annotation if isinstance(node, ast.AnnAssign) else None
                    yield name, Assigned(node.value, annotation, node.lineno)  # type: ignore[attr-defined]
