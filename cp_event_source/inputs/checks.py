"""Checks of inputs: each tells what is wrong with a value, which input it was, what was found and what to do."""

import math
import re
from collections.abc import Callable, Collection, Mapping
from inspect import isawaitable
from typing import Final, TypeGuard

import pulumi
from pulumi.output import Unknown

from . import arn_patterns

Check = Callable[[str, object], list[str]]
"""Takes an input's name and value; returns the problems, each a line that begins with the name."""

MAX_DOMAIN_NAME_LENGTH: Final = 256
"""A tag's value ends at 256 characters; a metric's dimension, an event pattern and a function's environment,
where the name stands too, hold more."""

_DOMAIN_NAME: Final = re.compile(r"[A-Za-z0-9 _.:/=+@-]+")
"""What a tag's value may hold in every service, within the ASCII that a metric's dimension may hold."""

_NAME: Final = re.compile(r"[A-Za-z0-9_-]+")
"""What the names of functions, queues, roles, rules, tables and buses may all hold."""


def raise_if_any(problems: list[str]) -> None:
    """Raise `pulumi.InputPropertiesError` with the problems, one a line; empty ones are none."""
    found = [problem for problem in problems if problem]
    if found:
        # The empty list: without one Pulumi's plugin host loses the message of an input that is checked later.
        raise pulumi.InputPropertiesError("\n".join(found), [])


def check_name(name: str, longest: int) -> None:
    """Refuse a resource name from which a child's physical name could not be made.

    Raises `pulumi.InputPropertiesError`.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        problem = (
            f"name: {name!r} cannot begin the names of functions, queues and roles; use ASCII letters, digits, - and _"
        )
    elif len(name) > longest:
        problem = (
            f"name: {name!r} has {len(name)} characters; use at most {longest}, "
            "since the names of the resources made from it are limited"
        )
    else:
        problem = ""
    raise_if_any([problem])


def unknown_inputs(given: Collection[str], known: Collection[str], *, within: str = "") -> list[str]:
    """A line for each input that there is not: a TypedDict takes any key at run time, and a mistyped `cp_event_bus`
    would quietly make a new bus."""
    return [
        f"{within}{key}: there is no such input; the inputs are {', '.join(sorted(known))}"
        for key in sorted(set(given) - set(known))
    ]


def unless_later(check: Check) -> Check:
    """The check, if the value is known now."""
    return lambda name, value: [] if comes_later(value) else check(name, value)


def comes_later(value: object) -> bool:
    """Whether the value is an output, known only when what it comes from is."""
    return isinstance(value, pulumi.Output | Unknown) or isawaitable(value)


def domain_name(name: str, value: object) -> list[str]:
    """A domain's name."""
    give = "give the name of the domain, such as 'File'"
    if value is None:
        return [f"{name}: is missing; {give}"]
    if not isinstance(value, str):
        return [f"{name}: {_shown(value)} is not a plain string; {give}"]
    if not value.strip():
        return [f"{name}: {value!r} is blank; {give}"]
    if len(value) > MAX_DOMAIN_NAME_LENGTH:
        return [f"{name}: {value[:20]!r}... has {len(value)} characters; use at most {MAX_DOMAIN_NAME_LENGTH}"]
    if value != value.strip() or not _DOMAIN_NAME.fullmatch(value):
        return [
            (
                f"{name}: {value!r} has characters that tags and metrics do not take; use ASCII letters, "
                "digits, inner spaces and _ . : / = + @ -"
            )
        ]
    return []


def logic_layer(name: str, value: object) -> list[str]:
    """A layer version's ARN."""
    if value is None:
        return [f"{name}: is missing; give a layer version's ARN, such as DomainPythonLayer(...).arn"]
    if isinstance(value, str) and arn_patterns.LAYER_VERSION.fullmatch(value):
        return []
    if isinstance(value, str) and arn_patterns.LAYER_WITHOUT_VERSION.fullmatch(value):
        return [f"{name}: {value!r} is a layer's ARN without a version; append ':' and the version"]
    return [
        (
            f"{name}: {_shown(value)} is not the ARN of a Lambda layer version "
            "(arn:aws:lambda:REGION:ACCOUNT:layer:NAME:VERSION); give one, such as DomainPythonLayer(...).arn"
        )
    ]


def event_bus(name: str, value: object) -> list[str]:
    """An event bus's name or ARN. A name has no colon, so an ARN of anything else is none."""
    if isinstance(value, str) and (
        arn_patterns.EVENT_BUS.fullmatch(value) or arn_patterns.EVENT_BUS_NAME.fullmatch(value)
    ):
        return []
    return [
        (
            f"{name}: {_shown(value)} is neither an event bus's name (1 to 256 letters, digits and / . - _) nor "
            "its ARN (arn:aws:events:REGION:ACCOUNT:event-bus/NAME); give one, or leave it out for a bus of the "
            "component's own"
        )
    ]


