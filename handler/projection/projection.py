"""Brings domain rows up to date with delivered events, and converges whatever the order and repetition of delivery.

The projection decides on each delivery with the row that was read, and writes its decision on the condition that the
row has not changed. Otherwise it decides again with the current row. Two rules make this correct:

- A delivered event is acknowledged only after a conditional write of a row that contains it or notes that it waits, or
  if a row just read proves that it contains it. The write is necessary even if nothing else changes: it makes a
  concurrent heal fail, which may have read the store before the event was there.
- The row is read before the store, and after a lost race both are read again.

One case is not covered. A function finds no row and sends a write, and is killed before the write arrives. If a person
deletes the row in the meantime, the write can create it again without the events applied since. A rebuild fixes it.
"""

import secrets
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Final, NamedTuple

from ..events.stored_event import StoredEvent
from ..values.attribute_value import Item
from ..values.budget import UNLIMITED, Budget
from ..values.clock import Clock
from .crash_probe import CrashProbes
from .decide import Decide
from .folding import FoldConfig, FoldLimits
from .lookups import row_has
from .notes import Parked, noting_change
from .parking import Parking
from .plan import Next, Plan
from .rows import DomainRow
from .stores import ParkedNotices, Stores, write_over

MAX_LOST_RACES: Final = 20
"""After this many lost races, a domain object's events go back to the stream. In each, another writer was faster."""

_MAX_PAUSE_SECONDS: Final = 0.25
"""The maximum pause after a lost race; all of them take about 2 s. A decision locks the row for some milliseconds."""


class Contention(Exception):
    """A domain object's row changed too often to be written. The events stay in the stream."""


class Delivery(NamedTuple):
    """One domain object's records in a batch of the stream."""

    domain_id: str
    images: Sequence[Item]
    """The items of stored events: at least one, in any order, possibly with repetitions."""
    row: DomainRow | None
    """The object's row, from a strongly consistent read after the events were stored."""
    may_crash: bool = False
    """True if it is a single event that may have crashed processes."""


class Result(NamedTuple):
    """The result of a delivery: a plan that was carried out, or errors. With errors it must be delivered again."""

    delivery: Delivery
    begun: float
    """When the work on it began, in POSIX seconds."""
    plan: Plan | None = None
    errors: Sequence[Exception] = ()
    """The first error is the cause. A second one means that this process could not remove its crash probe after it."""


class _Attempt(NamedTuple):
    """A delivery whose first plan is being written."""

    delivery: Delivery
    begun: float
    plan: Plan
    written: Callable[[], DomainRow | None]
    """Returns the row that the table holds after the write."""


