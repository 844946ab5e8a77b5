"""The options that limit a command to a time."""

from typing import Annotated, Final

import typer

from cp_event_source.handler.events.domain_event import ContractViolation, check_field
from cp_event_source.handler.events.key_set import Span

_LATER_THAN_ALL_IDS: Final = "$"
"""Sorts after the `#` that separates an EventKey's time from its id."""


def instant_of(text: str | None) -> str | None:
    """The instant of a time as the contract has it, so that it sorts among EventKeys.

    Raises:
        typer.BadParameter: it is no time.
    """
    if text is None:
        return None
    try:
        instant: str = check_field("EventTime", f"{text}T00:00:00Z" if len(text) == len("2026-03-01") else text)
    except ContractViolation as error:
        raise typer.BadParameter(
            f"{error.violations[0].rule}, or a date; got {text!r}; such as 2026-03-01 or 2026-03-01T09:00:00Z"
        ) from error
    return instant


Since = Annotated[
    str | None,
    typer.Option("--since", callback=instant_of, metavar="TIME", help="Only events at or after this EventTime."),
]
Until = Annotated[
    str | None,
    typer.Option("--until", callback=instant_of, metavar="TIME", help="Only events before this EventTime."),
]


def span_of(since: str | None, until: str | None) -> Span:
    """The EventKeys from one instant on and before another one.

    Raises:
        typer.BadParameter: there is no time between them.
    """
    if since and until and since >= until:
        raise typer.BadParameter(f"--since: must be before --until; got {since} and {until}")
    return Span(start=since or "", before=until)


def up_to(instant: str) -> Span:
    """The EventKeys at or before an instant."""
    return Span(before=f"{instant}{_LATER_THAN_ALL_IDS}")
