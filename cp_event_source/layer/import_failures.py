"""Finds what fails when the function imports the layer, or when it runs a line, and can be known by reading."""

import ast
import builtins
from collections.abc import Iterator
from typing import Final

from ..handler.domain.contract import APPLY, APPLY_PARAMETERS, CREATE_PARAMETERS
from .findings import Finding
from .python_source import ClassSource, Sources, dotted
from .reach import Reached
from .runtime import names
from .scopes import Function, Scope
from .shared_state import dataclass_decorator, is_dataclass
from .targets import External, Kindred, Targets
from .unsteady import looks_unsteady
from .values import container

_DEFINED_BY_PYTHON: Final = frozenset(dir(builtins)) | names(
    "__file__ __name__ __doc__ __package__ __spec__ __loader__ __path__ __class__ __annotations__ __dict__ "
    "__module__ __qualname__ __debug__ __builtins__ __firstlineno__ __conditional_annotations__ "
    "PythonFinalizationError"
)


def dataclass_failures(targets: Targets, sources: Sources) -> Iterator[Finding]:
    """An error for each field that `dataclass` refuses.

    Args:
        targets: what expressions refer to.
        sources: the folder's files.
    """
    for kind in targets.classes:
        if is_dataclass(kind, targets):
            yield from _Fields(targets, sources).failures(kind)


class _Fields:
    def __init__(self, targets: Targets, sources: Sources) -> None:
        self._targets = targets
        self._sources = sources

    def failures(self, kind: ClassSource) -> Iterator[Finding]:
        scope = kind.file.scope_of(kind.node)
        for statement in kind.node.body:
            match statement:
                case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=ast.expr() as value):
                    if _is(annotation, "ClassVar"):
                        continue
                    default = self._default(value, scope)
                    made = container(default, scope, self._targets) or self._unhashable(default, scope)
                    if made:
                        factory = made if container(default, scope, self._targets) else "..."
                        yield Finding(
                            f"{kind.node.name}.{name} has a mutable default, one {made} for all objects, which "
                            f"dataclass refuses when the module is imported; write field(default_factory={factory})",
                            kind.file.name,
                            statement.lineno,
                        )
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=function)) if self._is_field(
                    function, scope
                ):
                    yield Finding(
                        f"{kind.node.name}.{name} is a field without a type, which dataclass refuses when the module "
                        f"is imported; write {name}: ... = field(...)",
                        kind.file.name,
                        statement.lineno,
                    )
                case _:
                    pass
        yield from self._order(kind)

    def _order(self, kind: ClassSource) -> Iterator[Finding]:
        lineage, elsewhere = self._sources.lineage(kind)
        if elsewhere or (len(lineage) > 1 and any(len(each.node.bases) > 1 for each in lineage)):
            return
        fields: dict[str, tuple[bool, ClassSource, int]] = {}
        for each in reversed(lineage):
            own = dataclass_decorator(each, self._targets)
            if own is not None:
                self._add_fields(each, own, fields)
        with_default = ""
        for name, (has_default, each, line) in fields.items():
            if has_default:
                with_default = name
            elif with_default:
                yield Finding(
                    f"{each.node.name}.{name} has no default but comes after {with_default}, which has one, and "
                    "dataclass refuses that when the module is imported; move it up, or give it a default",
                    each.file.name if each.node is kind.node else kind.file.name,
                    line if each.node is kind.node else kind.node.lineno,
                )
                return

    def _add_fields(
        self, kind: ClassSource, decorator: ast.expr, fields: dict[str, tuple[bool, ClassSource, int]]
    ) -> None:
        scope = kind.file.scope_of(kind.node)
        keyword_only = _says(decorator, "kw_only")
        if _says(decorator, "init", default=True) is False:
            return
        for statement in kind.node.body:
            match statement:
                case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value):
                    if _is(annotation, "ClassVar"):
                        continue
                    if _is(annotation, "KW_ONLY"):
                        keyword_only = True
                        continue
                    is_field = isinstance(value, ast.Call) and self._is_field(value.func, scope)
                    if is_field and (_says(value, "init", default=True) is False):
                        fields.pop(name, None)
                        continue
                    if _says(value, "kw_only", default=keyword_only) if is_field else keyword_only:
                        fields.pop(name, None)
                        continue
                    has_default = value is not None
                    if is_field and isinstance(value, ast.Call):
                        has_default = any(
                            keyword.arg in {"default", "default_factory", None} for keyword in value.keywords
                        )
                    fields[name] = (has_default, kind, statement.lineno)
                case _:
                    pass

    def _default(self, value: ast.expr, scope: Scope) -> ast.expr | None:
        if isinstance(value, ast.Call) and self._is_field(value.func, scope):
            return next((keyword.value for keyword in value.keywords if keyword.arg == "default"), None)
        return value

    def _unhashable(self, value: ast.expr | None, scope: Scope) -> str:
        """The name of a dataclass of the layer whose objects cannot be hashed, if the default is one of them."""
        if not isinstance(value, ast.Call):
            return ""
        for found in self._targets.of(value.func, scope):
            if isinstance(found, Kindred) and not found.is_object:
                decorator = dataclass_decorator(found.source, self._targets)
                hashable = decorator is None or any(
                    _says(decorator, option) is not False for option in ("frozen", "unsafe_hash")
                )
                defines = any(
                    isinstance(each, Function) and each.name == "__hash__"
                    for it in self._sources.lineage(found.source)[0]
                    for each in it.node.body
                )
                if not hashable and not defines and _says(decorator, "eq", default=True) is not False:
                    return found.source.node.name
        return ""

    def _is_field(self, function: ast.expr, scope: Scope) -> bool:
        return External("dataclasses.field") in self._targets.of(function, scope)


