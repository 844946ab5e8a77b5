"""Checks a domain's logic layer against its contract by reading the source; it never runs it."""

import ast
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from .handler_code import domain_contract as contract
from .layer_files import layer_files

_Function = ast.FunctionDef | ast.AsyncFunctionDef

_EXAMPLES: Final = {
    "from_dynamo_item": "from_dynamo_item(item)",
    "create_new": "create_new(domain_id, user_id)",
    "to_dynamo_item": "to_dynamo_item(domain)",
}

_OTHER_EACH_TIME: Final = (
    "datetime.date.today",
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "os.urandom",
    "time.time",
    "time.time_ns",
    "uuid.uuid1",
    "uuid.uuid4",
)
_OTHER_EACH_TIME_MODULES: Final = ("random.", "secrets.")


@dataclass(frozen=True)
class Report:
    """What the check found: every problem, a line of text each, naming file, line and what is meant."""

    errors: tuple[str, ...]
    """The functions would not start, or could not fold."""
    warnings: tuple[str, ...]
    """It works, but perhaps not as meant."""


def check_domain_layer(source_dir: str | Path) -> Report:
    """Check the folder that a domain logic layer is made from.

    Args:
        source_dir: the folder that holds `domain_handler.py`.
    """
    folder = Path(source_dir)
    if not folder.is_dir():
        found = "is a file" if folder.exists() else "does not exist"
        return Report((f"{folder} {found}; give the folder that holds {contract.FILE}",), ())
    check = _Check(_Sources(folder))
    check.folder(folder)
    return Report(tuple(check.errors), tuple(check.warnings))


@dataclass(frozen=True)
class _Class:
    """A class and the file it is written in."""

    file: "_File"
    node: ast.ClassDef


@dataclass(frozen=True)
class _Method:
    """A method, the class it was looked for in, and the file it is written in."""

    owner: str
    file: "_File"
    node: _Function

    @property
    def called(self) -> str:
        return f"{self.owner}.{self.node.name}"

    @property
    def where(self) -> str:
        return f"{self.file.name}:{self.node.lineno}: {self.called}"


class _File:
    """A source file's classes, and what its names stand for."""

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
            case ast.ImportFrom(module=module, names=names):
                for each in names:
                    if each.name == "*":
                        self.stars.append(module or "")
                    else:
                        here = each.asname or each.name
                        self.imported_from[here] = (module or "", each.name)
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


