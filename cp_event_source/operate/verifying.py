"""Compares rows with the log: what `verify` finds.

A scan of the events table counts each object's events and compares the count and the digest with the row. Eventually
consistent reads and live traffic make some objects look wrong that are not. Those are looked at again, strongly
consistently, and what still looks wrong once more after a wait. A finding is what two such looks saw.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from cp_event_source.deployed.batches import batches
from cp_event_source.deployed.counted import counted
from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.handler.aws.domain_table import MAX_ROWS_PER_READ, DomainTable
from cp_event_source.operate.findings import Finding, Kind, finding
from cp_event_source.operate.first_look import Counted, counted_objects
from cp_event_source.operate.journal import Journal
from cp_event_source.operate.metered import Metered
from cp_event_source.operate.output import Output, Step
from cp_event_source.operate.pace import Pace
from cp_event_source.operate.reading import announce_scan
from cp_event_source.operate.scan import Page, scan
from cp_event_source.operate.second_look import KEYS_ONLY, Look, confirmed, look

DEFAULT_PATIENCE: Final = 30.0
"""Seconds between two looks: a stored event is usually in its row within one."""

_MOST_LOOKS: Final = 5
"""An object that looks wrong in another way each time is changing: its events arrive faster than it is looked at."""

_READERS: Final = 8
_AT_A_TIME: Final = 200


@dataclass
class Tally:
    """How much was verified."""

    objects: int = 0
    events: int = 0
    rows: int = 0
    parked: int = 0
    changing: int = 0
    """Objects that events arrived for during each look, so that nothing could be said."""
    unclear: int = 0
    """Parked objects whose row does not show which of many events wait. Their count is right."""


@dataclass
class Verifying:
    """Verifies the rows of one pipeline. An instance counts for one run."""

    pipeline: Pipeline
    pace: Pace
    output: Output
    patience: float = DEFAULT_PATIENCE
    tally: Tally = field(default_factory=Tally)

    def all(self, on_objects: Callable[[Sequence[str]], None] | None = None) -> Iterator[Finding]:
        """What is wrong with all objects. It reads both tables once, and objects that look wrong again.

        Args:
            on_objects: called with the ids of the objects, each once.

        Raises:
            botocore.exceptions.ClientError: a table cannot be read.
            ReadIncomplete: DynamoDB throttled the domain table for too long.
        """
        with Journal(None, {}) as with_events, Journal(None, {}) as suspects:
            count = announce_scan(self._client, self.pipeline.events_table, self.output)
            announce_scan(self._client, self.pipeline.domain_table, self.output)
            with self.output.step("Reading events", count) as step:
                events = scan(self._client, self.pipeline.events_table, self.pace, ProjectionExpression=KEYS_ONLY)
                pages = self._counting(events, step.advance)
                for some in batches(counted_objects(pages), MAX_ROWS_PER_READ):
                    suspects.add(self._looking_wrong(some))
                    ids = [each.domain_id for each in some]
                    with_events.add(ids)
                    self.tally.objects += len(ids)
                    if on_objects is not None:
                        on_objects(ids)
            with self.output.step("Reading rows", None) as step:
                for page in scan(self._client, self.pipeline.domain_table, self.pace, ProjectionExpression="DomainId"):
                    ids = [item["DomainId"]["S"] for item in page.items]
                    without_events = [domain_id for domain_id in ids if not with_events.has(domain_id)]
                    suspects.add(without_events)
                    self.tally.objects += len(without_events)
                    self.tally.rows += len(ids)
                    step.advance(len(ids))
            yield from self._settled(suspects, counts=False)

    def some(self, domain_ids: Iterable[str]) -> Iterator[Finding]:
        """What is wrong with some objects, each of which is looked at strongly consistently.

        Raises:
            botocore.exceptions.ClientError: a table cannot be read.
        """
        with Journal(None, {}) as suspects:
            suspects.add(domain_ids)
            self.tally.objects += suspects.count()
            yield from self._settled(suspects, counts=True)

    def _counting(self, pages: Iterable[Page], advance: Callable[[int], None]) -> Iterator[Page]:
        for page in pages:
            self.tally.events += len(page.items)
            advance(len(page.items))
            yield page

    def _looking_wrong(self, some: Sequence[Counted]) -> list[str]:
        rows = {}
        for part in self._rows.read_many([each.domain_id for each in some]):
            rows.update(part)
        return [each.domain_id for each in some if not each.looks_right(rows[each.domain_id])]

    def _settled(self, suspects: Journal, *, counts: bool) -> Iterator[Finding]:
        """Look at objects until each is known to be right or wrong."""
        left = Journal(None, {})
        try:
            with self.output.step("Looking", suspects.count()) as step:
                for seen in self._looks(suspects.open_objects(), step):
                    if counts:
                        self.tally.events += seen.events
                        self.tally.rows += seen.has_item
                        if not seen.events and not seen.has_item:
                            text = "the object has neither events nor a row"
                            yield finding(seen.domain_id, Kind.UNKNOWN_OBJECT, text, is_rebuildable=False)
                    self.tally.parked += seen.is_parked
                    self.tally.unclear += seen.is_unclear
                    if seen.repeated is not None:
                        yield seen.repeated
                    _keep(seen, left)
            for _ in range(1, _MOST_LOOKS):
                if not left.count():
                    return
                earlier, left = left, Journal(None, {})
                with earlier:
                    yield from self._confirmed(earlier, left)
            self.tally.changing += left.count()
        finally:
            left.remove()

    def _confirmed(self, earlier: Journal, left: Journal) -> Iterator[Finding]:
        """What is wrong in the last look, too. Objects that look wrong in another way than before are `left`."""
        what = counted(earlier.count(), "object")
        self.output.note(f"{what} may be wrong or changing; looking again in {self.patience:g} s")
        self.pace.clock.sleep(self.patience)
        with self.output.step("Looking again", earlier.count()) as step:
            for some in batches(earlier.objects(), _AT_A_TIME):
                before = {domain_id: kept or "" for domain_id, kept in some}
                for seen in self._looks(before, step):
                    is_wrong = confirmed(before[seen.domain_id], seen)
                    if is_wrong is None:
                        _keep(seen, left)
                    elif is_wrong and seen.trouble is not None:
                        yield seen.trouble.finding

    def _looks(self, domain_ids: Iterable[str], step: Step) -> Iterator[Look]:
        def look_at(domain_id: str) -> Look:
            now = self.pace.clock.now()
            return look(self._dynamodb, self.pipeline.events_table, self.pipeline.domain_table, domain_id, now)

        with ThreadPoolExecutor(_READERS) as pool:
            for some in batches(domain_ids, _AT_A_TIME):
                for seen in pool.map(look_at, some):
                    step.advance()
                    yield seen

    @property
    def _client(self) -> Any:
        return self.pipeline.clients("dynamodb")

    @cached_property
    def _dynamodb(self) -> Metered:
        return Metered(self._client, self.pace)

    @cached_property
    def _rows(self) -> DomainTable:
        client: Any = self._dynamodb
        return DomainTable(client, self.pipeline.domain_table, self.pace.clock)


def _keep(seen: Look, left: Journal) -> None:
    """Keep a look at an object that may be wrong, to compare the next look with it."""
    if seen.trouble is not None:
        left.add([seen.domain_id])
        left.finish(seen.domain_id, seen.kept())
