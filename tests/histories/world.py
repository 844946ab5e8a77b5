"""One pipeline, everything that may happen to it, and the guarantees that hold at every moment."""

import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from cp_event_source.handler.aws.domain_table import ReadIncomplete
from cp_event_source.handler.domain.failure import Cause
from cp_event_source.handler.events.stored_event import DECIDED
from cp_event_source.handler.projection.notes import MAX_INVOCATION_SECONDS, Parked
from cp_event_source.handler.projection.projection import Contention
from cp_event_source.handler.projection.rebuild import RebuildFailed
from cp_event_source.handler.values.budget import OutOfTime
from tests.doubles.aws import Clock
from tests.doubles.dynamodb import DynamoDB
from tests.doubles.mappings import Crashed, Delivery, QueueMapping, StreamMapping
from tests.doubles.sqs import SQS

from . import oracle
from .decisions import NOTHING_WRITTEN, UNKNOWN, Decision, command, covers, is_decided, service
from .functions import DOMAIN_NAME, Context, Functions, Journal, create_queues
from .logic import LAST, Now, version
from .messages import DOMAINS, NUMBERS, DecidedEvent, Event, Sent, sent
from .scheduler import Invocation, Reached, Scheduler, Turn, Writers

NOTES = "CpEventSource"

SPOILS = (
    "spoil all",
    "Revision",
    "number",
    "Digest",
    "LogicVersion",
    "EventCount",
    "count",
    "waiting",
    "marks",
    "Rebuilding",
)
TAMPERINGS = ("delete one", "swap", "swap", "copy", "Place", "EventCount of one")

_FAULTS = (ClientError, Contention, OutOfTime, ReadIncomplete)
"""Faults that may return one domain object's records in a batch. Any other error is a defect of the functions."""

_VISIBILITY_SECONDS = 60


def is_stub(item: dict[str, Any]) -> bool:
    """True if a row holds only notes: a crash probe or an unfinished fold. It counts as no row."""
    notes = item[NOTES]["M"]
    return "Checkpoint" not in notes and "Parked" not in notes


@dataclass(eq=False)
class Rebuild:
    """One try of a rebuild request."""

    invocation: Invocation
    domain_id: str
    number: int
    request_id: str
    stored: frozenset[str]
    """The object's events when the try began."""
    rows: list[dict[str, Any]] = field(default_factory=list)
    """All rows of the object since then. The row that the rebuild wrote may be replaced before the rebuild returns."""


@dataclass
class Baseline:
    """What a domain row held at the last check."""

    keys: frozenset[str] = frozenset()
    seen: Any = None
    """Everything that the last check read. If it is unchanged, the check is skipped."""


