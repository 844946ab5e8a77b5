"""What the pipeline's calls into domain logic reach: functions, methods and classes, through other modules too."""

import ast
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from ..handler.domain.contract import APPLY
from .python_source import ClassSource, Sources
from .scopes import Function, Scope
from .targets import Kindred, Routine, Target, Targets, Variable, qualified

IMPORT: Final = "the import"


@dataclass(frozen=True)
class Reached:
    """Code that runs when the pipeline calls domain logic, or imports it."""

    entry: str
    """What the pipeline calls, such as `File.apply`; `IMPORT` if it is the import that runs it."""
    path: tuple[str, ...]
    """The names of what leads here, from the entry to this code."""
    scope: Scope
    nodes: tuple[ast.AST, ...]
    """The statements and expressions that run."""

    @property
    def on_import(self) -> bool:
        """Whether the import runs it, once in each process."""
        return self.entry == IMPORT


@dataclass(frozen=True)
class Reference:
    """A name or an attribute in code that runs."""

    node: ast.Name | ast.Attribute
    target: Target
    call: ast.Call | None
    """The call, if it is called here."""


class Reach:
    """Follows references from the pipeline's calls."""

    def __init__(self, targets: Targets, sources: Sources) -> None:
        """
        Args:
            targets: what expressions refer to.
            sources: the folder's files.
        """
        self._targets = targets
        self._sources = sources
        self._references: dict[int, list[Reference]] = {}

    def from_entries(self, entries: list[tuple[str, Routine]]) -> list[Reached]:
        """All code that runs when these are called, nearest first.

        Args:
            entries: names and functions that the pipeline calls.
        """
        found = [Reached(name, (), routine.scope, tuple(routine.scope.body())) for name, routine in entries]
        seen: set[tuple[ast.AST, str]] = {(routine.scope.node, "") for _, routine in entries}
        self._follow(found, self._referred_to(found), seen)
        # A decorator of the layer's own may keep a function to call it later, by a table.
        caller = next((each for each in found if each.entry.endswith(f".{APPLY}")), None)
        if caller is not None:
            self._follow(found, [(caller, routine) for routine in self._registered()], seen)
        return found

    def from_import(self) -> list[Reached]:
        """All code that runs when the function imports the layer."""
        found = [Reached(IMPORT, (), file.scope, tuple(file.scope.body())) for file in self._targets.files]
        run = [
            (each, reference.target)
            for each in found
            for reference in self.references(each)
            if reference.call is not None
        ] + [
            (each, target)
            for each in found
            for node in each.nodes
            if isinstance(node, Function | ast.ClassDef)
            for decorator in node.decorator_list
            for target in self._targets.of(decorator, each.scope)
            if isinstance(target, Routine)
        ]
        self._follow(found, run, set())
        return found

    def references(self, reached: Reached) -> list[Reference]:
        """What the code refers to, in the order of the text."""
        key = id(reached.nodes)
        if key not in self._references:
            self._references[key] = list(self._referred(reached))
        return self._references[key]

    def _referred(self, reached: Reached) -> Iterator[Reference]:
        calls = {id(node.func): node for node in reached.nodes if isinstance(node, ast.Call)}
        within: dict[int, Scope] = {}
        for node in reached.nodes:
            # Names in a class's body are its own.
            if isinstance(node, ast.ClassDef):
                scope = reached.scope.file.scope_of(node)
                within.update((id(each), scope) for each in scope.body())
        for node in reached.nodes:
            if not isinstance(node, ast.Name | ast.Attribute) or not isinstance(node.ctx, ast.Load):
                continue
            scope = within.get(id(node), reached.scope)
            found = self._targets.of(node, scope)
            if not found and isinstance(node, ast.Attribute) and not self._targets.of(node.value, scope):
                found = [*self._targets.unknown_member(node.attr)]
            for target in found:
                yield Reference(node, target, calls.get(id(node)))

    def _referred_to(self, reached: Iterable[Reached]) -> list[tuple[Reached, Target]]:
        return [(each, reference.target) for each in reached for reference in self.references(each)]

    def _follow(
        self, found: list[Reached], first: list[tuple[Reached, Target]], seen: set[tuple[ast.AST, str]]
    ) -> None:
        """Add to `found` what is reached, nearest first."""
        waiting = deque(first)
        while waiting:
            come_from, target = waiting.popleft()
            reached = list(self._entered(come_from, target, seen))
            found.extend(reached)
            waiting.extend(self._referred_to(reached))

    def _entered(self, come_from: Reached, target: Target, seen: set[tuple[ast.AST, str]]) -> Iterator[Reached]:
        """The code that a reference leads to, if nothing led there before."""
        match target:
            case Routine(scope=scope):
                if (scope.node, "") not in seen:
                    seen.add((scope.node, ""))
                    yield Reached(come_from.entry, (*come_from.path, target.name), scope, tuple(scope.body()))
            case Kindred(source=source, is_object=False):
                yield from self._constructed(come_from, source, seen)
            case Variable(scope=scope, name=name, value=ast.expr() as value):
                # Another name for something is found as that.
                if (
                    not isinstance(value, ast.Name | ast.Attribute)
                    and (value, "") not in seen
                    and scope.file in self._targets.files
                ):
                    seen.add((value, ""))
                    path = (*come_from.path, qualified(scope.file, name))
                    yield Reached(come_from.entry, path, scope, tuple(_kept(value)))
            case _:
                pass

    def _constructed(self, come_from: Reached, kind: ClassSource, seen: set[tuple[ast.AST, str]]) -> Iterator[Reached]:
        """What runs when an object is made of a class, or Python calls its methods by itself."""
        path = (*come_from.path, qualified(kind.file, kind.node.name))
        for each in self._sources.lineage(kind)[0]:
            if (each.node, "object") in seen or each.file not in self._targets.files:
                continue
            seen.add((each.node, "object"))
            scope = each.file.scope_of(each.node)
            factories = [
                node
                for field in each.node.body
                if isinstance(field, ast.AnnAssign) and isinstance(field.value, ast.Call)
                for keyword in field.value.keywords
                if keyword.arg in {"default_factory", "factory"}
                for node in ast.walk(keyword.value)
            ]
            yield Reached(come_from.entry, path, scope, tuple(factories))
            for statement in each.node.body:
                if (
                    isinstance(statement, Function)
                    and statement.name.startswith("__")
                    and statement.name.endswith("__")
                ):
                    yield from self._entered(come_from, Routine.at(each.file, statement), seen)

    def _registered(self) -> Iterator[Routine]:
        for file in self._targets.files:
            for node in file.scope.body():
                if not isinstance(node, Function):
                    continue
                for decorator in node.decorator_list:
                    called = decorator.func if isinstance(decorator, ast.Call) else decorator
                    if any(isinstance(it, Routine | Kindred) for it in self._targets.of(called, file.scope)) or (
                        isinstance(called, ast.Attribute) and called.attr == "register"
                    ):
                        yield Routine.at(file, node)


def _kept(value: ast.expr) -> Iterator[ast.AST]:
    """The parts of a value that may run later: functions and lambdas in it, not those that made it."""
    if isinstance(value, ast.Lambda):
        yield from ast.walk(value.body)
        return
    if isinstance(value, ast.Call):
        for each in (*value.args, *(keyword.value for keyword in value.keywords)):
            yield from _kept(each)
        return
    yield value
    for child in ast.iter_child_nodes(value):
        if isinstance(child, ast.expr):
            yield from _kept(child)
