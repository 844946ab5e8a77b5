"""Warns of what several domain objects share: one object's data may reach another's row."""

import ast
from collections.abc import Iterator
from typing import Final

from .findings import Finding
from .python_source import ClassSource, base_names, dotted
from .reach import Reach, Reached
from .runtime import names
from .scopes import Function, Scope
from .targets import External, Kindred, Module, Targets, Variable, qualified
from .values import container

_CHANGING: Final = names(
    "append extend insert add update setdefault pop popitem remove discard clear sort reverse appendleft popleft "
    "extendleft rotate move_to_end subtract difference_update intersection_update symmetric_difference_update put "
    "put_nowait push send"
)
_CACHES: Final = (
    "functools.cache",
    "functools.lru_cache",
    "cachetools.cached",
    "cachetools.func.lru_cache",
    "cachetools.func.ttl_cache",
    "async_lru.alru_cache",
)
_LEAK: Final = "so one object's data may reach another's row"
# Classes whose attributes are no state that their objects share: Python or the base makes something else of them.
_OTHER_ATTRIBUTES: Final = names(
    "Enum IntEnum StrEnum Flag IntFlag TypedDict BaseModel RootModel BaseSettings Structure Union Protocol"
)


def shared_attributes(targets: Targets, reached: list[Reached]) -> Iterator[Finding]:
    """A warning for each class attribute that is a container which the objects of the class share.

    Args:
        targets: what expressions refer to.
        reached: the code that runs.
    """
    changed = _changed_attributes(reached)
    for kind in targets.classes:
        if _OTHER_ATTRIBUTES & {name.rpartition(".")[2] for name in base_names(kind.node)}:
            continue
        for statement in kind.node.body:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    annotation = ""
                case ast.AnnAssign(target=ast.Name(id=name), annotation=annotated, value=value):
                    annotation = _annotation(annotated)
                    if is_dataclass(kind, targets) and not annotation.startswith("ClassVar"):
                        continue  # the check of what fails on import
                case _:
                    continue
            made = container(value, kind.file.scope_of(kind.node), targets)
            if not made or name.startswith("__"):
                continue
            constant = name.isupper() or annotation.startswith(("Final", "ClassVar[Final"))
            if (constant or _is_table(value, annotation)) and _has_content(value) and name not in changed:
                continue
            yield Finding(
                f"{kind.node.name}.{name} is one {made} that all objects of the class share, {_LEAK}; give each object "
                f"its own: in a dataclass {name}: {made} = field(default_factory={made}), else in __init__",
                kind.file.name,
                statement.lineno,
            )


def is_dataclass(kind: ClassSource, targets: Targets) -> bool:
    """Whether a class is a dataclass of the standard library."""
    return dataclass_decorator(kind, targets) is not None


def dataclass_decorator(kind: ClassSource, targets: Targets) -> ast.expr | None:
    """The decorator that makes a class a dataclass."""
    for decorator in kind.node.decorator_list:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        if External("dataclasses.dataclass") in targets.of(called, kind.file.scope):
            return decorator
    return None


def shared_defaults(targets: Targets) -> Iterator[Finding]:
    """A warning for each parameter whose default is a container which all calls share.

    Args:
        targets: what expressions refer to.
    """
    for file in targets.files:
        for scope in file.scopes():
            if not isinstance(scope.node, Function) or scope.parent is None:
                continue
            arguments = scope.node.args
            positional = [*arguments.posonlyargs, *arguments.args]
            pairs = [
                *zip(positional[len(positional) - len(arguments.defaults) :], arguments.defaults, strict=True),
                *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
            ]
            for parameter, default in pairs:
                if made := container(default, scope.parent, targets):
                    name = scope.node.name
                    if isinstance(scope.parent.node, ast.ClassDef):
                        name = f"{scope.parent.node.name}.{name}"
                    yield Finding(
                        f"{qualified(file, name)} has one {made} as the default of {parameter.arg}, which all calls "
                        f"share, {_LEAK}; write {parameter.arg}=None and make the {made} in the function",
                        file.name,
                        default.lineno if default else parameter.lineno,
                    )


def shared_variables(targets: Targets, reach: Reach, reached: list[Reached]) -> Iterator[Finding]:
    """A warning for each place in code that runs which changes a module's variable or a class's attribute, and for
    each cache.

    Args:
        targets: what expressions refer to.
        reach: what the code refers to.
        reached: the code that runs.
    """
    for code in reached:
        if code.on_import:
            continue
        through = f" through {', '.join(code.path)}" if code.path else ""
        for node, what, where in _changes(targets, code):
            yield Finding(
                f"{code.entry} changes {what}{where}{through}, which all domain objects share, {_LEAK}; keep what "
                "belongs to an object in the object",
                code.scope.file.name,
                getattr(node, "lineno", 0),
            )
        for line, cached, cache in _caches(targets, reach, code):
            what = "keeps its results" if cached == code.entry else f"reaches {cached}, whose results are kept"
            yield Finding(
                f"{code.entry} {what} by {cache} for all domain objects, {_LEAK}; compute the value each time, or keep "
                "it in the object",
                code.scope.file.name,
                line,
            )