@dataclass
class World:
    """Everything happens through the methods of this class. Between two calls nothing changes."""

    functions: Functions
    seed: int = 0
    events_per_snapshot: int = 2
    page: int = 3
    """How many items a page of a query has."""

    sent: list[Sent] = field(default_factory=list)
    deployed: list[int] = field(default_factory=lambda: [1])
    """The versions of the logic that run now, at the same time."""
    invocations: list[Invocation] = field(default_factory=list)
    """The invocations that have not ended."""
    rebuilds: list[Rebuild] = field(default_factory=list)
    """The rebuilds that have not ended."""
    failed_rebuilds: list[Rebuild] = field(default_factory=list)
    """The rebuilds that ended with an error. Lambda may retry them."""
    decisions: list[Decision] = field(default_factory=list)
    """All calls that decide."""

    def __post_init__(self) -> None:
        Now.clock = Clock()
        Journal.failures = []
        self.rng = random.Random(self.seed)
        self.scheduler = Scheduler()
        self.db = DynamoDB(Now.clock)
        self.db.create_table("events", "DomainId", "EventKey", stream=True, stream_view="NEW_IMAGE")
        self.db.create_table("rows", "DomainId")
        self.db.create_table("snapshots", "DomainId", "CpEventSourceSlot", range_type="N")
        self.sqs = SQS(Now.clock, self.rng, copies_left=0.1)
        self.dead_letters, self.parked = create_queues(self.sqs)
        self.queue = self.sqs.create_queue("ingest", visibility_timeout=_VISIBILITY_SECONDS, max_receive_count=10**6)
        self.ingest = QueueMapping(self.sqs, self.queue, lambda event: None, rng=self.rng)
        self.stream = StreamMapping(
            self.db, "events", lambda event: None, batch_size=8, shards=2, overtaking=4, absent=DECIDED, rng=self.rng
        )
        self.stored: dict[str, dict[str, Event | DecidedEvent]] = {domain_id: {} for domain_id in DOMAINS}
        self._records = 0
        self._deliveries: list[Any] = []
        self._began = 0
        self._stepping: Invocation | None = None
        """The invocation that made the last call."""
        self.acknowledged: dict[str, set[str]] = defaultdict(set)
        self._baselines = {domain_id: Baseline() for domain_id in DOMAINS}
        self._by_hand: dict[str, Any] = {}
        """Rows that a person damaged, as the person left them."""
        self._possible_crashes: Counter[str] = Counter()
        """How many invocations with a single event may count as crashes, by DomainId: they crashed, Lambda abandoned
        them, or they could not end their crash probe."""
        self.lost_ever: defaultdict[str, set[str]] = defaultdict(set)
        """The keys of all events that the store lost at some time."""
        self._lost: list[dict[str, Any]] = []
        self._losing = False
        self._notified: set[tuple[str, str, str, str]] = set()
        self._notices = 0

    # What producers do

    def send(self, message: Sent) -> None:
        if message.event is not None and message.event.key in self.lost_ever[message.event.domain_id]:
            self.put_back()  # otherwise another event might get its key
        self.sent.append(message)
        self.sqs.handle("SendMessage", {"QueueUrl": self.queue, "MessageBody": message.body})

    # What Lambda does

    def begin_persist(self, size: int, *, lose_acknowledgement: bool = False) -> Invocation | None:
        """Deliver messages of the ingest queue, if there are visible ones."""
        if not self.ingest.pending():
            return None
        invocation = self._invocation("persist")

        def function(event: dict[str, Any]) -> Any:
            db, sqs = self._reached(invocation)
            return self._answer(invocation, partial(self.functions.persist(db, sqs), event))

        self.ingest.function = function
        self._deliver(
            lambda: self.ingest.deliver_one(size=size, lose_acknowledgement=lose_acknowledgement), lambda delivery: None
        )
        return invocation if hasattr(invocation, "main") else None

    def begin_project(
        self, shard: int, size: int, number: int, *, seconds: float | None = None, lose_acknowledgement: bool = False
    ) -> Invocation | None:
        """Deliver the stream's next batch, if there is one, to one version of the logic."""
        pending = self.stream.pending()
        if not pending:
            return None
        invocation = self._invocation(f"project {version(number)}")

        def function(event: dict[str, Any]) -> Any:
            handle = self._project(invocation, number)
            if len(event["Records"]) == 1:
                invocation.domain_ids = {event["Records"][0]["dynamodb"]["Keys"]["DomainId"]["S"]}
            return self._answer(invocation, lambda: handle(event, Context(invocation.name, seconds)))

        self.stream.function = function
        chosen = pending[shard % len(pending)]
        self._deliver(
            lambda: self.stream.deliver_one(chosen, size=size, lose_acknowledgement=lose_acknowledgement),
            self._acknowledge,
        )
        return invocation

    def begin_rebuild(
        self, domain_id: str, number: int, *, seconds: float | None = None, request_id: str | None = None
    ) -> Rebuild:
        """Request a rebuild, or retry an earlier request."""
        invocation = self._invocation(f"rebuild {version(number)}")
        asked = request_id or invocation.name
        detail = {"EventType": "REBUILD", "DomainName": DOMAIN_NAME, "DomainId": domain_id}
        handle = self._project(invocation, number)
        rebuild = Rebuild(invocation, domain_id, number, asked, frozenset(self.present(domain_id)))
        self.rebuilds.append(rebuild)
        invocation.begin(lambda: handle({"detail": detail}, Context(asked, seconds)))
        self._settle()
        return rebuild

    def begin_decision(
        self, domain_id: str, number: int, minute: int, parts: int, refused_by: tuple[int, ...], *, again: int | None
    ) -> Decision:
        """A service decides, for a new command, or for that of an earlier call once more."""
        invocation = self._invocation(f"decide {version(number)}")
        if again is not None and self.decisions:
            earlier = self.decisions[again % len(self.decisions)]
            decision = Decision(invocation, earlier.domain_id, number, earlier.command, earlier.parts, refused_by)
        else:
            new = command(domain_id, len(self.decisions), minute)
            decision = Decision(invocation, domain_id, number, new, parts, refused_by)
        self.decisions.append(decision)
        self.invocations.append(invocation)
        db, _ = self._reached(invocation)
        invocation.begin(decision.call(service(db, number, self.events_per_snapshot, minute)))
        self._settle()
        return decision

    def abandon(self, invocation: Invocation) -> None:
        """Lambda stops waiting for an invocation and delivers its batch again. The invocation runs on as a zombie."""
        invocation.is_abandoned = True
        self._possible_crashes.update(invocation.domain_ids)
        self._settle()

    def kill(self, invocation: Invocation) -> None:
        invocation.kill()
        self._possible_crashes.update(invocation.domain_ids)
        self._settle()

    def step(self, invocation: Invocation, task: int = 0, turn: Turn = Turn.WELL) -> None:
        """Let one of an invocation's threads make its next call."""
        waiting = invocation.waiting()
        self._stepping = invocation
        invocation.faults += turn in {Turn.REFUSED, Turn.CUT}
        # the first fault ends the try; a second one may keep the crash probe from being withdrawn
        if turn is Turn.LAST or invocation.faults > 1:
            self._possible_crashes.update(invocation.domain_ids)
        invocation.step(waiting[task % len(waiting)], turn)
        self._settle()

    def finish(self, *invocations: Invocation | None) -> None:
        """Let invocations run to their end, one after another."""
        for invocation in invocations:
            while invocation is not None and not invocation.is_over:
                self.step(invocation)

    # What people do

    def delete_row(self, domain_id: str) -> None:
        """Delete a row by hand.

        Does nothing in the case that the projection does not promise: an invocation found no row, has read the store
        since then, and may still write the row that it computed. Nor is it promised for the milliseconds in which a
        decision shows in part.
        """
        self.db.show_transactions()
        if not self._is_row_awaited(domain_id):
            self.db.handle("DeleteItem", {"TableName": "rows", "Key": {"DomainId": {"S": domain_id}}})
            self._baselines[domain_id] = Baseline()
            self.check()

    def spoil_row(self, domain_id: str, how: str) -> None:
        """Damage a row's reserved notes by hand. A row without its revision counts as deleted."""
        self.db.show_transactions()
        item = self.row_item(domain_id)
        notes: Any = item and item.get(NOTES, {}).get("M")
        if not item or not notes or (how in {"spoil all", "Revision"} and self._is_row_awaited(domain_id)):
            return
        was_spoilt = self.is_spoilt(domain_id)
        match how:
            case "spoil all":
                del item[NOTES]
            case "number":
                notes["Revision"] = {"N": "7"}
            case "count":
                notes["EventCount"] = {"S": "many"}
            case "waiting" if "Parked" in notes:
                notes["Parked"]["M"].pop("WaitingUpTo", None)
            case "marks" if "Marks" in notes:
                notes["Marks"] = {"B": notes["Marks"]["B"][:-3]}
            case _ if how in notes:
                del notes[how]
            case _:
                return
        self.db.handle("PutItem", {"TableName": "rows", "Item": item})
        if how not in {"marks", "Rebuilding"} or was_spoilt:
            self._by_hand[domain_id] = self._row(domain_id)
            self._baselines[domain_id] = Baseline()
        self.check()

    def tamper_with_snapshots(self, domain_id: str, how: str, slots: tuple[int, int]) -> None:
        """Delete, swap or damage snapshots by hand."""
        items = [item for item in self.db.items("snapshots") if item["DomainId"]["S"] == domain_id]
        if not items:
            return
        one, other = (items[slot % len(items)] for slot in slots)
        keys = [{name: item[name] for name in ("DomainId", "CpEventSourceSlot")} for item in (one, other)]
        match how:
            case "delete one":
                self.db.handle("DeleteItem", {"TableName": "snapshots", "Key": keys[0]})
                return
            case "swap":
                changed = [one | keys[1], other | keys[0]]
            case "copy":
                changed = [one | keys[1]]
            case _:
                one[NOTES]["M"].pop(how.split()[0], None)
                changed = [one]
        for item in changed:
            self.db.handle("PutItem", {"TableName": "snapshots", "Item": item})
        self.check()

    def lose(self, domain_id: str, which: int, count: int) -> None:
        """The store loses acknowledged events."""
        queued = {each.event.key for each in self.sent if each.event is not None and each.body in self._queued()}
        keys = sorted(self.acknowledged[domain_id] & self.present(domain_id) - queued)
        self._losing = True
        for key in (keys[which % len(keys) :] if keys else [])[:count]:
            item = self.db.tables["events"].collection(domain_id).items[key].item()
            self._lost.append(item)
            self.lost_ever[domain_id].add(key)
            full_key = {name: item[name] for name in ("DomainId", "EventKey")}
            self.db.handle("DeleteItem", {"TableName": "events", "Key": full_key})
        self.check()
        self._losing = False

    def put_back(self) -> None:
        """Put back the events that the store lost. They arrive through the stream again, those of decisions, too."""
        for item in self._lost:
            if item["EventKey"]["S"] not in self.present(item["DomainId"]["S"]):  # otherwise it was sent again
                item.pop(DECIDED, None)
                self.db.handle("PutItem", {"TableName": "events", "Item": item})
        self._lost.clear()
        self.check()

    def _queued(self) -> set[str]:
        return {message.body for message in self.sqs.messages(self.queue)}

    def present(self, domain_id: str) -> set[str]:
        """The keys of the events that the store has."""
        return set(self.db.tables["events"].collection(domain_id).items)

    def _is_row_awaited(self, domain_id: str) -> bool:
        return any(invocation.without_row.get(domain_id, False) for invocation in self.invocations)

    # What is there

    def row_item(self, domain_id: str) -> dict[str, Any] | None:
        stored = self._row(domain_id)
        return stored.item() if stored is not None else None

    def is_spoilt(self, domain_id: str) -> bool:
        """True if a person damaged the row and nobody has written it since."""
        row = self._row(domain_id)
        return row is not None and row is self._by_hand.get(domain_id)

    def _row(self, domain_id: str) -> Any:
        return self.db.tables["rows"].collection(domain_id).items.get("")

    # Guarantees of every moment

    def check(self) -> None:
        """Check the guarantees of every moment. Skips a domain object if nothing of it has changed."""
        self._check_store()
        for message in self.sqs.messages(self.parked)[self._notices :]:
            notice = json.loads(message.body)
            failure = (notice["DomainId"], notice["EventKey"], notice["Cause"], notice["Error"])
            self._notified.add(failure)
            self._notices += 1
        for domain_id in DOMAINS:
            snapshots = self.db.tables["snapshots"].collection(domain_id).items
            baseline = self._baselines[domain_id]
            seen = (self._row(domain_id), tuple(snapshots.values()), len(self.acknowledged[domain_id]))
            if baseline.seen is None or any(
                one is not other and one != other for one, other in zip(seen, baseline.seen, strict=True)
            ):
                baseline.seen = seen
                self._show_to_rebuilds(domain_id)
                self._check_object(domain_id, baseline)

    def _check_store(self) -> None:
        """Guarantee: an event is stored as it was sent, and never changes."""
        records = self.db.records("events")
        for record in records[self._records :]:
            if record["eventName"] == "REMOVE" and self._losing:
                continue
            assert record["eventName"] == "INSERT", "the events table was changed"
            keys = record["dynamodb"]["Keys"]
            full_key = keys["DomainId"]["S"], keys["EventKey"]["S"]
            item = self.db.tables["events"].collection(full_key[0]).items[full_key[1]].item()
            if is_decided(full_key[1]):
                self._check_decided(full_key, item)
                continue
            events = [each.event for each in self.sent if each.event is not None and each.event.full_key == full_key]
            (event, *_) = [event for event in events if event.is_stored_as(item)]
            self.stored[full_key[0]][full_key[1]] = event
        self._records = len(records)

    def _check_decided(self, full_key: tuple[str, str], item: dict[str, Any]) -> None:
        """Guarantee: a decision is made on what its row holds, and this and its events are the new row."""
        domain_id, key = full_key
        if key in self.lost_ever[domain_id]:
            return  # it is put back
        event_id = key.partition("#")[2]
        of_command = [each for each in self.decisions if event_id in each.event_ids]
        (decision,) = (
            each
            for each in of_command
            if DecidedEvent(domain_id, key, str(each.command.decision_id), each.refused_by).is_stored_as(item)
            and not each.is_written
            and each.invocation is self._stepping
        )
        self.stored[domain_id][key] = DecidedEvent(
            domain_id, key, str(decision.command.decision_id), decision.refused_by
        )
        self.acknowledged[domain_id].add(key)
        decision.written.append(key)
        if not decision.is_written:
            return
        assert not any(each.is_written for each in of_command if each is not decision), "a command was decided twice"
        row = self.row_item(domain_id)
        assert row is not None
        assert oracle.keys_of(row) == [*decision.known, *decision.written], "its row is not what it was decided on"
        assert "Parked" not in row[NOTES]["M"]
        earlier = {each for each in map(str, self.stored[domain_id]) if is_decided(each)} - {*decision.written}
        assert earlier <= {*decision.known} | self.lost_ever[domain_id], "it does not know an earlier decision"
        assert covers(decision.known, decision.parts), "it took more than the balance"

    def _check_told(self, decision: Decision) -> None:
        """Guarantee: a caller is told what the store says."""
        error, of_command = decision.invocation.main.error, self._of_command(decision)
        is_written = any(each.is_written for each in of_command)
        if error is None:
            told = [event.key for event in decision.invocation.main.value.events]
            written = next((each.written for each in of_command if each.is_written), None)
            lost = decision.event_ids & {key.partition("#")[2] for key in self.lost_ever[decision.domain_id]}
            assert lost or told == written, f"told {told}, and {written} is written"
        elif isinstance(error, NOTHING_WRITTEN) and len(of_command) == 1:
            assert not is_written, f"told {error!r}, and its events are stored"

    def _of_command(self, decision: Decision) -> list[Decision]:
        return [each for each in self.decisions if each.command.decision_id == decision.command.decision_id]

    def _check_object(self, domain_id: str, baseline: Baseline) -> None:
        item = self.row_item(domain_id)
        if item is None or self.is_spoilt(domain_id):
            return
        events = self.stored[domain_id]
        snapshots = {
            int(slot): stored.item() for slot, stored in self.db.tables["snapshots"].collection(domain_id).items.items()
        }
        row = oracle.check_row(item, snapshots, events)
        keys = frozenset(oracle.keys_of(item))
        if not self.lost_ever[domain_id]:
            assert baseline.keys <= keys, f"the row lost {baseline.keys - keys}"
        # the same number of late events may replace events that the store lost
        assert len(baseline.keys) <= len(keys), f"the row lost {baseline.keys - keys}"
        baseline.keys = keys
        if row.parked is not None:
            self._check_parked(domain_id, row.parked, keys)
        elif row.state.checkpoint is not None:  # otherwise it holds only a crash probe, and counts as no row
            missing = self.acknowledged[domain_id] - keys - self.lost_ever[domain_id]
            assert not missing, f"acknowledged, but not in the row: {missing}"

    def _check_parked(self, domain_id: str, parked: Parked, held: frozenset[str]) -> None:
        """Guarantee: a domain object is parked only for a cause of its own, and people are notified."""
        failure = (domain_id, parked.event_key, parked.cause.value, parked.error)
        assert failure in self._notified, "parked without a notice"
        event = self.stored[domain_id][parked.event_key]
        if parked.cause is Cause.PROCESS_DIED:
            assert self._possible_crashes[domain_id] > 1, "parked for crashes that did not happen"
            assert parked.event_key not in held, "parked without a try at an event that the row has"
        elif parked.cause is Cause.EVENTS_MISSING:
            assert self.lost_ever[domain_id], "parked for missing events, but the store lost none"
        elif parked.cause is Cause.LOGIC:
            by = [number for number in event.refused_by if version(number) == parked.logic_version]
            assert by, f"parked by {parked.logic_version}, but it does not refuse the event: {parked.reason}"

    # Ends

    def converge(self) -> None:
        """Guarantee: after the last fault, when everything is delivered, every row is the fold of its events."""
        self.put_back()
        self._drain()
        for domain_id in DOMAINS:
            self._check_converged(domain_id)
        for decision in self.decisions:
            self._check_told(decision)
        self._check_messages()
        tried = self.deployed
        self.deployed = [LAST]
        for number, domain_id in enumerate(DOMAINS):
            item = self.row_item(domain_id)
            waits = item is None or self.is_spoilt(domain_id) or is_stub(item) or "Parked" in item[NOTES]["M"]
            if self.stored[domain_id] and waits:
                self.send(self._one_more(domain_id, number))
        self._drain()
        for domain_id, events in self.stored.items():
            item = self.row_item(domain_id)
            assert (item is None) == (not events)
            if item is not None:
                assert "Parked" not in item[NOTES]["M"], f"still parked, tried by {tried}"
                assert oracle.keys_of(item) == sorted(events)
        Now.clock.advance(MAX_INVOCATION_SECONDS + 1)  # the note of a crashed rebuild no longer blocks others
        for domain_id, events in self.stored.items():
            if events:
                rebuild = self.begin_rebuild(domain_id, LAST)
                self.finish(rebuild.invocation)
                item = self.row_item(domain_id)
                assert rebuild.invocation.main.error is None
                assert item is not None
                oracle.check_whole(item, events, LAST)
        self._check_messages()

    def _one_more(self, domain_id: str, number: int) -> Sent:
        minute = self.rng.choice([*NUMBERS, NUMBERS.stop])
        return sent(Event(domain_id, minute, f"more{len(self.sent)}"), number, len(self.sent))

    def _drain(self) -> None:
        """Run and deliver everything to its end, at the same time and without faults."""
        self.db.batch_get_keys = 100
        for _ in range(10_000):
            Journal.failures.clear()
            if self.invocations and self.rng.random() < 0.8:
                self.step(self.rng.choice(self.invocations), self.rng.randrange(8))
            elif len(self.invocations) < 3 and self.stream.pending() and self.rng.random() < 0.7:
                self.begin_project(self.rng.randrange(2), self.rng.randint(1, 8), self.rng.choice(self.deployed))
            elif len(self.invocations) < 3 and self.ingest.pending():
                self.begin_persist(self.rng.randint(1, 10))
            elif not self.invocations and not self.stream.pending():
                if not self.sqs.messages(self.queue):
                    return
                Now.clock.advance(_VISIBILITY_SECONDS)
            elif not self.invocations:
                self.begin_project(0, 8, self.rng.choice(self.deployed))
        raise AssertionError("the pipeline is not drained after 10,000 steps")

    def _check_converged(self, domain_id: str) -> None:
        """Guarantee: a domain object that is not parked holds all of its events, even if others are parked."""
        item, events = self.row_item(domain_id), self.stored[domain_id]
        assert self.acknowledged[domain_id] == events.keys()
        if item is None or self.is_spoilt(domain_id) or is_stub(item):
            return
        assert "Parked" in item[NOTES]["M"] or oracle.keys_of(item) == sorted(events)

    def _check_messages(self) -> None:
        """Guarantee: each message is either stored, or unchanged in the dead-letter queue with its reason."""
        quarantined: defaultdict[str, set[str]] = defaultdict(set)
        for letter in self.sqs.messages(self.dead_letters):
            assert letter.attributes["Reason"]["StringValue"]
            quarantined[letter.body].add(letter.attributes["ReasonCode"]["StringValue"])
        assert quarantined.keys() <= {message.body for message in self.sent}, "a message was changed"
        for message in self.sent:
            if message.event is not None and message.event.key in self.lost_ever[message.event.domain_id]:
                assert quarantined[message.body] <= {"conflict"}, message  # with the event that was stored at that time
                continue
            if message.event is None:
                expected = {"contract-violation"}
            elif self.stored[message.event.domain_id][message.event.key] == message.event:
                expected = set()
            else:
                expected = {"conflict"}
            assert quarantined[message.body] == expected, message

    # How it is done

    def _invocation(self, name: str) -> Invocation:
        self._began += 1
        return Invocation(self.scheduler, f"{name} #{self._began}")

    def _reached(self, invocation: Invocation) -> tuple[Reached, Reached]:
        return (
            Reached(self.db, invocation, self.scheduler, self.page),
            Reached(self.sqs, invocation, self.scheduler, self.page),
        )

    def _project(self, invocation: Invocation, number: int) -> Callable[[dict[str, Any], Context], Any]:
        self.invocations.append(invocation)
        writers = Writers(invocation, self.scheduler)
        return self.functions.project(*self._reached(invocation), writers, number, self.events_per_snapshot)

    def _answer(self, invocation: Invocation, handle: Callable[[], Any]) -> Any:
        """Called in a delivery: wait for an invocation as Lambda does."""
        if invocation not in self.invocations:
            self.invocations.append(invocation)
        invocation.begin(handle)
        self.scheduler.wait_until(lambda: invocation.is_over or invocation.is_abandoned)
        if not invocation.is_over:
            raise Crashed(f"{invocation.name} takes too long")
        if invocation.main.error is not None:
            raise invocation.main.error
        return invocation.main.value

    def _deliver(self, deliver: Callable[[], Delivery | None], then: Callable[[Any], None]) -> None:
        task = self.scheduler.spawn(lambda: then(deliver()))
        self._deliveries.append(task)
        self._settle()

    def _acknowledge(self, delivery: Delivery) -> None:
        for record in delivery.records[: delivery.done]:
            keys = record["dynamodb"]["Keys"]
            self.acknowledged[keys["DomainId"]["S"]].add(keys["EventKey"]["S"])

    def _settle(self) -> None:
        self.scheduler.settle()
        for task in self._deliveries:
            if task.error is not None:
                raise task.error
        self._deliveries = [task for task in self._deliveries if not task.dead]
        for failure in Journal.failures:
            assert isinstance(failure, (*_FAULTS, RebuildFailed)), f"a defect of the functions: {failure!r}"
        Journal.failures.clear()
        self.check()
        for invocation in [each for each in self.invocations if each.is_over]:
            self.invocations.remove(invocation)
            error = invocation.main.error
            expected = (ClientError, Crashed, RebuildFailed, *NOTHING_WRITTEN, *UNKNOWN)
            assert error is None or isinstance(error, expected), repr(error)
            for decision in (each for each in self.decisions if each.invocation is invocation):
                self._check_told(decision)
        for rebuild in [each for each in self.rebuilds if each.invocation.is_over]:
            self.rebuilds.remove(rebuild)
            if rebuild.invocation.main.error is None:
                self._check_rebuilt(rebuild)
            else:
                self.failed_rebuilds.append(rebuild)

    def _show_to_rebuilds(self, domain_id: str) -> None:
        item = self.row_item(domain_id)
        for rebuild in self.rebuilds:
            if rebuild.domain_id == domain_id and item is not None:
                rebuild.rows.append(item)

    def _check_rebuilt(self, rebuild: Rebuild) -> None:
        """Guarantee: a successful rebuild wrote a row that its version computed from all events stored before."""
        reply = rebuild.invocation.main.value
        written = [item for item in rebuild.rows if oracle.is_the_row_of(item, reply)]
        assert written, f"no row fits the rebuild's reply: {reply}"
        keys = set(oracle.keys_of(written[0]))
        left_out = rebuild.stored - keys - self.lost_ever[rebuild.domain_id]
        assert not left_out, f"a rebuild left out {left_out}"
        events = {key: self.stored[rebuild.domain_id][key] for key in keys}
        oracle.check_whole(written[0], events, rebuild.number)
