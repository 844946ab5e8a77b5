"""The checks of inputs. Each returns its problems: which input, the rule, what was found, and what to do."""

import math
import re
from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches
from inspect import isawaitable
from typing import Final, TypeGuard

import pulumi
from pulumi.output import Unknown

from . import arn_patterns
from .domain_name import domain_name_problem
from .spelling import in_python, spelled

Check = Callable[[str, object], list[str]]
"""Takes an input's name and value; returns the problems, each a line that begins with the name."""

_NAME: Final = re.compile(r"[A-Za-z0-9_-]+")
"""What the names of functions, queues, roles, rules, tables and buses may all hold."""

MAX_ATTRIBUTE_NAME_BYTES: Final = 255

_PIPELINES_ATTRIBUTES: Final = "CpEventSource"
"""What the names of the row's attributes begin with that belong to the pipeline."""

_MAX_SHOWN_CHARACTERS: Final = 100


def raise_if_any(problems: list[str]) -> None:
    """Raise `pulumi.InputPropertiesError` with the problems, one a line, if there are any.

    The engine gets each problem with the path of its input, too.
    """
    if not problems:
        return
    lines = [spelled(problem) for problem in problems]
    errors: list[pulumi.InputPropertyErrorDetails] = []
    for line in lines:
        path, _, reason = line.partition(": ")
        errors.append({"property_path": path, "reason": reason})
    raise pulumi.InputPropertiesError("\n".join(lines), errors)


def check_name(name: str, max_length: int) -> None:
    """Refuse a resource name from which a child's physical name could not be made.

    Raises:
        pulumi.InputPropertiesError: the name is not one.
    """
    problems = []
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        problems.append(
            "name: must consist of ASCII letters, digits, - and _, since the names of functions, queues and roles "
            f"begin with it; got {name!r}"
        )
    elif len(name) > max_length:
        problems.append(
            f"name: must have at most {max_length} characters, since the names of the resources made from it are "
            f"limited; got {len(name)} ({name!r})"
        )
    raise_if_any(problems)


def unknown_inputs(given: Collection[str], known: Collection[str], *, within: str = "") -> list[str]:
    """A line for each name that is not an input's: a TypedDict takes any key at run time, and a mistyped `cp_event_bus`
    would silently make a new bus."""
    return [f"{within}{key}: {_unknown(key, known)}" for key in sorted(set(given) - set(known))]


def _unknown(key: str, known: Collection[str]) -> str:
    # Other languages write `cpEventBus`, and near is then what differs in few letters, not in their case.
    near = get_close_matches(in_python(key), known, 1)
    hint = f"did you mean {near[0]}?" if near else f"use one of {', '.join(sorted(known))}"
    return f"is not an input; {hint}"


def inputs(
    given: Mapping[str, object],
    known: Mapping[str, Check],
    *,
    required: Collection[str],
    plain: Collection[str],
    within: str = "",
) -> list[str]:
    """The problems of a component's inputs, or of an input's fields.

    Args:
        given: the inputs that are given.
        known: the check of each input that there is.
        required: those that must be given.
        plain: those that must be known at once. The others may be outputs.
        within: what their names begin with in messages, such as `functions.`.
    """
    found = unknown_inputs(given.keys(), known.keys(), within=within)
    for name, check in known.items():
        if name in given or name in required:
            found += (check if name in plain else unless_later(check))(f"{within}{name}", given.get(name))
    return found


def unless_later(check: Check) -> Check:
    """The check, if the value is known now."""
    return lambda name, value: [] if comes_later(value) else check(name, value)


def unless_any_later(check: Check) -> Check:
    """The check, if the value is known now with all that it holds. It is for values that are judged as a whole."""
    return lambda name, value: [] if _holds_later(value) else check(name, value)