def publisher(name: str, value: object) -> list[str]:
    """An account, or a role or user."""
    if isinstance(value, str) and (arn_patterns.ACCOUNT.fullmatch(value) or arn_patterns.PRINCIPAL.fullmatch(value)):
        return []
    return [
        (
            f"{name}: {_shown(value)} is neither an account's number (12 digits) nor the ARN of a role or user "
            "(arn:aws:iam::ACCOUNT:role/NAME); name each publisher, * would let everybody in"
        )
    ]


def an_arn(pattern: re.Pattern[str], what: str, example: str) -> Check:
    """The ARN of something."""

    def check(name: str, value: object) -> list[str]:
        if isinstance(value, str) and pattern.fullmatch(value):
            return []
        return [f"{name}: {_shown(value)} is not the ARN of {what} ({example}); give one"]

    return check


def text(what: str) -> Check:
    """Text that is not empty."""

    def check(name: str, value: object) -> list[str]:
        if isinstance(value, str) and value:
            return []
        return [f"{name}: {_shown(value)} is not {what}; give it"]

    return check


def whole_number(least: int, greatest: int, unit: str, *, that_is: str = "") -> Check:
    """A whole number within limits. Over gRPC numbers come as floats."""

    def check(name: str, value: object) -> list[str]:
        if _is_number(value) and least <= value <= greatest and value == math.floor(value):
            return []
        return [
            f"{name}: {_shown(value)} is not a whole number of {unit} from {least} to {greatest}{that_is}; give one"
        ]

    return check


def one_of(numbers: Collection[int], why: str) -> Check:
    """One of some numbers."""

    def check(name: str, value: object) -> list[str]:
        if _is_number(value) and value in numbers:
            return []
        return [f"{name}: {_shown(value)} is not one of {', '.join(map(str, numbers))}, {why}; give one of them"]

    return check


def flag(name: str, value: object) -> list[str]:
    """True or false."""
    return [] if isinstance(value, bool) else [f"{name}: {_shown(value)} is not true or false; give one of them"]


def tags(name: str, value: object) -> list[str]:
    """A dictionary of texts, by text."""
    if not isinstance(value, Mapping) or not _has_text_keys(value):
        return [f"{name}: {_shown(value)} is not a dictionary with strings for keys; give one"]
    return [
        f"{name}: {key}: {_shown(text)} is not a string; give one"
        for key, text in value.items()
        if not (isinstance(text, str) or comes_later(text))
    ]


def thresholds(known: Collection[str]) -> Check:
    """Numbers, by the names of alarms."""

    def check(name: str, value: object) -> list[str]:
        if not isinstance(value, Mapping) or not _has_text_keys(value):
            return [f"{name}: {_shown(value)} is not a dictionary of numbers by alarms' names; give one"]
        unknown = [
            f"{name}: there is no alarm {alarm!r}; the alarms are {', '.join(sorted(known))}"
            for alarm in sorted(value.keys() - set(known))
        ]
        bad = [
            f"{name}: {alarm}: {_shown(threshold)} is not a number from 0; give one"
            for alarm, threshold in value.items()
            if not (_is_number(threshold) and 0 <= threshold < math.inf)
        ]
        return unknown + bad

    return check


def each(check: Check, what: str, most: int) -> Check:
    """A list of values, each of which is checked, as far as it is known now."""

    def check_list(name: str, value: object) -> list[str]:
        if not isinstance(value, list | tuple):
            return [f"{name}: {_shown(value)} is not a list of {what}; give one"]
        if len(value) > most:
            return [f"{name}: has {len(value)} {what}; give at most {most}"]
        return [problem for place, it in enumerate(value) for problem in unless_later(check)(f"{name}[{place}]", it)]

    return check_list


def fields(checks: Mapping[str, Check], what: str) -> Check:
    """A dictionary that has each of some fields, and no other."""

    def check_fields(name: str, value: object) -> list[str]:
        if not isinstance(value, Mapping) or not _has_text_keys(value):
            return [f"{name}: {_shown(value)} is not {what}; give {', '.join(checks)}"]
        return [
            *unknown_inputs(value.keys(), checks.keys(), within=f"{name}."),
            *(
                problem
                for field, check in checks.items()
                for problem in unless_later(check)(f"{name}.{field}", value.get(field))
            ),
        ]

    return check_fields


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _has_text_keys(value: object) -> bool:
    return isinstance(value, Mapping) and all(isinstance(key, str) for key in value)


def _shown(value: object) -> str:
    if isinstance(value, pulumi.Resource):
        return f"a resource ({type(value).__name__})"
    if isinstance(value, pulumi.Output):
        return "an output, known only later,"
    shown = repr(value)
    return shown if len(shown) <= 100 else f"{shown[:100]}..."
