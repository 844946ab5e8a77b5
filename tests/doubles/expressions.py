"""DynamoDB's expressions, as far as the functions use them.

A condition is `attribute_exists(path)`, `attribute_not_exists(path)` or `path = :value`, joined with AND and OR. A key
condition is `hash = :value`, alone or with a condition on the range key. A projection is a list of top-level names. AWS
says (DynamoDB Developer Guide, "Expression attribute names (aliases)", "Condition and filter expressions, operators,
and functions"): AND binds tighter than OR; a dot in a path leads into a map; a dot in the name that a `#` alias stands
for is a part of that name.

Simplified: no parentheses, and no other functions or comparisons (NotImplementedError); reserved words are accepted.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from .attribute_values import AttributeValue, Item, checked
from .aws import AwsError, invalid

Path = tuple[str, ...]

_NAME = r"#?[A-Za-z][A-Za-z0-9_]*"
_PATH = rf"{_NAME}(?:\.{_NAME})*"
_VALUE = r":[A-Za-z0-9_]+"
_TERM = re.compile(
    rf"\s*(?:(?P<function>attribute_exists|attribute_not_exists)\s*\(\s*(?P<tested>{_PATH})\s*\)"
    rf"|(?P<path>{_PATH})\s*=\s*(?P<value>{_VALUE}))\s*"
)
_KEY_CONDITION = re.compile(
    rf"\s*(?P<hash>{_NAME})\s*=\s*(?P<value>{_VALUE})\s*"
    rf"(?:\s+AND\s+(?P<range>{_NAME})\s*(?:(?P<comparison><=|>=|=|<|>)\s*(?P<limit>{_VALUE})"
    rf"|\s+BETWEEN\s+(?P<first>{_VALUE})\s+AND\s+(?P<last>{_VALUE}))\s*)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Term:
    """One test of a condition. `value` is None if it tests existence."""

    path: Path
    exists: bool = True
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition. It holds if all terms of one of the alternatives hold."""

    alternatives: tuple[tuple[Term, ...], ...]
    placeholders: frozenset[str]

    def holds(self, item: Item, names: Mapping[str, str], values: Mapping[str, AttributeValue]) -> bool:
        """True if the condition holds for an item ({} if there is no item)."""
        return any(all(_holds(term, item, names, values) for term in terms) for terms in self.alternatives)


@dataclass(frozen=True, slots=True)
class KeyCondition:
    """A query's condition, with names and placeholders as written."""

    hash_name: str
    hash_value: str
    range_name: str | None
    comparison: str
    limits: tuple[str, ...]
    placeholders: frozenset[str]


@dataclass(frozen=True, slots=True)
class Projection:
    """The requested top-level attributes, as written."""

    names: tuple[str, ...]
    placeholders: frozenset[str]


Expression = Condition | KeyCondition | Projection


@lru_cache(maxsize=256)
def parse_condition(text: str) -> Condition:
    alternatives = tuple(
        tuple(_term(part, text) for part in re.split(r"\bAND\b", alternative, flags=re.IGNORECASE))
        for alternative in re.split(r"\bOR\b", text, flags=re.IGNORECASE)
    )
    return Condition(alternatives, _placeholders(text))


@lru_cache(maxsize=256)
def parse_key_condition(text: str) -> KeyCondition:
    match = _KEY_CONDITION.fullmatch(text)
    if match is None:
        raise NotImplementedError(f"KeyConditionExpression {text!r}")
    limits = tuple(match[group] for group in ("limit", "first", "last") if match[group])
    comparison = match["comparison"] or ("BETWEEN" if match["range"] else "")
    return KeyCondition(match["hash"], match["value"], match["range"], comparison, limits, _placeholders(text))


@lru_cache(maxsize=256)
def parse_projection(text: str) -> Projection:
    names = tuple(name.strip() for name in text.split(","))
    if not all(re.fullmatch(_NAME, name) for name in names):
        raise NotImplementedError(f"ProjectionExpression {text!r}")
    return Projection(names, _placeholders(text))


def placeholders_of(
    request: Mapping[str, Any], *expressions: Expression | None
) -> tuple[Mapping[str, str], Mapping[str, AttributeValue]]:
    """The names and the values that a request's expressions refer to.

    Raises:
        AwsError: one is used but not defined, or defined but not used, or DynamoDB refuses a value.
    """
    names: Mapping[str, str] = request.get("ExpressionAttributeNames", {})
    values: Mapping[str, Any] = request.get("ExpressionAttributeValues", {})
    used = frozenset[str]().union(*(each.placeholders for each in expressions if each is not None))
    defined = names.keys() | values.keys()
    if used != defined:
        if undefined := used - defined:
            kind = "value" if min(undefined).startswith(":") else "name"
            raise invalid(
                f"Invalid expression: An expression attribute {kind} used in expression is not defined; "
                f"attribute {kind}: {min(undefined)}"
            )
        unused = min(defined - used)
        kind = "Values" if unused.startswith(":") else "Names"
        raise invalid(f"Value provided in ExpressionAttribute{kind} unused in expressions: keys: {{{unused}}}")
    return names, {name: _operand(name, value) for name, value in values.items()}


def resolved(name: str, names: Mapping[str, str]) -> str:
    """The attribute's name that an expression's name stands for."""
    return names[name] if name.startswith("#") else name


def _operand(name: str, value: Mapping[str, Any]) -> AttributeValue:
    try:
        return checked(value)[0]
    except AwsError as error:
        raise invalid(f"ExpressionAttributeValues contains invalid value: {error.message} for key {name}") from error


def _term(part: str, text: str) -> Term:
    match = _TERM.fullmatch(part)
    if match is None:
        raise NotImplementedError(f"ConditionExpression {text!r}")
    if match["function"]:
        return Term(tuple(match["tested"].split(".")), exists=match["function"] == "attribute_exists")
    return Term(tuple(match["path"].split(".")), value=match["value"])


def _holds(term: Term, item: Item, names: Mapping[str, str], values: Mapping[str, AttributeValue]) -> bool:
    found = _find(term.path, item, names)
    if term.value is None:
        return (found is not None) == term.exists
    return found == values[term.value]


def _find(path: Path, item: Item, names: Mapping[str, str]) -> AttributeValue | None:
    members: Mapping[str, Any] = item
    found: AttributeValue | None = None
    for name in path:
        found = members.get(resolved(name, names))
        members = (found or {}).get("M", {})
    return found


def _placeholders(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[#:][A-Za-z0-9_]+", text))