def _holds_later(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(map(_holds_later, value.values()))
    return any(map(_holds_later, value)) if isinstance(value, list | tuple) else comes_later(value)


def comes_later(value: object) -> bool:
    """Whether the value is an output, known only when what it comes from is."""
    return isinstance(value, pulumi.Output | Unknown) or isawaitable(value)


def domain_name(name: str, value: object) -> list[str]:
    """A domain's name."""
    if value is None:
        return [f"{name}: must be given; got nothing; give the name of the domain, such as 'File'"]
    if not isinstance(value, str):
        return [f"{name}: must be a plain string, such as 'File'; got {shown(value)}"]
    problem = domain_name_problem(value)
    return [] if problem is None else [f"{name}: {problem}"]


def logic_layer(name: str, value: object) -> list[str]:
    """A layer version's ARN."""
    if value is None:
        return [f"{name}: must be given; got nothing; give a layer version's ARN, such as DomainPythonLayer(...).arn"]
    if isinstance(value, str) and arn_patterns.LAYER_VERSION.fullmatch(value):
        return []
    if isinstance(value, str) and arn_patterns.LAYER_WITHOUT_VERSION.fullmatch(value):
        return [f"{name}: must name a version of the layer; got {value!r}; append ':' and the version"]
    return [
        (
            f"{name}: must be the ARN of a Lambda layer version (arn:aws:lambda:REGION:ACCOUNT:layer:NAME:VERSION); "
            f"got {shown(value)}; give one, such as DomainPythonLayer(...).arn"
        )
    ]


def event_bus(name: str, value: object) -> list[str]:
    """An event bus's name or ARN. A name has no colon, so the ARN of anything else is neither."""
    forms = (arn_patterns.EVENT_BUS, arn_patterns.EVENT_BUS_NAME)
    if isinstance(value, str) and any(form.fullmatch(value) for form in forms):
        return []
    return [
        (
            f"{name}: must be an event bus's name (1 to 256 letters, digits and / . - _) or its ARN "
            f"(arn:aws:events:REGION:ACCOUNT:event-bus/NAME); got {shown(value)}; leave it out for a bus of the "
            "component's own"
        )
    ]


def publisher(name: str, value: object) -> list[str]:
    """An account, or a role or user."""
    if isinstance(value, str) and (arn_patterns.ACCOUNT.fullmatch(value) or arn_patterns.PRINCIPAL.fullmatch(value)):
        return []
    return [
        (
            f"{name}: must be an account's number (12 digits) or the ARN of a role or user "
            f"(arn:aws:iam::ACCOUNT:role/NAME); got {shown(value)}; name each publisher, since * would let everybody "
            "in"
        )
    ]


def matching(pattern: re.Pattern[str], what: str) -> Check:
    """Text of a form; `what` says of which, such as "a partition, such as aws"."""

    def check(name: str, value: object) -> list[str]:
        if isinstance(value, str) and pattern.fullmatch(value):
            return []
        return [f"{name}: must be {what}; got {shown(value)}"]

    return check


region: Final = matching(arn_patterns.REGION, "the name of a region, such as eu-central-1")


def row_attribute(name: str, value: object) -> list[str]:
    """The name of an attribute of the row that domain logic returns."""
    if not isinstance(value, str) or not is_attribute_name(value):
        rule = f"must be the name of an attribute of the row, of 1 to {MAX_ATTRIBUTE_NAME_BYTES} bytes"
    elif value == "DomainId":
        rule = "must be another attribute than DomainId, the table's own key"
    elif value.startswith(_PIPELINES_ATTRIBUTES):
        rule = f"must not begin with {_PIPELINES_ATTRIBUTES}, as the pipeline's own attributes do"
    else:
        return []
    return [f"{name}: {rule}; got {shown(value)}; name one that to_dynamo_item returns"]


def is_attribute_name(name: str) -> bool:
    """Whether DynamoDB takes the name for an attribute that it is told of."""
    return 1 <= len(name.encode(errors="surrogatepass")) <= MAX_ATTRIBUTE_NAME_BYTES


def an_arn(pattern: re.Pattern[str], what: str, example: str) -> Check:
    """An ARN; `what` says of what, such as "the ARN of an SNS topic"."""
    return matching(pattern, f"{what} ({example})")


def text(what: str) -> Check:
    """Text that is not empty."""

    def check(name: str, value: object) -> list[str]:
        if isinstance(value, str) and value:
            return []
        return [f"{name}: must be {what}; got {shown(value)}"]

    return check


def whole_number(least: int, greatest: int, unit: str, *, that_is: str = "") -> Check:
    """A whole number within limits. Over gRPC numbers arrive as floats."""

    def check(name: str, value: object) -> list[str]:
        if _is_number(value) and least <= value <= greatest and value == math.floor(value):
            return []
        return [f"{name}: must be a whole number of {unit} from {least} to {greatest}{that_is}; got {shown(value)}"]

    return check


def one_of(numbers: Collection[int], why: str) -> Check:
    """One of some numbers."""

    def check(name: str, value: object) -> list[str]:
        if _is_number(value) and value in numbers:
            return []
        return [f"{name}: must be one of {', '.join(map(str, numbers))}, {why}; got {shown(value)}"]

    return check


def one_of_texts(texts: Collection[str]) -> Check:
    """One of some texts."""

    def check(name: str, value: object) -> list[str]:
        if isinstance(value, str) and value in texts:
            return []
        return [f"{name}: must be one of {', '.join(texts)}; got {shown(value)}"]

    return check


def flag(name: str, value: object) -> list[str]:
    """A boolean."""
    return [] if isinstance(value, bool) else [f"{name}: must be a boolean; got {shown(value)}"]


def texts(name: str, value: object) -> list[str]:
    """A dictionary of texts, by text."""
    if not isinstance(value, Mapping) or not has_text_keys(value):
        return [f"{name}: must be a dictionary with strings for keys; got {shown(value)}"]
    return [
        f"{name}.{key}: must be a string; got {shown(text)}"
        for key, text in value.items()
        if not (isinstance(text, str) or comes_later(text))
    ]


def thresholds(known: Collection[str]) -> Check:
    """Numbers, by the names of alarms."""

    def check(name: str, value: object) -> list[str]:
        if not isinstance(value, Mapping) or not has_text_keys(value):
            return [f"{name}: must be a dictionary of numbers by alarms' names; got {shown(value)}"]
        unknown = [
            f"{name}.{alarm}: is not an alarm; use one of {', '.join(sorted(known))}"
            for alarm in sorted(value.keys() - set(known))
        ]
        bad = [
            f"{name}.{alarm}: must be a number of at least 0; got {shown(threshold)}"
            for alarm, threshold in value.items()
            if not (comes_later(threshold) or (_is_number(threshold) and 0 <= threshold < math.inf))
        ]
        return unknown + bad

    return check


def each(check: Check, what: str, max_length: int, *, min_length: int = 0) -> Check:
    """A list of values. The check looks at each value that is known now."""

    def check_list(name: str, value: object) -> list[str]:
        if not isinstance(value, list | tuple):
            return [f"{name}: must be a list of {what}; got {shown(value)}"]
        if len(value) > max_length:
            return [f"{name}: must have at most {max_length} {what}; got {len(value)}"]
        if len(value) < min_length:
            return [f"{name}: must have at least {min_length} of the {what}; got none; leave it out if there are none"]
        return [
            problem for position, it in enumerate(value) for problem in unless_later(check)(f"{name}[{position}]", it)
        ]

    return check_list


def fields(
    known: Mapping[str, Check], what: str, *, required: Collection[str] = (), plain: Collection[str] = ()
) -> Check:
    """A dictionary that has some fields and no other.

    Args:
        known: the check of each field that there is.
        what: what the dictionary is, for messages.
        required: the fields that must be given.
        plain: the fields that must be known at once.
    """

    def check_fields(name: str, value: object) -> list[str]:
        if not isinstance(value, Mapping) or not has_text_keys(value):
            return [f"{name}: must be {what}; got {shown(value)}"]
        given = {field: each for field, each in value.items() if each is not None}
        return inputs(given, known, required=required, plain=plain, within=f"{name}.")

    return check_fields


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def has_text_keys(value: object) -> bool:
    """Whether the value is a dictionary with only text for keys."""
    return isinstance(value, Mapping) and all(isinstance(key, str) for key in value)


def shown(value: object) -> str:
    """What was found, for a message."""
    if value is None:
        return "nothing"
    if isinstance(value, pulumi.Resource):
        return f"a resource ({type(value).__name__})"
    if isinstance(value, pulumi.Output):
        return "an output, which is known only later"
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # whole numbers come from other languages as floats
    shown = repr(value)
    return shown if len(shown) <= _MAX_SHOWN_CHARACTERS else f"{shown[:_MAX_SHOWN_CHARACTERS]}..."
