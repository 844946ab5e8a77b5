"""The one write of a decision, and how it can end."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from typing import Protocol

from cp_event_source.handler.events.key_set import Span, key_of
from cp_event_source.handler.events.stored_event import StoredEvent
from cp_event_source.handler.projection.rows import DomainRow
from cp_event_source.handler.projection.stores import EventStore


class Busy(Exception):
    """The transaction was refused, since others write the row at the moment."""


class Throttled(Busy):
    """The transaction was refused, since the tables are throttled."""


class NoReply(Exception):
    """It is not known if the transaction was or will be carried out: of a request that was sent, there is no reply."""


class ItemsRefused(Exception):
    """The tables can never hold these items. The message is DynamoDB's."""


class Transactions(Protocol):
    """Writes events and their row in one transaction."""

    def write(self, events: Sequence[StoredEvent], row: DomainRow, *, replacing: DomainRow | None) -> None:
        """Append events, and write the row that holds them, if the keys are free and the table holds `replacing`.

        The same arguments are the same transaction: it is carried out once, however often it is sent.

        Raises:
            RowChanged: the table no longer holds `replacing`, or a key is taken. This transaction will never be carried
                out from now on; an earlier request may have been.
            Busy, Throttled, NoReply, ItemsRefused: as above.
        """


@dataclass(frozen=True, slots=True)
class WithEvents:
    """The event store as it will be once these events are appended."""

    stored: EventStore
    events: Sequence[StoredEvent]
    """In EventKey order."""

    def read(self, domain_id: str, span: Span) -> Iterable[StoredEvent]:
        return merge(self.stored.read(domain_id, span), self._within(span), key=lambda event: event.key)

    def keys(self, domain_id: str, span: Span) -> Iterable[str]:
        added = (event.counted for event in self._within(span))
        return merge(self.stored.keys(domain_id, span), added, key=key_of)

    def _within(self, span: Span) -> Iterator[StoredEvent]:
        for event in self.events:
            begins = event.key >= span.start if span.after is None else event.key > span.after
            ends = (span.before is None or event.key < span.before) and (span.up_to is None or event.key <= span.up_to)
            if begins and ends:
                yield event
