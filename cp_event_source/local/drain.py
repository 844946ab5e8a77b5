"""Sending events, and waiting until every one of them is accounted for."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cp_event_source.local.errors import EventsError, NotDrainedError
from cp_event_source.local.events_file import Entry
from cp_event_source.local.pipeline import Pipeline

if TYPE_CHECKING:
    from cp_event_source.handler_code import domain_row, stored_event

_ENTRIES_PER_CALL: Final = 10  # PutEvents' limit
_SHORTEST_PAUSE: Final = 0.1
_NAMED: Final = 5
"""How many of the stuck events and domains a message names; the others are counted."""


@dataclass(frozen=True)
class Sent:
    """An event that the bus took."""

    bus_id: str
    entry: Entry

    @property
    def identity(self) -> tuple[str | None, str | None]:
        """What tells it from others in the store. A duplicate shares it."""
        return self.entry.text("DomainId"), self.entry.text("EventId")


@dataclass(frozen=True)
class State:
    """How far one pipeline is."""

    ingesting: int
    unaccounted: Sequence[Sent]
    """Sent, and neither stored nor quarantined."""
    behind: dict[str, tuple[int, int]]
    """Domains whose row does not account for all their events: events stored, events applied."""
    stored: int
    quarantined: int
    duplicates: int
    """Sent again after being stored."""
    revisions: frozenset[str]
    """The rows' current versions: they change with every write."""

    @property
    def drained(self) -> bool:
        return not (self.ingesting or self.unaccounted or self.behind)

    def __str__(self) -> str:
        parts = [f"{self.stored} stored"]
        if self.duplicates:
            parts.append(f"{self.duplicates} duplicate{'s' if self.duplicates > 1 else ''}")
        if self.quarantined:
            parts.append(f"{self.quarantined} quarantined")
        if self.drained:
            return ", ".join([*parts, "all projected"])
        if self.ingesting or self.unaccounted:
            parts.append(f"{max(self.ingesting, len(self.unaccounted))} on their way")
        if self.behind:
            parts.append(f"{len(self.behind)} domains behind")
        return ", ".join(parts)


@dataclass
class Traffic:
    """What was sent to one pipeline, and what has become of it."""

    pipeline: Pipeline
    sent: list[Sent] = field(default_factory=list)
    _quarantined_ids: set[str] = field(default_factory=set)
    _quarantined_count: int = -1

    def look(self) -> State:
        """The pipeline's state now."""
        # In the order of the flow, so that an event cannot slip past between two reads.
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
        revisions = frozenset(row.revision for row in rows.values())
        duplicates = 0 if ingesting else len(others) - len(unaccounted)
        return State(ingesting, unaccounted, behind, len(events), quarantined, duplicates, revisions)

    def _read_quarantine(self) -> int:
        """How many messages are quarantined; their ids are read anew only when that has changed."""
        count = self.pipeline.quarantined_count()
        if count != self._quarantined_count:
            self._quarantined_ids = {_bus_id(message.body) for message in self.pipeline.quarantined()}
            self._quarantined_count = count
        return count


def put(pipelines: Sequence[Traffic], entries: Sequence[Entry]) -> list[Traffic | None]:
    """Put each entry on the bus that it names, or else on that of its domain's pipeline, or else on the first one's.

    Returns, for each entry, the pipeline that a rule lets it through to; None when there is none.

    Raises:
        EventsError: the bus refused an entry, or there is no bus to put it on.
    """
    if not pipelines:
        raise EventsError("no CpEventSource in what was deployed, so there is no bus to send events to")
    takers: list[Traffic | None] = []
    targets: dict[str, list[tuple[Entry, Traffic | None]]] = {}
    for entry in entries:
        taker = next((traffic for traffic in pipelines if _hears(traffic.pipeline, entry)), None)
        bus = entry.bus or (taker or pipelines[0]).pipeline.bus_name
        targets.setdefault(bus, []).append((entry, taker))
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
                    for entry, _ in part
                ]
            )
            for (entry, taker), result in zip(part, answer["Entries"], strict=True):
                if "EventId" not in result:
                    raise EventsError(
                        f"the bus {bus} refused an event: {result.get('ErrorCode')}:"
                        f" {result.get('ErrorMessage')}. Its detail: {entry.detail[:200]}"
                    )
                if taker is not None and taker.pipeline.stores(entry):
                    taker.sent.append(Sent(result["EventId"], entry))
    return takers


def _hears(pipeline: Pipeline, entry: Entry) -> bool:
    """Whether one of the pipeline's rules lets the entry through."""
    on_its_bus = entry.bus in (None, pipeline.bus_name)
    return on_its_bus and (pipeline.stores(entry) or pipeline.rebuilds(entry))


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
        progress: told the state at each look.
        alive: raises when waiting has become pointless.

    Raises:
        NotDrainedError: nothing changed for so long; the message says what is stuck, and where.
    """
    before: list[State] = []
    changed = time.monotonic()
    while True:
        started = time.monotonic()
        alive()
        states = [traffic.look() for traffic in traffics]
        progress("; ".join(map(str, states)))
        # Twice the same: a row can be complete for a moment while another write of it is on its way.
        if all(state.drained for state in states) and states == before:
            return
        if states != before:
            before, changed = states, time.monotonic()
        elif time.monotonic() - changed > patience:
            raise NotDrainedError(_stuck(traffics, states, patience))
        # Looking reads both tables whole: with many events, look less often.
        time.sleep(max(_SHORTEST_PAUSE, 2 * (time.monotonic() - started)))


def _accounts_for(row: "domain_row.DomainRow | None", stored: Sequence[str]) -> bool:
    """Whether a row holds all stored events, or is parked and knows that they wait."""
    if row is None:
        return False
    if row.parked is not None:
        return max(stored) <= max(row.parked.waiting_up_to, row.parked.event_key, row.state.checkpoint or "")
    return row.state.applied.count == len(stored)


def _stored_bus_id(event: "stored_event.StoredEvent") -> str:
    """The bus's own id of a stored event; empty when it came into the queue without a bus."""
    facts = event.item.get("Bus", {}).get("M", {})
    return str(facts.get("Id", {}).get("S", ""))


def _bus_id(body: str) -> str:
    """The bus's own id of a quarantined event; empty when the body cannot be read."""
    try:
        value = json.loads(body)
    except ValueError:
        return ""
    return str(value.get("id", "")) if isinstance(value, dict) else ""


def _stuck(traffics: Sequence[Traffic], states: Sequence[State], patience: float) -> str:
    lines = [f"Nothing has changed for {patience:g} s, and not everything is accounted for:"]
    for traffic, state in zip(traffics, states, strict=True):
        pipeline = traffic.pipeline
        if state.drained:
            continue
        lines.append(f"- domain {pipeline.domain_name!r} (component {pipeline.name!r}): {state}")
        if state.ingesting:
            lines.append(f"  {state.ingesting} messages stay in the ingest queue: the persist function fails or hangs")
        lines += [
            f"  not stored: EventId {sent.entry.text('EventId')}, bus id {sent.bus_id}"
            for sent in state.unaccounted[:_NAMED]
        ]
        lines += [
            f"  DomainId {domain_id}: {stored} events stored, {applied} in its row"
            for domain_id, (stored, applied) in list(state.behind.items())[:_NAMED]
        ]
        if state.behind:
            lines.append(
                "  The project function fails, hangs, or reported records as failed (on AWS they are delivered"
                " again; the emulator takes a batch with such records as done, and a rebuild request mends the row)."
            )
    lines.append("See the functions' output below, or run again with --keep to look at it all.")
    return "\n".join(lines)
