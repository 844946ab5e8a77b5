"""Predicts the outcome of a message without the functions' code: it has its own JSON reader and check of the rules.

It uses one part of the functions' code: the instant of an EventTime, whose forms have their own tests.
"""

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cp_event_source.handler.events.event_time import UnreadableTime, instant

from ..corpus.values import Token, tokens

_SPACE = re.compile(r"[ \t\n\r]*")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')
_NUMBER = re.compile(r"(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?)(?:[eE][+-]?[0-9]+)?")
_LITERALS = {"null": None, "true": True, "false": False}
_BYTES = {"DomainId": 2048, "EventId": 993, "UserId": 2048, "EventName": 256, "CorrelationId": 2048, "IpAddress": 2048}
_REQUIRED = {"DomainId", "EventTime", "EventId", "UserId", "EventType", "EventName", "DomainName", "Payload", "Version"}
_ALL = _REQUIRED | {"CorrelationId", "IpAddress"}


class NotJson(Exception):
    """The text is no JSON."""


class NoNumber(Exception):
    """The text holds a number that no Decimal is equal to."""


@dataclass(frozen=True, slots=True)
class Event:
    """An event that keeps the contract."""

    key: tuple[str, str]
    content: list[Token]
    """All content that distinguishes it from another event with the same key."""
    detail: dict[str, Any]


def read(text: str) -> Any:
    """The value of a JSON text, numbers as Decimal; of a name given twice, the last."""
    around: list[Any] = []
    names: list[str] = []
    at = _space(text, 0)
    while True:
        character = text[at : at + 1]
        if character in {"{", "["}:
            container: Any = {} if character == "{" else []
            at = _space(text, at + 1)
            if text[at : at + 1] != _closing(container):
                around.append(container)
                if character == "{":
                    name, at = _name(text, at)
                    names.append(name)
                continue
            value, at = container, at + 1
        else:
            value, at = _scalar(text, at)
        while True:
            at = _space(text, at)
            if not around:
                if at < len(text):
                    raise NotJson
                return value
            container = around[-1]
            if isinstance(container, dict):
                container[names[-1]] = value
            else:
                container.append(value)
            if text[at : at + 1] == _closing(container):
                value, at = around.pop(), at + 1
                if isinstance(container, dict):
                    names.pop()
                continue
            if text[at : at + 1] != ",":
                raise NotJson
            at = _space(text, at + 1)
            if isinstance(container, dict):
                names[-1], at = _name(text, at)
            break


def read_event(text: str, *, domain_name: str, latest: str) -> Event | None:
    """The event in a message; None where it breaks the contract. Raises NotJson, NoNumber."""
    message = read(text)
    detail = message.get("detail") if isinstance(message, dict) else None
    if not isinstance(detail, dict) or not detail.keys() >= _REQUIRED:
        return None
    moment = _instant(detail["EventTime"])
    is_right = (
        moment is not None
        and moment <= latest
        and all(_is_text(detail.get(name), name) for name in _BYTES)
        and (detail["EventType"], detail["DomainName"]) == ("DOMAIN", domain_name)
        and _is_version(detail["Version"])
    )
    if not is_right:
        return None
    content = {name: value for name, value in detail.items() if name != "EventTime"}
    for name in ("CorrelationId", "IpAddress"):
        if content.get(name) is None:
            content.pop(name, None)
    return Event((detail["DomainId"], f"{moment}#{detail['EventId']}"), tokens(content), detail)


def extensions(detail: dict[str, Any]) -> dict[str, Any]:
    """The fields that the contract does not name."""
    return {name: value for name, value in detail.items() if name not in _ALL}


def _is_text(value: Any, name: str) -> bool:
    if value is None:
        return name not in _REQUIRED
    try:
        return isinstance(value, str) and (name == "IpAddress" or value != "") and len(value.encode()) <= _BYTES[name]
    except UnicodeEncodeError:
        return False


def _is_version(value: Any) -> bool:
    return isinstance(value, Decimal) and value.adjusted() < 38 and value == value.to_integral_value()


def _instant(value: Any) -> str | None:
    try:
        return instant(value) if isinstance(value, str) else None
    except UnreadableTime:
        return None


def _closing(container: Any) -> str:
    return "}" if isinstance(container, dict) else "]"


def _space(text: str, at: int) -> int:
    return _SPACE.match(text, at).end()  # type: ignore[union-attr]


def _name(text: str, at: int) -> tuple[str, int]:
    found = _STRING.match(text, at)
    colon = _space(text, found.end()) if found else at
    if found is None or text[colon : colon + 1] != ":":
        raise NotJson
    return json.loads(found[0]), _space(text, colon + 1)


def _scalar(text: str, at: int) -> tuple[Any, int]:
    if found := _STRING.match(text, at):
        return json.loads(found[0]), found.end()
    if found := _NUMBER.match(text, at):
        return _number(found), found.end()
    for literal, value in _LITERALS.items():
        if text.startswith(literal, at):
            return value, at + len(literal)
    raise NotJson


def _number(found: re.Match[str]) -> Decimal:
    try:
        return Decimal(found[0])
    except ArithmeticError:
        if not Decimal(found[1]):
            return Decimal(0)
        raise NoNumber from None
