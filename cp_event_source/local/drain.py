"""Sends events, and waits until every one of them is accounted for."""

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cp_event_source.deployed.counted import counted
from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.inputs.arn_patterns import event_bus_name
from cp_event_source.local.errors import EventsError, NotDrainedError
from cp_event_source.local.events_file import Entry
from cp_event_source.local.rules import hears, stores

if TYPE_CHECKING:
    from cp_event_source.handler.events.stored_event import StoredEvent
    from cp_event_source.handler.projection.rows import DomainRow

_ENTRIES_PER_CALL: Final = 10  # PutEvents' limit
_SHORTEST_PAUSE: Final = 0.1
_NAMED: Final = 5
"""How many of the stuck events and domain objects a message names."""


@dataclass(frozen=True)
class Sent:
    """An event that the bus took."""

    bus_id: str
    entry: Entry

    @property
    def identity(self) -> tuple[str | None, str | None]:
        """Identifies the event in the store. A duplicate has the same."""
        return self.entry.text("DomainId"), self.entry.text("EventId")


@dataclass(frozen=True)
class State:
    """The progress of one pipeline."""

    ingesting: int
    unaccounted: Sequence[Sent]
    """Sent, and neither stored nor quarantined."""
    behind: dict[str, tuple[int, int]]
    """Domain objects whose row does not account for all their events: events stored, events applied."""
    parked: int
    """How many domain objects are parked."""
    waiting: int
    """How many of their stored events are not in their rows."""
    stored: int
    quarantined: int
    duplicates: int
    """Events that were sent again after they were stored."""
    expired: int
    """Batches of the stream that were given up."""
    revisions: frozenset[str]
    """The rows' current revisions: they change with every write."""

    @property
    def drained(self) -> bool:
        return not (self.ingesting or self.unaccounted or self.behind)

    @property
    def aside(self) -> list[str]:
        """What is parked, waits, was quarantined or given up, for people; empty if all that was sent is in a row."""
        parts = []
        if self.quarantined:
            parts.append(f"{self.quarantined} quarantined")
        if self.parked:
            parts.append(f"{counted(self.parked, 'object')} parked")
        if self.waiting:
            parts.append(f"{counted(self.waiting, 'event')} waiting")
        if self.expired:
            parts.append(f"{counted(self.expired, 'batch', 'batches')} given up")
        return parts

    def __str__(self) -> str:
        """The state for people. It says "all projected" only if everything that was sent is in a row."""
        parts = [f"{self.stored} stored"]
        if self.duplicates:
            parts.append(counted(self.duplicates, "duplicate"))
        if self.ingesting or self.unaccounted:
            parts.append(f"{max(self.ingesting, len(self.unaccounted))} not stored yet")
        if self.behind:
            parts.append(f"{counted(len(self.behind), 'object')} not projected yet")
        parts += self.aside
        if self.stored and self.drained and not self.aside:
            parts.append("all projected")
        return ", ".join(parts)


@dataclass
class Traffic:
    """The events that were sent to one pipeline, and their progress."""

    pipeline: Pipeline
    sent: list[Sent] = field(default_factory=list)
    _quarantined_ids: set[str] = field(default_factory=set)
    _quarantined_count: int = -1

    def look(self) -> State:
        """The pipeline's state now."""
        # In the order of the flow, so that no event can move on between two reads unseen.
        ingesting = self.pipeline.ingesting()
        quarantined = self._read_quarantine()
        events = self.pipeline.events()
        rows = self.pipeline.rows()

        bus_ids = {_stored_bus_id(event) for event in events}
        identities = {(event.domain_id, event.event_id) for event in events}
        others = [sent for sent in self.sent if sent.bus_id not in bus_ids and sent.bus_id not in self._quarantined_ids]
        unaccounted = [sent for sent in others if sent.identity not in identities]
        keys: dict[str, list[str]] = {}
        for event in events:
            keys.setdefault(event.domain_id, []).append(event.key)
        behind = {
            domain_id: (len(stored), rows[domain_id].state.applied.count if domain_id in rows else 0)
            for domain_id, stored in keys.items()
            if not _accounts_for(rows.get(domain_id), stored)
        }
        parked = {domain_id: row.state.applied.count for domain_id, row in rows.items() if row.parked}
        return State(
            ingesting=ingesting,
            unaccounted=unaccounted,
            behind=behind,
            parked=len(parked),
            waiting=sum(max(0, len(keys.get(domain_id, ())) - applied) for domain_id, applied in parked.items()),
            stored=len(events),
            quarantined=quarantined,
            duplicates=0 if ingesting else len(others) - len(unaccounted),
            expired=self.pipeline.expired_count(),
            revisions=frozenset(row.revision for row in rows.values()),
        )

    def _read_quarantine(self) -> int:
        """How many messages are quarantined. Their ids are read again only when the number has changed."""
        count = self.pipeline.quarantined_count()
        if count != self._quarantined_count:
            self._quarantined_ids = {_bus_id(message.body) for message in self.pipeline.quarantined()}
            self._quarantined_count = count
        return count