class _Sources:
    """The folder's Python files, read when asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[Path, _File | None] = {}
        self.problems: list[str] = []
        """Why files that were asked for could not be read."""

    def module(self, name: str) -> _File | None:
        """The file of a module that lies in the folder; None when it does not, or cannot be read."""
        base = self._folder.joinpath(*name.split(".")) if name else self._folder
        for path in (base.with_suffix(".py"), base / "__init__.py"):
            if path.is_file():
                if path not in self._files:
                    self._files[path] = self._read(path)
                return self._files[path]
        return None

    def _read(self, path: Path) -> _File | None:
        name = path.relative_to(self._folder).as_posix()
        try:
            return _File(name, ast.parse(path.read_bytes(), name))
        except (SyntaxError, ValueError) as error:  # ValueError: a null byte, in older Pythons
            line = f":{error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
            reason = error.msg if isinstance(error, SyntaxError) else str(error)
            version = ".".join(str(part) for part in sys.version_info[:2])
            self.problems.append(f"{name}{line}: Python {version} cannot read it: {reason}")
            return None

    def classes(self, file: _File, seen: frozenset[str] = frozenset()) -> dict[str, _Class]:
        """The classes that are names of a file's own: written there, or imported from the folder's files."""
        found: dict[str, _Class] = {}
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
        return found | {name: _Class(file, node) for name, node in file.classes.items()}

    def lineage(self, kind: _Class) -> tuple[list[_Class], bool]:
        """A class and its bases in the folder, nearest first, and whether it has bases from elsewhere."""
        found: list[_Class] = []
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
            elsewhere = elsewhere or any(name not in classes and name != "object" for name in names)
        return found, elsewhere

    def inherits_from_elsewhere(self, kind: _Class) -> bool:
        """Whether a class may have methods from where this check cannot look."""
        return self.lineage(kind)[1]

    def method(self, owner: str, kind: _Class, name: str) -> _Method | None:
        """A method that a class has or inherits within the folder; the last definition counts, as in Python."""
        for each in self.lineage(kind)[0]:
            for statement in reversed(each.node.body):
                if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) and statement.name == name:
                    return _Method(owner, each.file, statement)
        return None


@dataclass
class _Check:
    """One check of one folder, collecting what it finds."""

    sources: _Sources
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

    def _domain(self, file: _File, classes: dict[str, _Class]) -> None:
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
                if _assigns(domain.node, name) or self.sources.inherits_from_elsewhere(domain):
                    self._unread(f"{domain.file.name}:{domain.node.lineno}: {contract.CLASS}.{name}")
                else:
                    self.errors.append(
                        f"{domain.file.name}:{domain.node.lineno}: {contract.CLASS}.{name} is missing; define it: "
                        f"@staticmethod def {_EXAMPLES[name]}"
                    )
                continue
            self._static(method)

    def _static(self, method: _Method) -> None:
        name = method.node.name
        self._not_async(method)
        parameters = _parameters(method.node)
        decorators = _decorators(method.node)
        if "classmethod" in decorators:
            parameters = parameters[1:]
        elif "staticmethod" not in decorators and parameters and parameters[0].name in {"self", "cls"}:
            self.errors.append(
                f"{method.where} takes {parameters[0].name!r} but is called on the class; "
                f"write @staticmethod def {_EXAMPLES[name]}"
            )
            return
        if name == "create_new":
            self._known_parameters(method, parameters, contract.CREATE_PARAMETERS)
            self._deterministic(method)
        else:
            self._one_argument(method, parameters)

    def _one_argument(self, method: _Method, parameters: "list[_Parameter]") -> None:
        required = [each for each in parameters if each.required]
        takes_one = method.node.args.vararg is not None or any(not each.keyword_only for each in parameters)
        if takes_one and sum(not each.keyword_only for each in required) <= 1 and not _keyword_only(required):
            return
        listed = ", ".join(each.name for each in parameters) or "none"
        self.errors.append(
            f"{method.where} is called with one argument; its parameters are: {listed}; "
            f"write {_EXAMPLES[method.node.name]}"
        )

    def _appliers(self, file: _File, classes: dict[str, _Class]) -> None:
        others = {name: kind for name, kind in classes.items() if name != contract.CLASS}
        found: dict[ast.AST, _Method] = {}
        for name, kind in others.items():
            method = self.sources.method(name, kind, contract.APPLY)
            if method:
                found.setdefault(method.node, method)
        for method in found.values():
            self._applier(method)
        if found:
            return
        if self._star(file) or any(self.sources.inherits_from_elsewhere(kind) for kind in others.values()):
            self._unread(f"{contract.FILE}: {contract.APPLY}")
        else:
            self.errors.append(
                f"{contract.FILE}: no class has the method {contract.APPLY}; define one, beside {contract.CLASS}: "
                f"def {contract.APPLY}(self, domain_payload, event_time, event_type)"
            )

    def _applier(self, method: _Method) -> None:
        self._not_async(method)
        parameters = _parameters(method.node)
        by_position = [each for each in parameters if not each.keyword_only]
        if {"staticmethod", "classmethod"} & _decorators(method.node) or not by_position:
            self.errors.append(
                f"{method.where} must be an ordinary method, with the domain object as its first parameter, self"
            )
            return
        self._known_parameters(method, parameters[1:], contract.APPLY_PARAMETERS)
        self._deterministic(method)
        names = {each.name for each in parameters}
        if "event_type" in names and not names & {"event_name", "event"}:
            self.warnings.append(
                f"{method.where} declares event_type but not event_name; event_type is always DOMAIN here: "
                "declare event_name to tell events apart"
            )

    def _known_parameters(self, method: _Method, parameters: "list[_Parameter]", known: tuple[str, ...]) -> None:
        for each in parameters:
            if each.required and each.name not in known:
                self.errors.append(
                    f"{method.file.name}:{each.line}: {method.called} requires the parameter {each.name!r}, which "
                    f"is not one of {', '.join(known)}; rename it or give it a default"
                )

    def _not_async(self, method: _Method) -> None:
        if isinstance(method.node, ast.AsyncFunctionDef):
            self.errors.append(f"{method.where} is async and nothing awaits it; write def instead of async def")

    def _deterministic(self, method: _Method) -> None:
        for node in ast.walk(method.node):
            if isinstance(node, ast.Call):
                name = _dotted(node.func)
                if name and _other_each_time(name, method.file.full_names):
                    self.warnings.append(
                        f"{method.file.name}:{node.lineno}: {method.called} calls {name}(), which gives another "
                        "value whenever the events are folded anew; use event_time or what the event holds"
                    )

    def _star(self, file: _File) -> bool:
        """Whether a file has names from `from elsewhere import *`."""
        return any(self.sources.module(module) is None for module in file.stars)

    def _unread(self, what: str) -> None:
        self.warnings.append(f"{what} cannot be checked by reading the folder; it is when the function starts")


@dataclass(frozen=True)
class _Parameter:
    name: str
    line: int
    required: bool
    keyword_only: bool


def _parameters(function: _Function) -> list[_Parameter]:
    """All but *args and **kwargs."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    without_default = len(positional) - len(arguments.defaults)
    return [
        *(
            _Parameter(each.arg, each.lineno, required=index < without_default, keyword_only=False)
            for index, each in enumerate(positional)
        ),
        *(
            _Parameter(each.arg, each.lineno, required=default is None, keyword_only=True)
            for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        ),
    ]


