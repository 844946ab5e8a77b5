"""Guarantee: the outcome of each message is the documented one, and the documented metric counts it."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from ..doubles.aws import AwsError
from ..doubles.mappings import QueueMapping
from .cases import body, nested, noise
from .pipeline import PERSIST, Pipeline, Seen, probe

STORED, KNOWN = "EventsStored", "DuplicateEvents"
VIOLATION, CONFLICT, UNSTORABLE = "ContractViolations", "ConflictingEvents", "UnstorableEvents"
REASONS = {VIOLATION: "contract-violation", CONFLICT: "conflict", UNSTORABLE: "unstorable"}


@dataclass(frozen=True)
class Outcome:
    """The outcome of the message `then`, after `first` was stored."""

    metric: str
    then: str
    first: str = body('{"a": [1, 1.5, "b"]}')
    names: str = ""
    """What the reason begins with."""


OUTCOMES = {
    "another event": Outcome(STORED, body(EventId='"e-2"')),
    "the same id at another time": Outcome(STORED, body(EventTime='"2025-12-31T23:59:59Z"')),
    "the same id and time of another object": Outcome(STORED, body(DomainId='"d-2"')),
    "the same id in another case": Outcome(STORED, body(EventId='"E-1"')),
    "the same id composed otherwise": Outcome(STORED, body(EventId=r'"e\u0301"'), body(EventId=r'"\u00e9"')),
    "the same message": Outcome(KNOWN, body('{"a": [1, 1.5, "b"]}')),
    "its numbers spelled otherwise": Outcome(KNOWN, body('{"a": [1.0, 15E-1, "b"]}')),
    "its text escaped": Outcome(KNOWN, body(r'{"\u0061": [1, 1.5, "\u0062"]}')),
    "its fields in another order": Outcome(KNOWN, body('{"c": 1, "b": 2}'), body('{"b": 2, "c": 1}')),
    "its time spelled otherwise": Outcome(KNOWN, body('{"a": [1, 1.5, "b"]}', EventTime='"2026-01-01 01:00+01"')),
    "null for a field that may be missing": Outcome(KNOWN, body('{"a": [1, 1.5, "b"]}', CorrelationId="null")),
    "another id of the bus": Outcome(KNOWN, body('{"a": [1, 1.5, "b"]}', _id='"b-2"', _time='"2026-02-01T00:00:00Z"')),
    "a replay of an archive": Outcome(KNOWN, body('{"a": [1, 1.5, "b"]}', _replay_name='"from the archive"')),
    "a deep one again": Outcome(KNOWN, body(nested(50_000)), body(nested(50_000))),
    "a name that counts not": Outcome(KNOWN, body('{"a": 0, "a": 1}'), body('{"a": 1}')),
    "another payload": Outcome(CONFLICT, body('{"a": [1, 1.5, "c"]}'), names="EventId: must identify one event"),
    "a replay of another payload": Outcome(
        CONFLICT, body("0", _replay_name='"r"'), names="EventId: must identify one event"
    ),
    "text for a number": Outcome(CONFLICT, body('"1"'), body("1"), names="EventId: "),
    "true for a number": Outcome(CONFLICT, body("true"), body("1"), names="EventId: "),
    "null for nothing": Outcome(CONFLICT, body('{"a": null}'), body("{}"), names="EventId: "),
    "an empty list for an empty object": Outcome(CONFLICT, body("[]"), body("{}"), names="EventId: "),
    "a payload composed otherwise": Outcome(CONFLICT, body(r'"e\u0301"'), body(r'"\u00e9"'), names="EventId: "),
    "a digit beyond 38": Outcome(CONFLICT, body("1." + "0" * 40 + "1"), body("1"), names="EventId: "),
    "one level more": Outcome(CONFLICT, body(nested(50_001)), body(nested(50_000)), names="EventId: "),
    "another user": Outcome(CONFLICT, body(UserId='"u-2"'), body(), names="EventId: "),
    "another version": Outcome(CONFLICT, body(Version="2"), body(), names="EventId: "),
    "another name": Outcome(CONFLICT, body(EventName='"Other"'), body(), names="EventId: "),
    "an address more": Outcome(CONFLICT, body(IpAddress='""'), body(), names="EventId: "),
    "an unknown field more": Outcome(CONFLICT, body(Extra="null"), body(), names="EventId: "),
    "another domain": Outcome(VIOLATION, body(DomainName='"File"'), names='DomainName: must be "Log"; found "File"'),
    "another type": Outcome(
        VIOLATION, body(EventType='"PROCESS"'), names='EventType: must be "DOMAIN"; found "PROCESS"'
    ),
    "a rebuild's request": Outcome(VIOLATION, body(EventType='"REBUILD"'), names="EventType: "),
    "a replay of another domain": Outcome(VIOLATION, body(DomainName='"x"', _replay_name='"r"'), names="DomainName: "),
    "a conflict that breaks a rule": Outcome(VIOLATION, body("0", UserId="null"), names="UserId: "),
    "no JSON": Outcome(VIOLATION, "{", names="body: must be JSON"),
    "too large": Outcome(UNSTORABLE, body(f'"{noise(700_000)}"'), names="the event takes "),
    "too large a conflict": Outcome(UNSTORABLE, body(f'"{noise(700_000)}"', UserId='"u-2"'), names="the event takes "),
    "no number": Outcome(UNSTORABLE, body("1e99999999999999999999"), names="body: a number"),
}


@pytest.mark.parametrize("name", OUTCOMES)
def test_a_message_has_its_documented_outcome(make: Callable[..., Pipeline], name: str) -> None:
    case = OUTCOMES[name]
    pipeline = make(probe(Seen()), is_wired=True)
    assert pipeline.persist(case.first) == []
    before, counted_before = pipeline.db.items("events"), pipeline.metrics()
    assert counted_before == {STORED: 1}
    assert pipeline.persist(case.then) == []
    counted = {each: number - counted_before.get(each, 0) for each, number in pipeline.metrics().items()}
    assert {each: number for each, number in counted.items() if number} == {case.metric: 1}
    if case.metric == STORED:
        assert len(pipeline.events()) == 2
        return
    assert pipeline.db.items("events") == before
    if case.metric == KNOWN:
        assert pipeline.quarantined() == []
        return
    (kept,) = pipeline.quarantined()
    assert (kept.body, kept.code) == (case.then, REASONS[case.metric])
    assert (kept.reason or "").startswith(case.names)


def test_each_outcome_of_a_batch_is_counted(make: Callable[..., Pipeline]) -> None:
    pipeline = make(probe(Seen()), is_wired=True)
    bad = [case.then for case in OUTCOMES.values() if case.metric == VIOLATION]
    large = [body(f'"{noise(700_000)}"')] * 2
    assert pipeline.persist(body("1"), *bad, body("1"), body("2"), *large, body("3"), body(EventId='"e-2"')) == []
    assert pipeline.metrics() == {STORED: 2, KNOWN: 1, CONFLICT: 2, VIOLATION: len(bad), UNSTORABLE: 2}
    assert [kept.body for kept in pipeline.quarantined()] == [*bad, body("2"), *large, body("3")]


def test_a_message_that_fails_is_returned_and_counted_and_ten_failures_end_it(make: Callable[..., Pipeline]) -> None:
    pipeline = make(probe(Seen()), is_wired=True)

    def fail(operation: str, request: object, when: str) -> None:
        if "d-2" in repr(request):
            raise AwsError("ThrottlingException", "slow down")

    pipeline.db.intercept = fail
    pipeline.send(body(), body(DomainId='"d-2"'))
    queue = QueueMapping(pipeline.sqs, pipeline.ingest, lambda event: pipeline.invoke(PERSIST, event))
    queue.deliver_all()
    assert pipeline.metrics() == {STORED: 1, "MessagesReturned": 10}
    (kept,) = pipeline.quarantined()
    assert (kept.body, kept.code) == (body(DomainId='"d-2"'), None)


@pytest.mark.parametrize("size", [1_000_000, 1_046_000, 1_048_000, 1_048_400])
def test_a_body_that_fills_a_message_is_quarantined_whole(make: Callable[..., Pipeline], size: int) -> None:
    """SQS counts the reason, too: it has to do with the room that is left."""
    pipeline = make(probe(Seen()), is_wired=True)
    wrong = body(f'"{"x" * size}"', UserId="null")[:size]
    assert pipeline.persist(wrong, body()) == []
    (kept,) = pipeline.quarantined()
    assert (kept.body, kept.code) == (wrong, "contract-violation")
