"""Guarantee: the persist function stores any message once, knows it, or quarantines it whole, and logs which.

The usual run tries about ten thousand messages. To try more, for hours:

    NIGHTLY=1 FUZZ_INPUTS=1000000 pytest tests/fuzz/test_persist.py

`reference.py` predicts the outcome of a message. It shares only the reading of times with the functions.
"""

import random
from collections import Counter

import pytest
from hypothesis import note
from hypothesis import strategies as st

from cp_event_source.handler.events.event_time import instant_at
from cp_event_source.handler.events.stored_event import StoredEvent

from ..corpus.pipeline import CODES, DOMAIN_NAME, SKEW_SECONDS, Pipeline, Seen, lambdas, probe
from ..corpus.values import Token, tokens
from . import reference
from .endurance import WIRED_ONE_IN, search
from .inputs import Draft, messages, multiplied, seeds, written_by_hand

CHANGED = 11
"""Changed messages for each that hypothesis draws."""

SAYS = {"event stored": "stored", "event is stored already": "duplicate", "event was erased": "erased"}
QUARANTINED = "event quarantined"
FITS_IN_ANY_CASE = 100_000
"""Characters of a message that fits into an item, however little it compresses."""


class Expected:
    """What becomes of messages, one after another."""

    def __init__(self, latest: str) -> None:
        self._latest = latest
        self.stored: dict[tuple[str, str], reference.Event] = {}
        self.bodies: dict[tuple[str, str], str] = {}
        self.by_hand: set[tuple[str, str]] = set()
        """Keys of items that a person has written over."""
        self.erased: set[tuple[str, str]] = set()
        """Of these, the keys of tombstones."""

    def outcomes(self, body: str) -> tuple[set[str], reference.Event | None]:
        """The possible outcomes of the next message, which are several only for large ones, and its event."""
        try:
            event = reference.read_event(body, domain_name=DOMAIN_NAME, latest=self._latest)
        except reference.NotJson:
            return {"contract-violation"}, None
        except reference.NoNumber:
            # the rest may be no JSON: a reader stops at the first thing wrong
            return {"unstorable", "contract-violation"}, None
        if event is None:
            return {"contract-violation"}, None
        if event.key in self.erased:
            return ({"erased"} if len(body) < FITS_IN_ANY_CASE else {"erased", "unstorable"}), event
        if event.key in self.by_hand:
            return {"conflict", "duplicate"}, event
        before = self.stored.get(event.key)
        known = "stored" if before is None else "duplicate" if before.content == event.content else "conflict"
        return ({known} if len(body) < FITS_IN_ANY_CASE else {known, "unstorable"}), event


def assert_whole(pipeline: Pipeline, expected: Expected) -> None:
    """The store holds what was sent, and nothing else."""
    stored = {(event.domain_id, event.key): event for event in pipeline.events()}
    assert stored.keys() == expected.stored.keys()
    for key, event in stored.items():
        detail = expected.stored[key].detail
        assert key in expected.by_hand or sent_again(event) == as_sent(detail), key


def as_sent(detail: dict[str, object]) -> list[Token]:
    named = {name: value for name, value in detail.items() if name in NAMED and value is not None}
    return tokens([named, detail["Payload"], reference.extensions(detail)])


def sent_again(event: StoredEvent) -> list[Token]:
    """An event as the store gives it to the domain's logic, each field by its name."""
    named = {name: value for name in NAMED if (value := getattr(event, NAMED[name])) is not None}
    return tokens([named, event.payload, event.extensions])


NAMED = {
    "DomainId": "domain_id",
    "EventTime": "event_time",
    "EventId": "event_id",
    "UserId": "user_id",
    "EventType": "event_type",
    "EventName": "event_name",
    "DomainName": "domain_name",
    "Version": "version",
    "CorrelationId": "correlation_id",
    "IpAddress": "ip_address",
}


def try_messages(drawn: list[Draft | str], seed: int) -> int:
    """Some batches of messages, most of them changed from what was drawn; how many."""
    bodies, rng = multiplied(drawn, seed, CHANGED), random.Random(seed)
    with lambdas() as make:
        pipeline = make(probe(Seen()), is_wired=seed % WIRED_ONE_IN == 1)
        expected = Expected(instant_at(pipeline.clock.now + SKEW_SECONDS))
        counted: Counter[str] = Counter()
        for start in range(0, len(bodies), 10):
            batch = bodies[start : start + 10]
            if rng.random() < 0.2:
                batch += erase_one(pipeline, expected, rng)
            try:
                said = persisted(pipeline, batch)
                for body, outcome in zip(batch, said, strict=True):
                    allowed, event = expected.outcomes(body)
                    assert outcome in allowed, f"{outcome}, not {allowed}: {body[:2_000]!r}"
                    if outcome == "stored" and event is not None:
                        expected.stored[event.key], expected.bodies[event.key] = event, body
                counted.update(said)
            except BaseException:
                for body in batch:
                    note(repr(body[:5_000]))
                raise
        assert_whole(pipeline, expected)
        metrics = {name: counted[outcome] for outcome, name in COUNTED_AS.items() if counted[outcome]}
        assert pipeline.metrics() == metrics
    return len(bodies)


def erase_one(pipeline: Pipeline, expected: Expected, rng: random.Random) -> list[str]:
    """Write over a stored event under its key, as an operator does. Returns its message, which arrives again."""
    items = rng.sample(pipeline.db.items("events"), min(1, len(expected.stored)))
    keys = [(item["DomainId"]["S"], item["EventKey"]["S"]) for item in items]
    for key, item in zip(keys, items, strict=True):
        written = written_by_hand(rng, item)
        pipeline.db.handle("PutItem", {"TableName": "events", "Item": written})
        (expected.erased.add if "Erased" in written else expected.erased.discard)(key)
    expected.by_hand.update(keys)
    return [expected.bodies[key] for key in keys]


COUNTED_AS = {
    "stored": "EventsStored",
    "duplicate": "DuplicateEvents",
    "erased": "ErasedEvents",
    "conflict": "ConflictingEvents",
    "contract-violation": "ContractViolations",
    "unstorable": "UnstorableEvents",
}


def persisted(pipeline: Pipeline, batch: list[str]) -> list[str]:
    """What the function says has become of each message, which is true of the dead-letter queue."""
    before, lines_before = len(pipeline.quarantined()), len(pipeline.lines())
    assert pipeline.persist(*batch) == []
    lines = [line for line in pipeline.lines()[lines_before:] if line.get("message") in {*SAYS, QUARANTINED}]
    said = [SAYS.get(line["message"]) or line["reason_code"] for line in lines]
    quarantined = [body for body, outcome in zip(batch, said, strict=True) if outcome in CODES]
    kept = pipeline.quarantined()[before:]
    assert [message.body for message in kept] == quarantined
    assert [message.code for message in kept] == [outcome for outcome in said if outcome in CODES]
    assert all(message.reason and len(message.reason) <= 2048 for message in kept)
    return said


@pytest.mark.timeout(0)
def test_any_message_is_stored_or_a_duplicate_or_quarantined_whole() -> None:
    search("persist", try_messages, drawn=st.lists(messages, min_size=1, max_size=4), seed=seeds)