def _keyword_only(parameters: Iterable[_Parameter]) -> bool:
    return any(each.keyword_only for each in parameters)


def _decorators(function: _Function) -> set[str]:
    return {_dotted(each) for each in function.decorator_list}


def _base_names(node: ast.ClassDef) -> list[str]:
    return [_dotted(base.value if isinstance(base, ast.Subscript) else base) for base in node.bases]


def _assigns(node: ast.ClassDef, name: str) -> bool:
    targets = [target for each in node.body if isinstance(each, ast.Assign) for target in each.targets]
    return any(isinstance(target, ast.Name) and target.id == name for target in targets)


def _dotted(expression: ast.expr) -> str:
    """`a.b.c` as text; empty for any other expression."""
    match expression:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attribute):
            owner = _dotted(value)
            return f"{owner}.{attribute}" if owner else ""
        case _:
            return ""


def _other_each_time(name: str, full_names: dict[str, str]) -> bool:
    first, dot, rest = name.partition(".")
    full = f"{full_names.get(first, first)}{dot}{rest}"
    # Written without its import (as in a fragment), datetime.now() still is what it looks like.
    return full.startswith(_OTHER_EACH_TIME_MODULES) or any(
        full == each or (dot and each.endswith(f".{full}")) for each in _OTHER_EACH_TIME
    )


def _top_level(statements: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements that run on import, those under if, try and with included."""
    for statement in statements:
        yield statement
        if isinstance(statement, ast.If | ast.Try | ast.With):
            for part in ("body", "orelse", "finalbody"):
                yield from _top_level(getattr(statement, part, []))
            for handler in getattr(statement, "handlers", []):
                yield from _top_level(handler.body)


def _contract() -> str:
    return f"the class {contract.CLASS} with the static methods {', '.join(_EXAMPLES.values())}"
