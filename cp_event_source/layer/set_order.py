"""Warns of an order that is taken from a set: the text in it has another order in each process."""

import ast
from collections.abc import Iterator
from typing import Final

from .findings import Finding
from .reach import Reached
from .runtime import names
from .values import Sets

# With these, no order of what they are given is in the result.
_WITHOUT_ORDER: Final = names("sorted set frozenset len sum min max any all Counter fromkeys")
_IN_ORDER: Final = names("list tuple enumerate iter map filter zip str repr deque")
_METHODS_IN_ORDER: Final = names("join extend extendleft writelines")


def set_order(sets: Sets, reached: list[Reached]) -> Iterator[Finding]:
    """A warning for each place in code that runs where a set's order gets into a value.

    Args:
        sets: which expressions are sets.
        reached: the code that runs.
    """
    for code in reached:
        if not code.on_import:
            for line, what in _places(sets, code):
                through = f" through {', '.join(code.path)}" if code.path else ""
                yield Finding(
                    f"{code.entry} takes an order from a set{through} ({what}), and a set of texts has another order "
                    "in each process; use sorted(...)",
                    code.scope.file.name,
                    line,
                )


def _places(sets: Sets, code: Reached) -> Iterator[tuple[int, str]]:
    scope = code.scope
    harmless = {id(each) for node in code.nodes for each in _harmless(node, code)}

    def is_set(expression: ast.expr) -> bool:
        return sets.is_set(expression, scope)

    for node in code.nodes:
        if id(node) in harmless:
            continue
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=arguments) if name in (
                _IN_ORDER if isinstance(node.func, ast.Name) else _METHODS_IN_ORDER
            ) and any(is_set(each) for each in arguments):
                yield node.lineno, f"{name}(...)"
            case ast.Call(func=ast.Attribute(value=value, attr="pop"), args=[], keywords=[]) if is_set(value):
                yield node.lineno, "pop()"
            case ast.ListComp(generators=generators) | ast.GeneratorExp(generators=generators) if any(
                is_set(each.iter) for each in generators
            ):
                yield node.lineno, "a comprehension"
            case ast.For(iter=iterated, body=body) if is_set(iterated) and not _same_in_any_order(body):
                yield node.lineno, "for"
            case ast.Starred(value=value, ctx=ast.Load()) | ast.YieldFrom(value=value) if is_set(value):
                yield node.lineno, "*" if isinstance(node, ast.Starred) else "yield from"
            case ast.FormattedValue(value=value) if is_set(value):
                yield node.lineno, "an f-string"
            case ast.Assign(targets=[ast.Tuple(elts=[_, _, *_]) | ast.List(elts=[_, _, *_])], value=value) if is_set(
                value
            ):
                yield node.lineno, "an assignment to several names"
            case _:
                pass


def _harmless(node: ast.AST, code: Reached) -> Iterator[ast.AST]:
    """Expressions whose order is lost at once."""
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=arguments) if name in _WITHOUT_ORDER:
            for each in arguments:
                yield from _whole(each)
        case ast.SetComp(generators=generators) | ast.DictComp(generators=generators):
            for generator in generators:
                yield from _whole(generator.iter)
        case ast.Set(elts=elements):
            yield from (each for each in elements if isinstance(each, ast.Starred))
        case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[each]):
            yield from _whole(each)
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if _is_sorted_later(name, code):
            yield from _whole(value)
        case _:
            pass


def _whole(expression: ast.expr) -> Iterator[ast.AST]:
    """An expression, and those that it only passes on."""
    yield expression
    if isinstance(expression, ast.Call) and isinstance(expression.func, ast.Name) and expression.func.id in _IN_ORDER:
        for each in expression.args:
            yield from _whole(each)
    elif isinstance(expression, ast.Starred):
        yield from _whole(expression.value)
    elif isinstance(expression, ast.List | ast.Tuple):
        for each in expression.elts:
            if isinstance(each, ast.Starred):
                yield from _whole(each)
    elif isinstance(expression, ast.ListComp | ast.GeneratorExp):
        for generator in expression.generators:
            yield from _whole(generator.iter)


def _is_sorted_later(name: str, code: Reached) -> bool:
    for node in code.nodes:
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=sorted_name), attr="sort")):
                if sorted_name == name:
                    return True
            case ast.Call(func=ast.Name(id="sorted"), args=[ast.Name(id=sorted_name), *_]):
                if sorted_name == name:
                    return True
            case _:
                pass
    return False


def _same_in_any_order(body: list[ast.stmt]) -> bool:
    """Whether a loop's body has the same result whatever order it sees the elements in."""
    return all(_order_free(statement) for statement in body)


def _order_free(statement: ast.stmt) -> bool:
    match statement:
        case ast.Pass() | ast.Continue() | ast.Raise() | ast.Assert() | ast.Delete():
            return True
        case ast.Return(value=None | ast.Constant()):
            return True
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="add" | "discard" | "remove" | "pop", value=_))):
            return True
        case ast.Expr(value=ast.Constant()):
            return True
        case ast.Assign(targets=[ast.Subscript()]):
            return True
        case ast.AugAssign(op=ast.Add() | ast.Sub(), value=ast.Constant(value=int())):
            return True
        case ast.AugAssign(op=ast.BitOr() | ast.BitAnd()):
            return True
        case ast.If(body=body, orelse=orelse):
            return _same_in_any_order(body) and _same_in_any_order(orelse)
        case _:
            return False
