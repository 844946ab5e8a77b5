"""Folds a part of a domain object's history here, with the states on the way."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cp_event_source.deployed.difference import Difference, differences
from cp_event_source.deployed.logic_process import Folded, Stopped, fold_in_steps
from cp_event_source.handler.events.stored_event import StoredEvent
from cp_event_source.operate.described import ERASED, UNREADABLE

Read = Callable[[], Iterable[StoredEvent]]
"""Reads the events to be folded, in EventKey order. It may be called again."""

_DIED = "the logic ends the process that folds it"


@dataclass
class States:
    """The states of one domain object while its events are folded. An instance folds once; memory holds two states."""

    domain_id: str
    folders: Sequence[Path]
    """What is first on the path, with the logic."""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    """The last state, in DynamoDB's JSON; empty if no event has made one."""
    count: int = 0
    checkpoint: str | None = None
    """The EventKey of the newest event in the last state."""
    stopped: Stopped | None = None
    """The event at which the logic failed. The last state is the one before it."""

    def fold(self, read: Read, is_step: Callable[[str], bool] = lambda _: False) -> Iterator[Sequence[StoredEvent]]:
        """Fold events until their end or until the logic fails.

        Args:
            read: the events.
            is_step: true for the keys of events that are folded one by one. All other events are before them.

        Yields:
            Some events before the steps, or the one event of a step. The last state is the one after them, or, if the
            logic has failed, before the event at which it failed.

        Raises:
            BrokenLogicError: the logic does not start.
        """
        items = (event.item for event in read())
        for part, folded in fold_in_steps(self.folders, items, lambda item: is_step(item["EventKey"]["S"])):
            events = [StoredEvent.of(item) for item in part]
            if folded is None and len(events) > 1:
                first = events[0].key
                yield from self.fold(read, first.__le__)  # to find out at which of them
                return
            self._note(events[-1], folded)
            yield events

    def changes(self, read: Read, is_step: Callable[[str], bool]) -> Iterator[tuple[StoredEvent, Sequence[Difference]]]:
        """What each event of a step changes in the state, attribute by attribute. It raises as `fold` does."""
        before = self.attributes
        for event, *_ in self.fold(read, is_step):
            if self.stopped is not None:
                return
            if is_step(event.key):
                found = differences(self.domain_id, before, self.attributes)
                yield event, [each for each in found if each.attribute != "DomainId"]
            before = self.attributes

    def _note(self, event: StoredEvent, folded: Folded | None) -> None:
        if folded is None:
            self.stopped = Stopped(event.key, event.event_id, name_of(event), _DIED, "", "")
            return
        self.attributes, self.count, self.checkpoint = folded.attributes, folded.count, folded.checkpoint
        self.stopped = folded.stopped


def name_of(event: StoredEvent) -> str:
    """The event's name, or what is known instead."""
    if event.is_erased:
        return ERASED
    name: str | None = event.item.get("EventName", {}).get("S")
    return UNREADABLE if name is None else name
