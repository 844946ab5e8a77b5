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
    """A policy document's statements, each of them one that IAM takes.

    Raises:
        NotUnderstood: it is no policy document.
    """
    parsed = json_object(document, "the policy document")
    if parsed.get("Version") != "2012-10-17":
        raise NotUnderstood(f"the version of the policy document must be 2012-10-17; found {parsed.get('Version')}")
    several = parsed.get("Statement")
    if isinstance(several, dict):  # IAM takes one alone, too
        several = [several]
    if not isinstance(several, list) or not all(isinstance(each, dict) for each in several):
        raise NotUnderstood(f"Statement of the policy document must be one or several objects; found {several}")
    return [_read(each) for each in several]


def json_object(text: object, what: str) -> dict[str, Any]:
    """A property that is an object as JSON text.

    Args:
        text: the property.
        what: what it is called in the message.

    Raises:
        NotUnderstood: it is something else.
    """
    try:
        parsed = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict):
        raise NotUnderstood(f"{what} must be a JSON object; found {text}")
    return parsed


def _read(statement: Statement) -> Statement:
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise NotUnderstood(f"Effect in the policy document must be Allow or Deny; found {statement.get('Effect')}")
    if not statement.keys() & {"Action", "NotAction"}:
        raise NotUnderstood("each statement of the policy document must have Action; found none")
    return {name: _element(name, found) for name, found in statement.items()}


def _element(name: str, found: Any) -> Any:
    match name:
        case "Action" | "NotAction" | "Resource" | "NotResource":
            return _texts(name, found)
        case "Principal" | "NotPrincipal" if found != "*":
            return {kind: _texts(name, each) for kind, each in _object(name, found).items()}
        case "Condition":
            conditions = {operator: _object(name, each) for operator, each in _object(name, found).items()}
            return {
                operator: {key: _texts(name, each) for key, each in keys.items()}
                for operator, keys in conditions.items()
            }
    return found


def _object(name: str, found: Any) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise NotUnderstood(f"{name} in the policy document must be an object; found {found}")
    return found


def _texts(name: str, found: Any) -> str | list[str]:
    return [_text(name, each) for each in found] if isinstance(found, list) else _text(name, found)


def _text(name: str, found: Any) -> str:
    """IAM takes truth values and numbers for texts."""
    if isinstance(found, bool | int | float):
        return json.dumps(found)
    if not isinstance(found, str):
        raise NotUnderstood(f"{name} in the policy document must consist of texts; found {found}")
    return found


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


def actions(statement: Statement) -> list[str]:
    """All actions of a statement."""
    return values(_of(statement, "Action"))


def resources(statement: Statement) -> list[str]:
    """All resources of a statement."""
    return values(_of(statement, "Resource"))


def principals(statement: Statement) -> list[str]:
    """All principals of a statement, of whatever kind."""
    named = _of(statement, "Principal")
    return [named] if isinstance(named, str) else [each for several in named.values() for each in values(several)]


def _of(statement: Statement, name: str) -> Any:
    """Its opposite, such as NotPrincipal, names all but some: what that amounts to is not decided here."""
    if name not in statement:
        found = ", ".join(sorted(statement))
        raise NotUnderstood(f"each statement of the policy document must have {name}; found {found}")
    return statement[name]


def _is_about(statement: Statement, request: Request) -> bool:
    if others := statement.keys() - {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}:
        raise NotUnderstood(f"the policy document has {', '.join(sorted(others))}, which its check does not understand")
    return (
        ("Principal" not in statement or bool({"*", request.principal} & set(principals(statement))))
        and any(_matches(each.lower(), request.action.lower()) for each in actions(statement))
        and any(_matches(each, request.resource) for each in values(statement.get("Resource", "*")))
        and all(
            _holds(operator, expected, request.context.get(key))
            for operator, conditions in statement.get("Condition", {}).items()
            for key, expected in conditions.items()
        )
    )


def _holds(operator: str, expected: str | list[str], found: str | None) -> bool:
    match operator:
        case "Null":
            return values(expected) == [str(found is None).lower()]
        case "StringEquals" | "Bool":
            return found is not None and found in values(expected)
        case "ArnEquals" | "ArnLike":
            return found is not None and any(_arn_matches(each, found) for each in values(expected))
    raise NotUnderstood(f"the policy document has a condition {operator}, which its check does not understand")


def _arn_matches(pattern: str, arn: str) -> bool:
    """Each of an ARN's six parts by itself: a wildcard does not reach into the next."""
    expected, found = pattern.split(":", 5), arn.split(":", 5)
    return pattern == "*" or (len(expected) == len(found) and all(map(_matches, expected, found)))


def _matches(pattern: str, text: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), text) is not None