def put(pipelines: Sequence[Traffic], entries: Sequence[Entry]) -> list[Traffic | None]:
    """Put each entry on the bus that it names, or else on that of its domain's pipeline, or else on the first one's.

    Returns, for each entry, the pipeline whose rule it matches (the first of several on one bus), or None.

    Raises:
        EventsError: the bus refused an entry, or there is no bus to put it on.
    """
    if not pipelines:
        raise EventsError(
            "a program must deploy a CpEventSource to send events to; got none; deploy one, or send no events"
        )
    takers: list[Traffic | None] = []
    targets: dict[str, list[Entry]] = {}
    for entry in entries:
        taker = next((traffic for traffic in pipelines if hears(traffic.pipeline, entry)), None)
        bus = entry.bus or (taker or pipelines[0]).pipeline.bus_name
        targets.setdefault(bus, []).append(entry)
        takers.append(taker)
    client = pipelines[0].pipeline.clients("events")
    for bus, batch in targets.items():
        for start in range(0, len(batch), _ENTRIES_PER_CALL):
            part = batch[start : start + _ENTRIES_PER_CALL]
            answer = client.put_events(
                Entries=[
                    {
                        "EventBusName": bus,
                        "Source": entry.source,
                        "DetailType": entry.detail_type,
                        "Detail": entry.detail,
                    }
                    for entry in part
                ]
            )
            for entry, result in zip(part, answer["Entries"], strict=True):
                if "EventId" not in result:
                    raise EventsError(
                        f"the bus {bus} refused an event: {result.get('ErrorCode')}:"
                        f" {result.get('ErrorMessage')}. Its detail: {entry.detail[:200]}"
                    )
                # Each pipeline of the same domain on this bus stores the event.
                for traffic in pipelines:
                    if traffic.pipeline.bus_name == event_bus_name(bus) and stores(traffic.pipeline, entry):
                        traffic.sent.append(Sent(result["EventId"], entry))
    return takers


def wait_until_drained(
    traffics: Sequence[Traffic],
    *,
    patience: float,
    progress: Callable[[str], None],
    alive: Callable[[], None],
) -> None:
    """Wait until all that was sent is stored or quarantined, and every row accounts for its events.

    Args:
        patience: seconds without any change after which it gives up.
        progress: called with the state at each look.
        alive: raises an error when waiting has become useless.

    Raises:
        NotDrainedError: nothing changed in that time; the message says what is stuck, and where.
    """
    before: list[State] = []
    changed = time.monotonic()
    while True:
        started = time.monotonic()
        alive()
        states = [traffic.look() for traffic in traffics]
        progress(summary(traffics, states))
        # Twice the same state: a row can be complete for a moment while another write of it is on its way.
        if all(state.drained for state in states) and states == before:
            return
        if states != before:
            before, changed = states, time.monotonic()
        elif time.monotonic() - changed > patience:
            raise NotDrainedError(_stuck(traffics, states, patience))
        # Each look reads both tables completely: with many events, look less often.
        time.sleep(max(_SHORTEST_PAUSE, 2 * (time.monotonic() - started)))


def summary(traffics: Sequence[Traffic], states: Sequence[State]) -> str:
    """The states, each with its domain if there are several."""
    if len(states) == 1:
        return str(states[0])
    return "; ".join(f"{name}: {state}" for name, state in zip(names(traffics), states, strict=True))


def names(traffics: Sequence[Traffic]) -> list[str]:
    """What to call each pipeline: by its domain, and by its component too if another has the domain."""
    domains = Counter(traffic.pipeline.domain_name for traffic in traffics)
    return [
        f"domain {pipeline.domain_name}"
        + (f" (component {pipeline.name})" if domains[pipeline.domain_name] > 1 else "")
        for pipeline in (traffic.pipeline for traffic in traffics)
    ]


def _accounts_for(row: "DomainRow | None", stored: Sequence[str]) -> bool:
    """Whether a row holds all stored events, or is parked and knows that they wait."""
    if row is None:
        return False
    if row.parked is not None:
        return max(stored) <= max(row.parked.waiting_up_to, row.parked.event_key, row.state.checkpoint or "")
    return row.state.applied.count == len(stored)


def _stored_bus_id(event: "StoredEvent") -> str:
    """The bus's own id of a stored event; empty if the event came into the queue without a bus."""
    facts = event.item.get("Bus", {}).get("M", {})
    return str(facts.get("Id", {}).get("S", ""))


def _bus_id(body: str) -> str:
    """The bus's own id of a quarantined event; empty if the body cannot be read."""
    try:
        value = json.loads(body)
    except ValueError:
        return ""
    return str(value.get("id", "")) if isinstance(value, dict) else ""


def _stuck(traffics: Sequence[Traffic], states: Sequence[State], patience: float) -> str:
    lines = [f"Nothing has changed for {patience:g} s, and not everything is stored and projected:"]
    for traffic, state in zip(traffics, states, strict=True):
        pipeline = traffic.pipeline
        if state.drained:
            continue
        lines.append(f"- domain {pipeline.domain_name!r} (component {pipeline.name!r}): {state}")
        if state.ingesting:
            messages = counted(state.ingesting, "message")
            lines.append(f"  {messages} in the ingest queue: the persist function fails, hangs, or is too slow")
        lines += [
            f"  not stored: EventId {sent.entry.text('EventId')}, bus id {sent.bus_id}"
            for sent in state.unaccounted[:_NAMED]
        ]
        lines += [
            f"  DomainId {domain_id}: {counted(stored, 'event')} stored, {applied} in its row"
            for domain_id, (stored, applied) in list(state.behind.items())[:_NAMED]
        ]
        if state.behind:
            lines.append(
                "  The project function fails, hangs, is too slow, or reported records as failed. AWS delivers such"
                " records again, the emulator does not: send a rebuild request to fix the row."
            )
    lines.append("Run again with a longer --patience, or with --keep to look around.")
    return "\n".join(lines)