def _changes(targets: Targets, code: Reached) -> Iterator[tuple[ast.AST, str, str]]:
    scope = code.scope
    for node in code.nodes:
        changed: list[ast.expr] = []
        match node:
            case ast.Call(func=ast.Attribute(value=value, attr=method)) if method in _CHANGING:
                changed = [value]
            case ast.Call(func=ast.Name(id="next"), args=[value, *_]):
                changed = [value]
            case ast.Subscript(value=value, ctx=ast.Store() | ast.Del()):
                changed = [value]
            case ast.Attribute(value=value, attr=name, ctx=ast.Store() | ast.Del()):
                for base in targets.of(value, scope):
                    match base:
                        case Kindred(source=source, is_object=False):
                            yield node, f"the class attribute {source.node.name}.{name}", ""
                        case Module(file=file):
                            yield node, f"{file.module}.{name}", ""
                        case _:
                            pass
                changed = [value]
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) if name in scope.globals:
                yield node, qualified(scope.file, name), ""
            case _:
                pass
        for each in changed:
            for variable in _variables(targets, each, scope):
                name = qualified(variable.scope.file, variable.name)
                yield node, name, f" ({variable.scope.file.name}:{variable.line})"


def _variables(targets: Targets, expression: ast.expr, scope: Scope) -> Iterator[Variable]:
    """The module's variables that an expression is, or is a part of."""
    match expression:
        case ast.Subscript(value=value):
            yield from _variables(targets, value, scope)
            return
        case ast.Call(func=ast.Attribute(value=value, attr="setdefault" | "get")):
            yield from _variables(targets, value, scope)
            return
        case ast.Name():
            pass
        case ast.Attribute(value=value):
            # A part of an object that a module holds: STATE.items.
            if any(isinstance(each, Variable) and not each.scope.is_class for each in targets.of(value, scope)):
                yield from _variables(targets, value, scope)
        case _:
            return
    for found in targets.of(expression, scope):
        if (
            isinstance(found, Variable)
            and not found.scope.is_class
            and not isinstance(found.value, ast.Constant | ast.Tuple | None)
        ):
            yield found


def _caches(targets: Targets, reach: Reach, code: Reached) -> Iterator[tuple[int, str, str]]:
    node = code.scope.node
    if isinstance(node, Function) and code.scope.parent is not None:
        for decorator in node.decorator_list:
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            for found in targets.of(called, code.scope.parent):
                if isinstance(found, External) and found.name in _CACHES:
                    yield decorator.lineno, code.path[-1] if code.path else code.entry, dotted(called)
    for reference in reach.references(code):
        if isinstance(reference.target, Variable) and isinstance(reference.target.value, ast.Call):
            variable = reference.target
            made = variable.value
            while isinstance(made, ast.Call):
                for found in targets.of(made.func, variable.scope):
                    if isinstance(found, External) and found.name in _CACHES:
                        yield reference.node.lineno, qualified(variable.scope.file, variable.name), found.name
                made = made.func


def _changed_attributes(reached: list[Reached]) -> set[str]:
    """The names of attributes that code which runs changes in place."""
    found: set[str] = set()
    for code in reached:
        for node in code.nodes:
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Attribute(attr=name), attr=method)) if method in _CHANGING:
                    found.add(name)
                case ast.Subscript(value=ast.Attribute(attr=name), ctx=ast.Store() | ast.Del()):
                    found.add(name)
                case ast.AugAssign(target=ast.Attribute(attr=name)):
                    found.add(name)
                case _:
                    pass
    return found


def _annotation(annotation: ast.expr) -> str:
    text = annotation.value if isinstance(annotation, ast.Constant) else ast.unparse(annotation)
    return str(text).removeprefix("typing.").removeprefix("t.")


def _has_content(value: ast.expr | None) -> bool:
    match value:
        case ast.List(elts=elements) | ast.Set(elts=elements):
            return bool(elements)
        case ast.Dict(keys=keys):
            return bool(keys)
        case ast.Call(args=arguments, keywords=keywords):
            return bool(arguments or keywords)
        case _:
            return True


def _is_table(value: ast.expr | None, annotation: str) -> bool:
    """Whether a value looks like a table that is only read: a mapping with content."""
    return isinstance(value, ast.Dict | ast.DictComp) or annotation.startswith("ClassVar")
