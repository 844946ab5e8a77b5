"""What policy documents allow, decided as IAM does, in the part of its language that the component uses."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Statement = dict[str, Any]


class NotUnderstood(ValueError):
    """A policy document has something that the component never writes."""


@dataclass(frozen=True)
class Request:
    """Who wants to do what with what."""

    action: str
    resource: str
    principal: str = ""
    """A service, or an ARN. A role's own policies name none: they are the role's."""
    context: Mapping[str, str] = field(default_factory=dict)


def statements_in(document: str) -> list[Statement]:
    """A policy document's statements."""
    parsed = json.loads(document)
    if parsed.get("Version") != "2012-10-17":
        raise NotUnderstood(f"the version of the policy document must be 2012-10-17; found {parsed.get('Version')}")
    statements: list[Statement] = parsed["Statement"]
    return statements


def allows(statements: Iterable[Statement], request: Request) -> bool:
    """Whether a request is allowed, and not denied."""
    effects = [each["Effect"] for each in statements if _is_about(each, request)]
    return "Allow" in effects and "Deny" not in effects


def denies(statements: Iterable[Statement], request: Request) -> bool:
    """Whether a request is denied, whatever else allows it."""
    return any(each["Effect"] == "Deny" for each in statements if _is_about(each, request))


def values(value: str | list[str]) -> list[str]:
    """One or several, as several."""
    return [value] if isinstance(value, str) else value


def principals(statement: Statement) -> list[str]:
    """All principals of a statement, of whatever kind."""
    named = statement["Principal"]
    return [named] if isinstance(named, str) else [each for several in named.values() for each in values(several)]


def _is_about(statement: Statement, request: Request) -> bool:
    if others := statement.keys() - {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}:
        raise NotUnderstood(f"the policy document has {', '.join(sorted(others))}, which its check does not understand")
    return (
        ("Principal" not in statement or bool({"*", request.principal} & set(principals(statement))))
        and any(_matches(each.lower(), request.action.lower()) for each in values(statement["Action"]))
        and any(_matches(each, request.resource) for each in values(statement.get("Resource", "*")))
        and all(
            _holds(operator, expected, request.context.get(key))
            for operator, conditions in statement.get("Condition", {}).items()
            for key, expected in conditions.items()
        )
    )


def _holds(operator: str, expected: str | list[str], found: str | None) -> bool:
    if operator == "Null":
        return values(expected) == [str(found is None).lower()]
    if found is None:
        return False
    match operator:
        case "StringEquals" | "Bool":
            return found in values(expected)
        case "ArnEquals" | "ArnLike":
            return any(_arn_matches(each, found) for each in values(expected))
    raise NotUnderstood(f"the policy document has a condition {operator}, which its check does not understand")


def _arn_matches(pattern: str, arn: str) -> bool:
    """Each of an ARN's six parts by itself: a wildcard does not reach into the next."""
    expected, found = pattern.split(":", 5), arn.split(":", 5)
    return pattern == "*" or (len(expected) == len(found) and all(map(_matches, expected, found)))


def _matches(pattern: str, text: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), text) is not None
