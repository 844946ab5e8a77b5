"""What of a file runs in the function: conditions that its Python and its system decide are decided here."""

import ast
from collections.abc import Iterator, Mapping
from typing import Any, Final

from . import runtime

_KNOWN: Final[dict[str, Any]] = {
    "TYPE_CHECKING": False,
    "typing.TYPE_CHECKING": False,
    "typing_extensions.TYPE_CHECKING": False,
    "__debug__": True,
    "sys.version_info": (*runtime.PYTHON, 0, "final", 0),
    "sys.version_info.major": runtime.PYTHON[0],
    "sys.version_info.minor": runtime.PYTHON[1],
    "sys.hexversion": runtime.PYTHON[0] << 24 | runtime.PYTHON[1] << 16 | 0xF0,
    "sys.platform": "linux",
    "sys.implementation.name": "cpython",
    "sys.maxsize": 2**63 - 1,
    "sys.byteorder": "little",
    "os.name": "posix",
    "platform.system()": "Linux",
    "platform.machine()": runtime.MACHINE,
    "platform.python_implementation()": "CPython",
}
_COMPARISONS: Final[dict[type[ast.cmpop], Any]] = {
    ast.Eq: lambda left, right: left == right,
    ast.NotEq: lambda left, right: left != right,
    ast.Lt: lambda left, right: left < right,
    ast.LtE: lambda left, right: left <= right,
    ast.Gt: lambda left, right: left > right,
    ast.GtE: lambda left, right: left >= right,
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
    ast.Is: lambda left, right: left is right,
    ast.IsNot: lambda left, right: left is not right,
}

FULL_NAMES = Mapping[str, str]


class _Undecided(Exception):
    """Only the run decides it."""


def decided(test: ast.expr, full_names: FULL_NAMES) -> bool | None:
    """Whether a condition holds in the function; None if only the run decides it.

    Args:
        test: the condition.
        full_names: what the names of the file mean: name to full dotted name.
    """
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            value = decided(operand, full_names)
            return None if value is None else not value
        case ast.BoolOp(op=operation, values=values):
            verdicts = [decided(each, full_names) for each in values]
            ends = isinstance(operation, ast.Or)
            return ends if ends in verdicts else None if None in verdicts else not ends
        case _:
            try:
                return bool(_value(test, full_names))
            except (_Undecided, TypeError, IndexError):
                return None


def _value(expression: ast.expr, full_names: FULL_NAMES) -> Any:
    name = full_name(expression, full_names)
    if name == "__name__":
        return "the module's name, which is never __main__"
    if name in _KNOWN:
        return _KNOWN[name]
    match expression:
        case ast.Constant(value=value):
            return value
        case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements):
            return tuple(_value(each, full_names) for each in elements)
        case ast.Subscript(value=value, slice=ast.Slice(lower=lower, upper=upper, step=None)):
            start = None if lower is None else _value(lower, full_names)
            return _value(value, full_names)[start : None if upper is None else _value(upper, full_names)]
        case ast.Subscript(value=value, slice=index):
            return _value(value, full_names)[_value(index, full_names)]
        case ast.Call(func=ast.Attribute(value=value, attr="startswith" | "lower" as method), args=arguments):
            text = _value(value, full_names)
            if isinstance(text, str):
                return getattr(text, method)(*(_value(each, full_names) for each in arguments))
        case ast.BinOp(op=ast.Pow(), left=ast.Constant(value=2), right=ast.Constant(value=int(power))) if power < 100:
            return 2**power
        case ast.Compare(left=left, ops=operations, comparators=others):
            values = [_value(each, full_names) for each in (left, *others)]
            return all(
                _COMPARISONS[type(operation)](values[index], values[index + 1])
                for index, operation in enumerate(operations)
            )
        case _:
            pass
    raise _Undecided


def full_name(expression: ast.expr, full_names: FULL_NAMES) -> str:
    """`a.b.c` or `a.b()` as text, with `a` as its full name; empty for any other expression."""
    match expression:
        case ast.Name(id=name):
            return full_names.get(name, name)
        case ast.Attribute(value=value, attr=attribute):
            owner = full_name(value, full_names)
            return f"{owner}.{attribute}" if owner else ""
        case ast.Call(func=function, args=[], keywords=[]):
            called = full_name(function, full_names)
            return f"{called}()" if called else ""
        case _:
            return ""


def running(statements: list[ast.stmt], full_names: FULL_NAMES) -> Iterator[ast.AST]:
    """The statements and expressions that run when these statements do: not the bodies of the functions that they
    define, no annotation, and nothing under a condition that does not hold in the function."""
    for statement in statements:
        match statement:
            case ast.If(test=test, body=body, orelse=orelse) | ast.While(test=test, body=body, orelse=orelse):
                yield statement
                holds = decided(test, full_names)
                if holds is None:
                    yield from _expressions(test)
                if holds is not False:
                    yield from running(body, full_names)
                if holds is not True:
                    yield from running(orelse, full_names)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield statement
                defaults = [*statement.args.defaults, *statement.args.kw_defaults]
                for default in (*statement.decorator_list, *defaults):
                    if default is not None:
                        yield from _expressions(default)
            case ast.ClassDef():
                yield statement
                for part in (*statement.decorator_list, *statement.bases, *statement.keywords):
                    yield from _expressions(part)
                yield from running(statement.body, full_names)
            case _ if type(statement).__name__ == "TypeAlias":
                yield statement  # its value is computed when somebody asks for it
            case ast.AnnAssign(target=target, value=value):
                yield statement
                yield from _expressions(target)
                if value is not None:
                    yield from _expressions(value)
            case _:
                yield statement
                yield from _parts(statement, full_names)
        if isinstance(statement, ast.Return | ast.Raise | ast.Continue | ast.Break):
            return


def _parts(node: ast.AST, full_names: FULL_NAMES) -> Iterator[ast.AST]:
    """What runs of a statement of any other kind: its expressions, and the statements in it."""
    for _, value in ast.iter_fields(node):
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, ast.expr | ast.keyword):
                yield from _expressions(each)
            elif isinstance(each, ast.ExceptHandler | ast.match_case | ast.withitem | ast.pattern):
                yield each
                yield from _parts(each, full_names)
        if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
            yield from running(value, full_names)


def _expressions(node: ast.AST) -> Iterator[ast.AST]:
    return ast.walk(node)
