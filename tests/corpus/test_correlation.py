"""Guarantee: whatever the outcome of an event, its log line and its trace have its correlation id."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from ..doubles.aws import AwsError
from ..handler.daemon import SAMPLED, Daemon, listening
from .cases import NOT_JSON, body, noise
from .pipeline import DOMAIN_NAME, Pipeline, logic_of

FIRST, SECOND = "order-1", "order-2"


def correlated(correlation_id: str = FIRST, payload: str = "1", **fields: str | None) -> str:
    return body(payload, CorrelationId=f'"{correlation_id}"', **fields)


@dataclass
class Fixed:
    DomainId: str
    Count: int = 0

    def apply(self, event_name: str) -> None:
        self.Count += 1


class Log(Fixed):
    """Refuses events named Bad."""

    def apply(self, event_name: str) -> None:
        if event_name == "Bad":
            raise ValueError("bad")
        super().apply(event_name)


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    with listening() as daemon:
        monkeypatch.setenv("_X_AMZN_TRACE_ID", SAMPLED)
        monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", daemon.address)
        yield daemon


@pytest.fixture
def pipeline(daemon: Daemon, make: Callable[..., Pipeline]) -> Pipeline:
    return make(logic_of(Log))


def logged(pipeline: Pipeline) -> dict[str, set[str]]:
    """By message, the correlation ids in the lines that were logged."""
    lines: dict[str, set[str]] = {}
    for line in pipeline.lines():
        if "message" in line:
            ids = {*line.get("correlation_ids", ()), *filter(None, [line.get("correlation_id")])}
            lines.setdefault(line["message"], set()).update(ids)
    return lines


def traced(daemon: Daemon) -> dict[str, set[str]]:
    """By name, the correlation ids in the subsegments that were sent."""
    names: dict[str, set[str]] = {}
    for sent in daemon.received():
        annotation = sent["annotations"].get("CorrelationId")
        names.setdefault(sent["name"], set()).update(filter(None, [annotation]))
    return names


def failing(*operations: str) -> Callable[[str, Mapping[str, Any], str], None]:
    def fail(operation: str, _request: Mapping[str, Any], when: str) -> None:
        if operation in operations and when == "before":
            raise AwsError("InternalServerError", "broken")

    return fail


@pytest.mark.parametrize(
    ("message", "bodies"),
    [
        ("event stored", [correlated()]),
        ("event is stored already", [correlated(), correlated()]),
        ("event quarantined", [correlated(Version='"1"')]),
        ("event quarantined", [correlated(), correlated(payload="2")]),
        ("event quarantined", [correlated(payload=f'"{noise(700_000)}"')]),
    ],
    ids=["stored", "duplicate", "contract-violation", "conflict", "unstorable"],
)
def test_a_message(pipeline: Pipeline, daemon: Daemon, message: str, bodies: list[str]) -> None:
    pipeline.persist(*bodies)
    assert logged(pipeline)[message] == {FIRST}
    assert traced(daemon) == logged(pipeline)


@pytest.mark.parametrize("text", [correlated(), correlated(Version='"1"')], ids=["good", "bad"])
def test_a_message_that_goes_back_to_the_queue(pipeline: Pipeline, daemon: Daemon, text: str) -> None:
    pipeline.db.intercept = pipeline.sqs.intercept = failing("PutItem", "SendMessage")
    pipeline.persist(text)
    assert logged(pipeline) == {"message goes back to the queue": {FIRST}}
    assert traced(daemon) == logged(pipeline)


@pytest.mark.parametrize("text", [NOT_JSON["a raw newline in text"], "[]", '{"detail": {"CorrelationId": ["x"]}}'])
def test_a_message_without_a_correlation_id_is_logged_without_one(
    pipeline: Pipeline, daemon: Daemon, text: str
) -> None:
    pipeline.persist(text)
    assert logged(pipeline) == traced(daemon) == {"event quarantined": set()}


def test_a_message_of_an_event_that_was_erased(pipeline: Pipeline, daemon: Daemon) -> None:
    pipeline.persist(correlated())
    (item,) = pipeline.db.items("events")
    tombstone = {"DomainId": item["DomainId"], "EventKey": item["EventKey"], "Erased": {"NULL": True}}
    pipeline.db.handle("PutItem", {"TableName": "events", "Item": tombstone})
    pipeline.persist(correlated())
    assert logged(pipeline)["event was erased"] == {FIRST}
    assert traced(daemon) == logged(pipeline)


def test_the_log_of_an_object_that_is_applied_refolded_and_delivered_again(pipeline: Pipeline, daemon: Daemon) -> None:
    pipeline.persist(correlated(), correlated(SECOND, EventId='"e-2"'))
    pipeline.project(pipeline.db.records("events"))
    pipeline.persist(correlated("late", EventTime='"2025-01-01T00:00:00Z"'))
    pipeline.project(pipeline.db.records("events")[2:])
    pipeline.project(pipeline.db.records("events")[2:])
    lines = logged(pipeline)
    assert lines["domain object applied"] == {FIRST, SECOND}
    assert lines["domain object refolded"] == lines["domain object redelivered"] == {"late"}
    assert traced(daemon) == lines


def test_the_log_of_an_object_that_is_parked_waits_and_is_healed(pipeline: Pipeline, daemon: Daemon) -> None:
    for number, name in enumerate(["Bad", "Good", "Good"]):
        if number == 2:
            pipeline.deploy(logic_of(Fixed), "v2")
        pipeline.persist(correlated(f"order-{number}", EventId=f'"e-{number}"', EventName=f'"{name}"'))
        pipeline.project(pipeline.db.records("events")[number:])
    lines = logged(pipeline)
    assert lines["domain object parked"] == {"order-0"}
    assert lines["domain object waiting"] == {"order-1"}
    assert lines["domain object healed"] == {"order-2"}
    assert traced(daemon) == lines


@pytest.mark.parametrize(
    ("message", "operation"),
    [
        ("domain object goes back to the stream", "PutItem"),
        ("a part of the batch goes back to the stream", "BatchGetItem"),
    ],
)
def test_what_goes_back_to_the_stream(pipeline: Pipeline, daemon: Daemon, message: str, operation: str) -> None:
    pipeline.persist(correlated(), correlated(SECOND, DomainId='"d-2"'))
    pipeline.db.intercept = failing(operation)
    pipeline.project(pipeline.db.records("events"))
    assert logged(pipeline)[message] == {FIRST, SECOND}
    assert traced(daemon) == logged(pipeline)


def request(**fields: Any) -> dict[str, Any]:
    return {"EventType": "REBUILD", "DomainName": DOMAIN_NAME, "DomainId": "d-1", **fields}


def test_a_rebuild_request_with_a_correlation_id(pipeline: Pipeline, daemon: Daemon) -> None:
    pipeline.persist(correlated())
    pipeline.rebuild(request(CorrelationId="request-1"))
    assert logged(pipeline)["domain object rebuilt"] == {"request-1"}
    assert traced(daemon) == logged(pipeline)


def test_a_rebuild_that_fails(pipeline: Pipeline, daemon: Daemon) -> None:
    for wrong in (request(DomainId="none"), request(EventType="DOMAIN")):
        with pytest.raises(Exception, match=r"stored|must be"):
            pipeline.rebuild({**wrong, "CorrelationId": "request-2"})
    assert logged(pipeline) == traced(daemon) == {"rebuild failed": {"request-2"}}


@pytest.mark.parametrize("value", [None, 5, ["x"], "", "x" * 3_000])
def test_a_rebuild_request_with_an_invalid_correlation_id(pipeline: Pipeline, daemon: Daemon, value: Any) -> None:
    pipeline.persist(body())
    pipeline.rebuild(request(CorrelationId=value))
    assert logged(pipeline)["domain object rebuilt"] == set()
    assert traced(daemon) == logged(pipeline)
