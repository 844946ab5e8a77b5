"""What kind of value an expression makes, as far as reading shows."""

import ast
from typing import Final

from .python_source import ClassSource, dotted
from .runtime import names
from .scopes import Assigned, Defined, Parameter, Scope
from .targets import External, Kindred, Routine, Targets

_CONTAINERS: Final = {
    "list": "list",
    "dict": "dict",
    "set": "set",
    "bytearray": "bytearray",
    "collections.defaultdict": "dict",
    "collections.OrderedDict": "dict",
    "collections.Counter": "dict",
    "collections.deque": "deque",
}
_SET_TYPES: Final = names(
    "set frozenset typing.Set typing.FrozenSet typing.AbstractSet typing.MutableSet collections.abc.Set "
    "collections.abc.MutableSet"
)
_SET_METHODS: Final = names("union intersection difference symmetric_difference copy")


def container(value: ast.expr | None, scope: Scope, targets: Targets) -> str:
    """The kind of a mutable container that an expression makes, such as `list`; empty for anything else."""
    match value:
        case ast.List() | ast.ListComp():
            return "list"
        case ast.Dict() | ast.DictComp():
            return "dict"
        case ast.Set() | ast.SetComp():
            return "set"
        case ast.Call(func=function):
            return next(
                (
                    _CONTAINERS[found.name]
                    for found in targets.of(function, scope)
                    if isinstance(found, External) and found.name in _CONTAINERS
                ),
                "",
            )
        case _:
            return ""


class Sets:
    """Finds which expressions are sets, whose order differs from process to process."""

    def __init__(self, targets: Targets) -> None:
        """
        Args:
            targets: what expressions refer to.
        """
        self._targets = targets
        self._asked: set[tuple[int, str]] = set()

    def is_set(self, expression: ast.expr, scope: Scope) -> bool:
        """Whether an expression is known to be a set."""
        match expression:
            case ast.Set() | ast.SetComp():
                return True
            case ast.BinOp(op=ast.BitOr() | ast.BitAnd() | ast.Sub() | ast.BitXor(), left=left, right=right):
                return self.is_set(left, scope) or self.is_set(right, scope)
            case ast.IfExp(body=body, orelse=orelse):
                return self.is_set(body, scope) or self.is_set(orelse, scope)
            case ast.BoolOp(values=values):
                return any(self.is_set(each, scope) for each in values)
            case ast.NamedExpr(value=value):
                return self.is_set(value, scope)
            case ast.Name(id=name):
                return self._name(name, scope)
            case ast.Attribute():
                return self._attribute(expression, scope)
            case ast.Call(func=ast.Attribute(value=value, attr=method)) if method in _SET_METHODS and self.is_set(
                value, scope
            ):
                return True
            case ast.Call(func=function):
                return any(self._returns(found) for found in self._targets.of(function, scope))
            case _:
                return False

    def _returns(self, found: object) -> bool:
        match found:
            case External(name="set" | "frozenset"):
                return True
            case Routine(scope=scope):
                return self._annotated(found.node.returns, scope)
            case _:
                return False

    def _name(self, name: str, scope: Scope) -> bool:
        owner = scope.owner(name)
        if owner is None or (id(owner), name) in self._asked:
            return False
        meanings = owner.names[name]
        if any(isinstance(each, Defined) for each in meanings):
            return False
        self._asked.add((id(owner), name))
        try:
            return any(self._meant(each, owner) for each in meanings)
        finally:
            self._asked.discard((id(owner), name))

    def _meant(self, meaning: object, scope: Scope) -> bool:
        match meaning:
            case Assigned():
                return self._assigned(meaning, scope)
            case Parameter(node=node):
                return self._annotated(node.annotation, scope)
            case _:
                return False

    def _assigned(self, assigned: Assigned, scope: Scope) -> bool:
        return self._annotated(assigned.annotation, scope) or (
            assigned.value is not None and self.is_set(assigned.value, scope)
        )

    def _attribute(self, expression: ast.Attribute, scope: Scope) -> bool:
        bases = [each for each in self._targets.of(expression.value, scope) if isinstance(each, Kindred)]
        kinds = [each.source for each in bases] or self._targets.classes
        verdicts = [
            self._attribute_of(kind, expression.attr)
            for kind in kinds
            if expression.attr in self._targets.attributes_of(kind)
        ]
        return bool(verdicts) and all(verdicts)

    def _attribute_of(self, kind: ClassSource, name: str) -> bool:
        key = (id(kind.node), name)
        if key in self._asked:
            return False
        self._asked.add(key)
        try:
            return any(self._assigned(each, scope) for each, scope in self._targets.attributes_of(kind)[name])
        finally:
            self._asked.discard(key)

    def _annotated(self, annotation: ast.expr | None, scope: Scope) -> bool:
        match annotation:
            case ast.Constant(value=str(text)):
                try:
                    return self._annotated(ast.parse(text, mode="eval").body, scope)
                except (SyntaxError, ValueError):
                    return False
            case ast.Name() | ast.Attribute():
                return any(
                    isinstance(found, External) and found.name in _SET_TYPES
                    for found in self._targets.of(annotation, scope)
                )
            case ast.Subscript(value=value, slice=inner):
                outer = dotted(value).rpartition(".")[2]
                if outer in {"Optional", "ClassVar", "Final", "Annotated", "InitVar"}:
                    return self._annotated(inner.elts[0] if isinstance(inner, ast.Tuple) else inner, scope)
                return self._annotated(value, scope)
            case ast.BinOp(op=ast.BitOr(), left=left, right=right):
                return self._annotated(left, scope) or self._annotated(right, scope)
            case _:
                return False
