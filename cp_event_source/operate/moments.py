"""Moments in the history of a domain object: times, events, its start and its end."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import typer

from cp_event_source.deployed.errors import CommandError
from cp_event_source.handler.events.key_set import Span, key_of
from cp_event_source.handler.projection.notes import is_event_key
from cp_event_source.handler.projection.stores import EventStore
from cp_event_source.operate.times import instant_of, up_to

_START: Final = "start"
_NOW: Final = "now"
_LAST: Final = chr(0x10FFFF)
"""Sorts after all EventKeys."""


@dataclass(frozen=True)
class Moment:
    """A moment between two events of a domain object."""

    text: str
    """What it is, for people."""
    position: str
    includes_position: bool = False
    """True if an event with this very key is before the moment."""

    @classmethod
    def at(cls, instant: str) -> "Moment":
        """The moment after all events of an instant."""
        return cls(instant, up_to(instant).before or "")

    @classmethod
    def after(cls, key: str) -> "Moment":
        """The moment after the event with a key."""
        return cls(key, key, includes_position=True)

    def includes(self, key: str) -> bool:
        """True if an event is before the moment."""
        return key < self.position or (self.includes_position and key == self.position)

    def is_before(self, other: "Moment") -> bool:
        """True if there may be events between the two."""
        return (self.position, self.includes_position) < (other.position, other.includes_position)

    @property
    def span(self) -> Span:
        """The events before the moment, which is not the start."""
        if self.position == _LAST:
            return Span()
        return Span(up_to=self.position) if self.includes_position else Span(before=self.position)


START: Final = Moment(_START, "")
NOW: Final = Moment(_NOW, _LAST)


def moments(option: str, texts: Iterable[str], table: EventStore, domain_id: str) -> list[Moment]:
    """The moments that texts name: a time, the EventId or the EventKey of a stored event, `start` or `now`.

    It reads the keys of the history if a text may be an EventId.

    Args:
        option: the option that has the texts.
        texts: the texts.
        table: the events.
        domain_id: the domain object.

    Raises:
        CommandError: no event has the id, or several have it.
    """
    texts = list(texts)
    known = {text: _without_reading(text) for text in texts}
    found = _keys_of({text for text, moment in known.items() if moment is None}, table, domain_id)
    return [known[text] or _only_one(option, text, found[text], domain_id) for text in texts]


def event_moment(option: str, text: str, table: EventStore, domain_id: str) -> Moment:
    """The moment after the event with an EventId or an EventKey. Raises as `moments` does."""
    return _only_one(option, text, _keys_of({text}, table, domain_id)[text], domain_id)


def _without_reading(text: str) -> Moment | None:
    if text in {_START, _NOW}:
        return START if text == _START else NOW
    try:
        instant = instant_of(text)
    except typer.BadParameter:
        return None
    return Moment.at(instant) if instant is not None else None


def _keys_of(texts: set[str], table: EventStore, domain_id: str) -> Mapping[str, list[str]]:
    """By text, the keys of the events that it names: at most three."""
    found: dict[str, list[str]] = {text: [] for text in texts}
    if not texts:
        return found
    for counted in table.keys(domain_id, Span()):
        key = key_of(counted)
        for text in {key, key.partition("#")[2]} & texts:
            if len(found[text]) < _MOST_NAMED:
                found[text].append(key)
    return found


_MOST_NAMED: Final = 3


def _only_one(option: str, text: str, keys: list[str], domain_id: str) -> Moment:
    if not keys:
        kind = "EventKey" if is_event_key(text) else "EventId"
        raise CommandError(
            f"{option}: must name an event of {domain_id!r}; found none with the {kind} {text!r};"
            " `cp-event-source history` lists them"
        )
    if len(keys) > 1:
        raise CommandError(
            f"{option}: must name one event; the EventId {text!r} is stored at several times: {', '.join(keys)}; give"
            " one of these EventKeys"
        )
    return Moment.after(keys[0])
