"""The component's inputs, and the checks that stop a bad one before anything is deployed."""

import re
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from inspect import isawaitable
from typing import Final, NotRequired, TypedDict

import pulumi

from . import arns

DEFAULT_MAX_FUTURE_SKEW_SECONDS: Final = 600

MAX_FUTURE_SKEW_LIMIT_SECONDS: Final = 10 * 365 * 24 * 3600
"""Ten years: beyond what any clock is wrong by, and far from the year 9999, where times that can be ordered end."""

DEFAULT_EVENTS_PER_SNAPSHOT: Final = 100

MIN_EVENTS_PER_SNAPSHOT: Final = 10
"""Below it a snapshot, a write of a row's size, costs more than a tenth of a write for each event, and spares reads
that one page of a query holds anyway."""

MAX_EVENTS_PER_SNAPSHOT: Final = 10_000
"""20,000 events to read for one that is a single place late: with more, late events cost what snapshots are there
to spare."""

MAX_NAME_LENGTH: Final = 43
"""Names of functions, roles and rules end at 64 characters, and the longest suffix among theirs is
`-persist-role`; queues, with longer suffixes, end at 80; automatic naming adds eight characters."""

MAX_DOMAIN_NAME_LENGTH: Final = 256
"""A tag's value ends at 256 characters; a metric's dimension, an event pattern and a function's environment,
where the name stands too, hold more."""

_NAME: Final = re.compile(r"[A-Za-z0-9_-]+")
"""What the names of functions, queues, roles, rules, tables and buses may all hold."""

_DOMAIN_NAME: Final = re.compile(r"[A-Za-z0-9 _.:/=+@-]+")
"""What a tag's value may hold in every service, within the ASCII that a metric's dimension may hold."""