def _is(annotation: ast.expr, name: str) -> bool:
    """Whether an annotation is a form of `dataclasses` or `typing`."""
    if isinstance(annotation, ast.Constant):
        text = str(annotation.value)
    else:
        text = dotted(annotation.value if isinstance(annotation, ast.Subscript) else annotation)
    return text.partition("[")[0].rpartition(".")[2] == name


def _says(call: ast.expr | None, option: str, *, default: bool | None = False) -> bool | None:
    """The value of an option of a decorator or a call; None if only the run decides it."""
    if isinstance(call, ast.Call):
        for keyword in call.keywords:
            if keyword.arg == option:
                return bool(keyword.value.value) if isinstance(keyword.value, ast.Constant) else None
            if keyword.arg is None:
                return None
    return default


def undefined_names(reached: list[Reached], sources: Sources) -> Iterator[Finding]:
    """An error for each name in code that runs which nothing defines.

    Args:
        reached: the code that runs.
        sources: the folder's files.
    """
    seen: set[tuple[str, str]] = set()
    for code in reached:
        file = code.scope.file
        if file.partly_read or file.is_dynamic or any(sources.module(each) is None for each in file.stars):
            continue
        fragments = {
            id(node.value) for node in code.nodes if isinstance(node, ast.Attribute) and looks_unsteady(dotted(node))
        }
        inner = {
            id(node): scope
            for each in code.nodes
            if isinstance(each, ast.ClassDef)
            for scope in [file.scope_of(each)]
            for node in scope.body()
        }
        for node in code.nodes:
            if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load) or id(node) in fragments:
                continue
            scope = inner.get(id(node), code.scope)
            if scope.owner(node.id) is not None or node.id in _DEFINED_BY_PYTHON or (file.name, node.id) in seen:
                continue
            if any(_names(sources, each, node.id) for each in file.stars):
                continue
            seen.add((file.name, node.id))
            what = "the import" if code.on_import else code.entry
            method = code.entry.rpartition(".")[2]
            known = {"create_new": CREATE_PARAMETERS, APPLY: APPLY_PARAMETERS}.get(method, ())
            remedy = (
                f"declare it as a parameter of {method}"
                if node.id in known and not code.path
                else "import it, or correct the name"
            )
            yield Finding(f"{what} uses {node.id}, which nothing defines; {remedy}", file.name, node.lineno)


def _names(sources: Sources, module: str, name: str) -> bool:
    file = sources.module(module)
    return file is None or file.is_dynamic or bool(file.stars) or name in file.scope.names
