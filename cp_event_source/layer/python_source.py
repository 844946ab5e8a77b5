"""Reads the Python files of a folder without running them: their classes, methods and parameters."""

import ast
import builtins
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

Function = ast.FunctionDef | ast.AsyncFunctionDef


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

    @property
    def where(self) -> str:
        """As `file:line: Class.method`."""
        return f"{self.file.name}:{self.node.lineno}: {self.called}"


class SourceFile:
    """A source file's classes, and the full names of its names."""

    def __init__(self, name: str, tree: ast.Module) -> None:
        self.name = name
        self.classes: dict[str, ast.ClassDef] = {}
        self.imported_from: dict[str, tuple[str, str]] = {}
        """Name here to module and name there."""
        self.stars: list[str] = []
        self.full_names: dict[str, str] = {}
        """Name here to its full dotted name."""
        self.other_names: set[str] = set()
        for statement in _top_level(tree.body):
            self._note(statement)

    def _note(self, statement: ast.stmt) -> None:
        match statement:
            case ast.ClassDef(name=name):
                self.classes[name] = statement
            case ast.ImportFrom(names=names):
                module = self._module_meant(statement)
                for each in names:
                    if each.name == "*":
                        self.stars.append(module)
                    else:
                        here = each.asname or each.name
                        self.imported_from[here] = (module, each.name)
                        self.full_names[here] = f"{module}.{each.name}"
            case ast.Import(names=names):
                for each in names:
                    self.full_names[each.asname or each.name.partition(".")[0]] = (
                        each.name if each.asname else each.name.partition(".")[0]
                    )
            case ast.Assign(targets=targets):
                self.other_names |= {target.id for target in targets if isinstance(target, ast.Name)}
            case _:
                pass

    def _module_meant(self, statement: ast.ImportFrom) -> str:
        """The module that is imported from; a relative one is made absolute."""
        module = statement.module or ""
        if statement.level == 0:
            return module
        package = self.name.split("/")[:-1]
        above = package[: len(package) - (statement.level - 1)]
        return ".".join([*above, *([module] if module else [])])

    def may_bring_methods(self, base: str) -> bool:
        """Whether a base class from elsewhere may have methods of the contract; Python's own have none."""
        first = self.full_names.get(base.partition(".")[0], base).partition(".")[0]
        return first not in sys.stdlib_module_names and not hasattr(builtins, base)


class Sources:
    """The folder's Python files, each read when it is asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[Path, SourceFile | None] = {}
        self.problems: list[str] = []
        """Why files that were asked for could not be read."""

    def module(self, name: str) -> SourceFile | None:
        """The file of a module in the folder; None if it is not there or cannot be read."""
        base = self._folder.joinpath(*name.split(".")) if name else self._folder
        for path in (base.with_suffix(".py"), base / "__init__.py"):
            if path.is_file():
                if path not in self._files:
                    self._files[path] = self._read(path)
                return self._files[path]
        return None

    def _read(self, path: Path) -> SourceFile | None:
        name = path.relative_to(self._folder).as_posix()
        try:
            return SourceFile(name, ast.parse(path.read_bytes(), name))
        except (SyntaxError, ValueError) as error:  # ValueError: a null byte, in older Pythons
            line = f":{error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
            reason = error.msg if isinstance(error, SyntaxError) else str(error)
            version = ".".join(str(part) for part in sys.version_info[:2])
            self.problems.append(f"{name}{line}: Python {version} cannot read it: {reason}")
            return None

    def classes(self, file: SourceFile, seen: frozenset[str] = frozenset()) -> dict[str, ClassSource]:
        """The classes that a file has names for: written there, or imported from the folder's files."""
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
        return found | {name: ClassSource(file, node) for name, node in file.classes.items()}

    def lineage(self, kind: ClassSource) -> tuple[list[ClassSource], bool]:
        """A class and its bases in the folder, nearest first, and whether it has bases from elsewhere."""
        found: list[ClassSource] = []
        elsewhere = False
        waiting = [kind]
        while waiting:
            here = waiting.pop(0)
            if any(here.node is each.node for each in found):
                continue
            found.append(here)
            classes = self.classes(here.file)
            names = _base_names(here.node)
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


def _base_names(node: ast.ClassDef) -> list[str]:
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


def _top_level(statements: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements that run on import, those under if, try and with included."""
    for statement in statements:
        yield statement
        if isinstance(statement, ast.If | ast.Try | ast.With):
            for part in ("body", "orelse", "finalbody"):
                yield from _top_level(getattr(statement, part, []))
            for handler in getattr(statement, "handlers", []):
                yield from _top_level(handler.body)