class CpEventSourceArgs(TypedDict):
    """The inputs of `CpEventSource`."""

    cp_domain_name: str
    """Name of the domain, for example `File`: events whose `DomainName` equals it are processed. 1 to 256
    characters: ASCII letters, digits, inner spaces and `_ . : / = + @ -`."""

    cp_domain_logic_layer: pulumi.Input[str]
    """ARN of the Lambda layer version that holds `python/domain_handler.py`, for example
    `DomainPythonLayer(...).arn`. It runs on Python 3.14 and arm64: packages with compiled code in the layer
    must fit."""

    cp_event_bus: NotRequired[pulumi.Input[str]]
    """Name or ARN of the event bus to attach to, in the account and region that the component is deployed to
    (`default` is the account's default bus). Without it the component makes a bus of its own."""

    max_future_skew_seconds: NotRequired[int]
    """How far, in whole seconds, an event's `EventTime` may lie in the future; an event later than that is
    quarantined. 0 to 315,360,000 (ten years); default 600."""

    events_per_snapshot: NotRequired[int]
    """Every how many events of a domain object its state is kept: an event that arrives `d` places behind the
    newest one reads at most `2 * d + 2 * events_per_snapshot` events, however long the history, once there are
    snapshots of the current logic. Smaller: late events are cheaper, for one more write of a row's size per so
    many events. A whole number from 10 to 10,000; default 100."""

    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Tags for every resource that can be tagged, besides the component's own `cp-event-source:component` and
    `cp-event-source:domain`."""


@dataclass(frozen=True)
class Settings:
    """The inputs, checked. Those that become known later are checked when they do."""

    domain_name: str
    logic_layer: pulumi.Output[str]
    event_bus: pulumi.Output[str] | None
    max_future_skew_seconds: int
    events_per_snapshot: int
    tags: dict[str, pulumi.Input[str]]


def settings_from(args: CpEventSourceArgs) -> Settings:
    """The checked settings.

    Raises `pulumi.InputPropertiesError`, its message a line for every bad input.
    """
    logic_layer = args.get("cp_domain_logic_layer")
    event_bus = args.get("cp_event_bus")
    skew = args.get("max_future_skew_seconds")
    events_per_snapshot = args.get("events_per_snapshot")
    tags = args.get("tags")
    raise_if_any(
        [
            *_unknown_inputs(args.keys()),
            _domain_name_problem(args.get("cp_domain_name")),
            "" if _comes_later(logic_layer) else _logic_layer_problem(logic_layer),
            "" if event_bus is None or _comes_later(event_bus) else _event_bus_problem(event_bus),
            "" if skew is None else _skew_problem(skew),
            "" if events_per_snapshot is None else _events_per_snapshot_problem(events_per_snapshot),
            "" if tags is None else _tags_problem(tags),
        ]
    )
    return Settings(
        domain_name=args["cp_domain_name"],
        logic_layer=_checked_later(args["cp_domain_logic_layer"], _logic_layer_problem),
        event_bus=None if event_bus is None else _checked_later(event_bus, _event_bus_problem),
        # Over gRPC, where every number is a float, 600 arrives as 600.0.
        max_future_skew_seconds=DEFAULT_MAX_FUTURE_SKEW_SECONDS if skew is None else int(skew),
        events_per_snapshot=DEFAULT_EVENTS_PER_SNAPSHOT if events_per_snapshot is None else int(events_per_snapshot),
        tags=dict(tags or {}),
    )


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


def raise_if_any(problems: list[str]) -> None:
    """Raise `pulumi.InputPropertiesError` with the problems, one a line; empty ones are none."""
    found = [problem for problem in problems if problem]
    if found:
        raise pulumi.InputPropertiesError("\n".join(found))


def _unknown_inputs(given: Set[str]) -> list[str]:
    # A TypedDict takes any key at run time, and a mistyped cp_event_bus would quietly make a new bus.
    known = CpEventSourceArgs.__required_keys__ | CpEventSourceArgs.__optional_keys__
    return [
        f"{key}: there is no such input; the inputs are {', '.join(sorted(known))}" for key in sorted(given - known)
    ]


def _domain_name_problem(value: object) -> str:
    if value is None:
        return "cp_domain_name: is missing; give the name of the domain, such as 'File'"
    if not isinstance(value, str):
        return f"cp_domain_name: {_shown(value)} is not a plain string; give the name of the domain, such as 'File'"
    if not value.strip():
        return f"cp_domain_name: {value!r} is blank; give the name of the domain, such as 'File'"
    if len(value) > MAX_DOMAIN_NAME_LENGTH:
        return f"cp_domain_name: {value[:20]!r}... has {len(value)} characters; use at most {MAX_DOMAIN_NAME_LENGTH}"
    if value != value.strip() or not _DOMAIN_NAME.fullmatch(value):
        return (
            f"cp_domain_name: {value!r} has characters that tags and metrics do not take; use ASCII letters, "
            "digits, inner spaces and _ . : / = + @ -"
        )
    return ""


def _logic_layer_problem(value: object) -> str:
    if value is None:
        return "cp_domain_logic_layer: is missing; give a layer version's ARN, such as DomainPythonLayer(...).arn"
    if isinstance(value, str) and arns.LAYER_VERSION.fullmatch(value):
        return ""
    if isinstance(value, str) and arns.LAYER_WITHOUT_VERSION.fullmatch(value):
        return f"cp_domain_logic_layer: {value!r} is a layer's ARN without a version; append ':' and the version"
    return (
        f"cp_domain_logic_layer: {_shown(value)} is not the ARN of a Lambda layer version "
        "(arn:aws:lambda:REGION:ACCOUNT:layer:NAME:VERSION); give one, such as DomainPythonLayer(...).arn"
    )


def _event_bus_problem(value: object) -> str:
    if isinstance(value, str) and (
        arns.EVENT_BUS.fullmatch(value)
        # A name has no colon, so an ARN of anything else fails here.
        or arns.EVENT_BUS_NAME.fullmatch(value)
    ):
        return ""
    return (
        f"cp_event_bus: {_shown(value)} is neither an event bus's name (1 to 256 letters, digits and / . - _) nor "
        "its ARN (arn:aws:events:REGION:ACCOUNT:event-bus/NAME); give one, or leave it out for a bus of the "
        "component's own"
    )


def _skew_problem(value: object) -> str:
    if _is_whole_number(value, 0, MAX_FUTURE_SKEW_LIMIT_SECONDS):
        return ""
    return (
        f"max_future_skew_seconds: {_shown(value)} is not a whole number of seconds from 0 to "
        f"{MAX_FUTURE_SKEW_LIMIT_SECONDS} (ten years); give one"
    )


def _events_per_snapshot_problem(value: object) -> str:
    if _is_whole_number(value, MIN_EVENTS_PER_SNAPSHOT, MAX_EVENTS_PER_SNAPSHOT):
        return ""
    return (
        f"events_per_snapshot: {_shown(value)} is not a whole number of events from {MIN_EVENTS_PER_SNAPSHOT} to "
        f"{MAX_EVENTS_PER_SNAPSHOT}; give one"
    )


def _is_whole_number(value: object, least: int, greatest: int) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return least <= value <= greatest and value == value // 1


def _tags_problem(value: object) -> str:
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return ""
    return f"tags: {_shown(value)} is not a dictionary with strings for keys; give one"


def _comes_later(value: object) -> bool:
    return isinstance(value, pulumi.Output) or isawaitable(value)


def _checked_later(value: pulumi.Input[str], problem: Callable[[object], str]) -> pulumi.Output[str]:
    def check(known: str) -> str:
        raise_if_any([problem(known)])
        return known

    return pulumi.Output.from_input(value).apply(check)


def _shown(value: object) -> str:
    if isinstance(value, pulumi.Resource):
        return f"a resource ({type(value).__name__})"
    if isinstance(value, pulumi.Output):
        return "an output, known only later,"
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:100]}..."
