"""Appends stored events to the domain events table: several objects at a time, each object's events in order."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Final, TypeVar

import typer

from cp_event_source.handler.aws.events_table import Appended, EventsTable, ItemRefused
from cp_event_source.handler.events.stored_event import DECIDED
from cp_event_source.handler.values.attribute_value import Item
from cp_event_source.operate.pace import Pace

DEFAULT_WRITE_UNITS: Final = 500.0
"""An eighth of what a new on-demand table takes, and half of what one object takes: live traffic has the rest, and the
projection keeps up."""

WriteUnits = Annotated[
    float, typer.Option("--write-units", min=1, metavar="N", help="At most this many write units a second.")
]

_WRITERS: Final = 16


Key = TypeVar("Key", bound=Hashable)
Result = TypeVar("Result")


class Writers:
    """Threads that append events. A context manager: when it ends, no thread writes any more.

    Args:
        table: the table.
        pace: what its client pays by.
    """

    def __init__(self, table: EventsTable, pace: Pace) -> None:
        self._table = table
        self._pace = pace
        self._pool = ThreadPoolExecutor(_WRITERS)
        self._stopped = False

    def __enter__(self) -> "Writers":
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped = self._pace.is_stopped = True
        self._pool.shutdown(cancel_futures=True)

    def append(self, items: Iterable[tuple[Key, Item]]) -> dict[Key, Appended | ItemRefused]:
        """Append events; returns what became of each, by the key that the caller gave it.

        Args:
            items: the events with their keys. Those of one domain object are written in this order.

        Raises:
            botocore.exceptions.ClientError: the table cannot be written now; some events may be.
        """
        given = dict(items)
        keys = {id(item): key for key, item in given.items()}
        outcomes: dict[Key, Appended | ItemRefused] = {}
        for part in self.each_object(given.values(), self._append):
            outcomes |= {keys[id(item)]: outcome for item, outcome in part}
        return outcomes

    def each_object(self, items: Iterable[Item], work: Callable[[Sequence[Item]], Result]) -> Iterator[Result]:
        """Do some work for the items of each domain object, which come in their order, several objects at a time."""
        groups: dict[str, list[Item]] = {}
        for item in items:
            groups.setdefault(item["DomainId"]["S"], []).append(item)
        return self._pool.map(work, groups.values())

    def _append(self, items: Sequence[Item]) -> list[tuple[Item, Appended | ItemRefused]]:
        outcomes: list[tuple[Item, Appended | ItemRefused]] = []
        for item in items:
            if self._stopped:
                break
            try:
                outcomes.append((item, self._table.append(_undecided(item))))
            except ItemRefused as error:
                outcomes.append((item, error))
        return outcomes


def _undecided(item: Item) -> Item:
    """The event without the mark of a decision. This append does not write the row, so the stream must bring it."""
    return {name: value for name, value in item.items() if name != DECIDED} if DECIDED in item else item