@dataclass(frozen=True)
class Projection:
    """Projects with one version of the domain logic."""

    stores: Stores
    notices: ParkedNotices
    config: FoldConfig
    clock: Clock
    writers: Executor
    """The threads in which rows are written."""
    process: str = field(default_factory=lambda: secrets.token_hex(4))
    """A random token of this process."""

    def project(self, deliveries: Sequence[Delivery], budget: Budget = UNLIMITED) -> Iterator[Result]:
        """Bring rows up to date with deliveries. An error of one delivery does not affect the others.

        Domain logic runs in this thread, where its time limit works; other threads write the rows. One row is written
        in this thread, since there is nothing to do meanwhile. If the events are newer than the row's checkpoint, a
        delivery costs one conditional write.

        Args:
            deliveries: deliveries of different domain objects.
            budget: the available time. Only the first delivery may have a whole invocation.

        Yields:
            A result for each delivery. Its errors may be Contention, OutOfTime, or any error of the stores.
        """
        attempts: list[_Attempt | Result] = []
        alone = len(deliveries) == 1
        for delivery in deliveries:
            attempts.append(self._begin(delivery, budget, alone=alone))
            budget = budget.shared()
        for attempt in attempts:
            yield attempt if isinstance(attempt, Result) else self._finish(attempt, budget)

    def plan(
        self,
        events: Sequence[StoredEvent],
        row: DomainRow | None,
        budget: Budget = UNLIMITED,
        *,
        notified: Parked | None = None,
        may_crash: bool = False,
    ) -> Plan:
        """Decide what to write, given a row just read. It runs domain logic and writes nothing.

        Args:
            events: the delivered events.
            row: the row just read.
            budget: the available time.
            notified: the last parking that people were notified of.
            may_crash: as in the delivery. Then it does not retry the event if the row has it, or if MAX_CRASHES
                processes crashed at it.

        Raises:
            OutOfTime: the time is over, and the work did not have a whole invocation.
        """
        ordered = sorted({event.key: event for event in events}.values(), key=lambda event: event.key)
        decided = self._decided(ordered, row, budget, may_crash=may_crash)
        after = decided.row
        if after is not None and row is not None and row.probes:
            after = replace(after, probes=self._probes.without(after.probes, {event.key for event in ordered}))
        if after is None or after.parked is None:
            return Plan(ordered, row, after, decided.snapshots, notified)
        if any(after.parked.is_same_failure(each) for each in (row.parked if row is not None else None, notified)):
            return Plan(ordered, row, after, decided.snapshots, notified)
        return Plan(ordered, row, after, decided.snapshots, after.parked, notifies=True)

    def write(self, plan: Plan) -> DomainRow | None:
        """Carry out a plan. Several threads may call it for different domain objects.

        Returns:
            The row that the table then holds: the plan's row, or the row of a faster writer.
        """
        if plan.after is None:
            return plan.before
        if plan.notifies and plan.notified is not None:
            # before the row: a notice without a parked row does less harm than a parked row without a notice
            self.notices.send(plan.after.domain_id, plan.notified)
        for slot, snapshot in plan.snapshots:  # before the row that lists them
            self.stores.snapshots.put(plan.after.domain_id, slot, snapshot)
        return write_over(self.stores.rows, plan.before, plan.after)

    def begin_probe(self, event: StoredEvent, row: DomainRow | None) -> DomainRow | None:
        """Write into the row that this process retries an event at which processes may have crashed.

        Whatever the result of the retry, either a plan writes the row without the note, or `end_probe` does.

        Returns:
            The row that the table then holds.
        """
        return self._changed(event.domain_id, row, lambda now: self._probes.noted(event, now))

    def end_probe(self, event: StoredEvent) -> None:
        """Write the row without this process's note about an event, if the note is still there."""
        row = self.stores.rows.read(event.domain_id)
        self._changed(event.domain_id, row, lambda now: self._probes.withdrawn(event, now) if now is not None else None)

    def _begin(self, delivery: Delivery, budget: Budget, *, alone: bool) -> _Attempt | Result:
        begun = self.clock.now()
        try:
            budget.check()
            events = [StoredEvent.of(image) for image in delivery.images]
            row = delivery.row
            if delivery.may_crash:
                if row is not None and row.readable and row_has(self.stores.events, row, events[0]):
                    return self._attempt(delivery, begun, Plan(events, row), alone=alone)
                row = self.begin_probe(events[0], row)
            plan = self.plan(events, row, budget, may_crash=delivery.may_crash)
            return self._attempt(delivery, begun, plan, alone=alone)
        except Exception as error:  # noqa: BLE001  an error of one delivery must not affect the others
            return self._failed(delivery, begun, error)

    def _attempt(self, delivery: Delivery, begun: float, plan: Plan, *, alone: bool) -> _Attempt:
        written = partial(self.write, plan) if alone else self.writers.submit(self.write, plan).result
        return _Attempt(delivery, begun, plan, written)

    def _finish(self, attempt: _Attempt, budget: Budget) -> Result:
        delivery = attempt.delivery
        try:
            plan = self.settle(attempt.plan, attempt.written(), budget, may_crash=delivery.may_crash)
            if delivery.may_crash and plan.after is None:  # no write has removed the note
                self.end_probe(plan.events[0])
        except Exception as error:  # noqa: BLE001  an error of one delivery must not affect the others
            return self._failed(delivery, attempt.begun, error)
        return Result(delivery, attempt.begun, plan)

    def settle(self, plan: Plan, now: DomainRow | None, budget: Budget = UNLIMITED, *, may_crash: bool = False) -> Plan:
        """Decide and write until the row that the table holds is the plan's."""
        lost = 0
        while not plan.is_carried_out(now):
            if lost == MAX_LOST_RACES:
                raise _contention()
            now = self._row_after(lost, plan.events[0].domain_id, now)
            plan = self.plan(plan.events, now, budget, notified=plan.notified, may_crash=may_crash)
            now = self.write(plan)
            lost += 1
        return plan

    def _changed(
        self, domain_id: str, row: DomainRow | None, change: Callable[[DomainRow | None], DomainRow | None]
    ) -> DomainRow | None:
        """Write what `change` makes of the row, unless that is None.

        Returns:
            The row that the table then holds.
        """
        for lost in range(MAX_LOST_RACES):
            row = self._row_after(lost, domain_id, row)
            after = change(row)
            if after is None:
                return row
            row = write_over(self.stores.rows, row, after)
            if row is not None and row.revision == after.revision:
                return row
        raise _contention()

    def _row_after(self, lost_races: int, domain_id: str, row: DomainRow | None) -> DomainRow | None:
        """The row after some lost races, of which the last one showed `row`. After the second one, a pause comes first.

        Those who lost one may not meet again. A row from before the pause would lose the next race: the object is busy.
        """
        if lost_races < 2:
            return row
        self.clock.back_off(lost_races - 1, most_seconds=_MAX_PAUSE_SECONDS)
        return self.stores.rows.read(domain_id)

    def _decided(
        self, events: Sequence[StoredEvent], row: DomainRow | None, budget: Budget, *, may_crash: bool
    ) -> Next:
        if may_crash and row is not None and row.readable:
            if row_has(self.stores.events, row, events[0]):  # looked up, not folded: a fold may crash the process
                return Next()
            if self._probes.has_crashed_enough(events[0], row):
                parked = self._parking.for_crashes(events[0], row)
                rebuilding = noting_change(row.rebuilding, parked.waiting_from, self.clock)
                return Next(row.followed_by(parked=parked, rebuilding=rebuilding))
        return self._decide.next_row(row, events, FoldLimits(budget))

    def _failed(self, delivery: Delivery, begun: float, error: Exception) -> Result:
        errors = [error]
        if delivery.may_crash:
            try:
                self.end_probe(StoredEvent.of(delivery.images[0]))
            except Exception as another:  # noqa: BLE001  the note stays, and counts as a crash in 15 minutes
                errors.append(another)
        return Result(delivery, begun, errors=errors)

    @cached_property
    def _parking(self) -> Parking:
        return Parking(self.config.version, self.clock)

    @cached_property
    def _decide(self) -> Decide:
        return Decide(self.stores, self.config, self._parking, self.clock)

    @cached_property
    def _probes(self) -> CrashProbes:
        return CrashProbes(self.config.version, self.process, self.clock)


def _contention() -> Contention:
    return Contention(f"the row changed {MAX_LOST_RACES} times during its computation; the events are delivered again")
