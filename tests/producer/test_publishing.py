"""Guarantee: `publish` puts every event on the bus, or returns it with the reason. No event is lost.

No call holds more than the bus accepts.
"""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from cp_event_source.handler.events.domain_event import parse_domain_event
from cp_event_source.handler.values import exact_json
from cp_event_source.producer import DomainEvent, Unpublished, publish, publishing

from .events import an_event

MEGABYTE = 1024 * 1024

TAKEN = {"EventId": "of-the-bus"}
PASSING = [{"ErrorCode": code, "ErrorMessage": f"why {code}"} for code in ("ThrottlingException", "InternalFailure")]
LASTING = [
    {"ErrorCode": code, "ErrorMessage": f"why {code}"}
    for code in (
        "AccessDeniedException",
        "InvalidArgument",
        "MalformedDetail",
        "NotAuthorizedForSourceException",
        "New",
    )
]


def client_error(code: str, status: int) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": f"why {code}"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "PutEvents")


PASSING_ERRORS: list[Exception] = [
    client_error("ThrottlingException", 400),
    client_error("InternalException", 400),
    client_error("SomethingNew", 503),
    client_error("SomethingNew", 429),
    EndpointConnectionError(endpoint_url="https://events"),
    ConnectTimeoutError(endpoint_url="https://events"),
    ReadTimeoutError(endpoint_url="https://events"),
]
LASTING_ERRORS: list[Exception] = [
    client_error("AccessDeniedException", 400),
    client_error("ValidationException", 400),
    client_error("ResourceNotFoundException", 404),
    NoCredentialsError(),
]


class Bus:
    """A client that answers with `answer`: an exception, or a result for each entry."""

    def __init__(
        self, answer: Callable[[int], Exception | list[dict[str, str]]] = lambda count: [TAKEN] * count
    ) -> None:
        self.answer = answer
        self.calls: list[tuple[list[dict[str, str]], Exception | list[dict[str, str]]]] = []

    def put_events(self, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        answer = self.answer(len(Entries))
        self.calls.append((Entries, answer))
        if isinstance(answer, Exception):
            raise answer
        return {"FailedEntryCount": len(Entries) - answer.count(TAKEN), "Entries": answer}

    def sent(self) -> list[str]:
        """The details of all entries, in order."""
        return [entry["Detail"] for entries, _ in self.calls for entry in entries]

    def taken(self) -> list[str]:
        return [detail for detail, result in self.results() if result == TAKEN]

    def results(self) -> Iterator[tuple[str, Exception | dict[str, str]]]:
        """The result of each entry, or the exception of its call."""
        for entries, answer in self.calls:
            for at, entry in enumerate(entries):
                yield entry["Detail"], answer if isinstance(answer, Exception) else answer[at]


class Pauses(list[float]):
    """Replaces `time.sleep`, and keeps the seconds."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def published(events: list[DomainEvent], bus: Bus, **options: Any) -> list[Unpublished]:
    return publish(events, event_bus="company", client=bus, sleep=Pauses(), **options)


def entry_size(entry: dict[str, str]) -> int:
    """The size by the EventBridge user guide, "Calculating PutEvents event entry size". The entries have no Time."""
    return sum(len(entry[name].encode()) for name in ("Source", "DetailType", "Detail"))


lengths = st.one_of(
    st.integers(0, 200),
    st.sampled_from([100_000, 104_000, 105_000, 349_000, 350_000, 524_000]),
    st.integers(0, 1_100_000),
)


@given(st.lists(lengths, max_size=25))
def test_no_call_exceeds_the_limits_and_all_events_are_sent_once_in_order(payload_lengths: list[int]) -> None:
    events = [an_event("x" * length) for length in payload_lengths]
    bus = Bus()

    unpublished = published(events, bus)

    for entries, _ in bus.calls:
        assert 1 <= len(entries) <= 10
        assert sum(map(entry_size, entries)) <= MEGABYTE
    too_large = {each.event.detail for each in unpublished}
    assert bus.sent() == [event.detail for event in events if event.detail not in too_large]
    assert {(each.error_code, each.attempts) for each in unpublished} <= {("EntryTooLarge", 0)}
    assert all(len(event.detail) > MEGABYTE - 1200 for event in events if event.detail in too_large)
    assert not [event for event in events if len(event.detail) > MEGABYTE - 1024 and event.detail not in too_large]


def test_calls_are_as_full_as_possible() -> None:
    bus = Bus()
    assert published([an_event(number) for number in range(25)], bus) == []
    assert [len(entries) for entries, _ in bus.calls] == [10, 10, 5]
    bus = Bus()
    assert published([an_event(300_000 * "x") for _ in range(10)], bus) == []
    assert [len(entries) for entries, _ in bus.calls] == [3, 3, 3, 1]


def test_an_entry_of_the_maximum_size_is_sent_and_only_a_larger_one_is_not() -> None:
    room = publishing.MAX_ENTRY_BYTES - len("me") - len("FileUploaded") - len(an_event("").detail)
    events = [an_event(1), an_event("x" * room), an_event("x" * (room + 1)), an_event(2)]
    bus = Bus()

    (refused,) = published(events, bus, source="me")

    assert refused.event is events[2]
    assert (refused.error_code, refused.attempts) == ("EntryTooLarge", 0)
    assert refused.error_message == "the entry must have at most 1,047,552 bytes to reach the pipeline; got 1,047,553"
    assert bus.sent() == [event.detail for event in (events[0], events[1], events[3])]
    assert max(entry_size(entry) for entries, _ in bus.calls for entry in entries) == 1_047_552


def nested(levels: int) -> Any:
    payload: Any = 1
    for _ in range(levels):
        payload = [payload]
    return payload


@pytest.mark.parametrize("payload", [{"Total": 2**63}, nested(1100)])
def test_only_the_event_that_putevents_does_not_accept_is_not_sent(payload: Any) -> None:
    events = [an_event(1), an_event(payload), an_event(2)]
    bus = Bus()

    (refused,) = published(events, bus)

    assert refused == Unpublished(events[1], "UnsupportedPayload", events[1].unsupported or "", 0)
    assert bus.sent() == [events[0].detail, events[2].detail]


answers = st.one_of(
    st.just(TAKEN), st.just(TAKEN), st.sampled_from(PASSING), st.sampled_from(PASSING), st.sampled_from(LASTING)
)


@given(st.data(), st.integers(0, 23), st.integers(1, 5))
def test_each_event_is_on_the_bus_or_returned_whatever_fails_at_any_attempt(
    data: st.DataObject, count: int, max_attempts: int
) -> None:
    def answer(entries: int) -> Exception | list[dict[str, str]]:
        if data.draw(st.integers(0, 4)) == 0:
            return data.draw(st.sampled_from(PASSING_ERRORS + LASTING_ERRORS))
        return data.draw(st.lists(answers, min_size=entries, max_size=entries))

    events = [an_event(number) for number in range(count)]
    bus, pauses = Bus(answer), Pauses()

    unpublished = publish(iter(events), event_bus="company", client=bus, max_attempts=max_attempts, sleep=pauses)

    returned = [each.event.detail for each in unpublished]
    assert sorted(bus.taken() + returned) == sorted(event.detail for event in events)
    times_sent = Counter(bus.sent())
    assert all(each.attempts == times_sent[each.event.detail] for each in unpublished)
    last: dict[str, Exception | dict[str, str]] = {}
    for detail, result in bus.results():
        assert detail not in last or passes(last[detail]), (
            "sent again after the bus accepted it or refused it permanently"
        )
        last[detail] = result
    for each in unpublished:
        assert each.attempts == max_attempts or not passes(last[each.event.detail])
        assert (each.error_code, each.error_message) == reason(last[each.event.detail])
    assert all(0 <= pause <= 5 for pause in pauses)


def passes(result: Exception | dict[str, str]) -> bool:
    return result in PASSING or result in PASSING_ERRORS


def reason(result: Exception | dict[str, str]) -> tuple[str, str]:
    if isinstance(result, ClientError):
        return result.response["Error"]["Code"], result.response["Error"]["Message"]
    if isinstance(result, Exception):
        return type(result).__name__, str(result)
    return result["ErrorCode"], result["ErrorMessage"]


def test_only_failed_entries_are_sent_again() -> None:
    events = [an_event(number) for number in range(4)]
    script = iter([[TAKEN, PASSING[0], LASTING[0], PASSING[1]], [PASSING[0], TAKEN], [TAKEN]])
    bus = Bus(lambda count: next(script))

    (refused,) = published(events, bus)

    assert [[json.loads(entry["Detail"])["Payload"] for entry in entries] for entries, _ in bus.calls] == [
        [0, 1, 2, 3],
        [1, 3],
        [1],
    ]
    assert refused == Unpublished(events[2], "AccessDeniedException", "why AccessDeniedException", 1)


def test_pauses_are_random_up_to_a_maximum_that_doubles_to_five_seconds_and_the_last_try_has_none() -> None:
    maxima: list[float] = []
    pauses = Pauses()

    def middle(low: float, high: float) -> float:
        maxima.append(high)
        return (low + high) / 2

    with mock.patch.object(random, "uniform", middle):
        (refused,) = publish(
            [an_event()],
            event_bus="company",
            client=Bus(lambda count: PASSING[:1]),
            max_attempts=9,
            sleep=pauses,
        )
    assert refused.attempts == 9
    assert maxima == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5, 5]
    assert pauses == [high / 2 for high in maxima]


def test_after_a_lost_answer_the_same_event_is_sent_again() -> None:
    """It has the same id and time, and so the same key: the pipeline stores it once."""
    script: Iterator[Any] = iter([ReadTimeoutError(endpoint_url="https://events"), [TAKEN]])
    bus = Bus(lambda count: next(script))

    assert published([an_event({"a": 1})], bus) == []

    first, second = bus.sent()
    assert first == second


def test_a_returned_event_can_be_published_again_unchanged() -> None:
    event = an_event()
    (refused,) = published([event], Bus(lambda count: LASTING[:1]))
    bus = Bus()
    assert published([refused.event], bus) == []
    assert bus.taken() == [event.detail]


def test_publish_reads_no_more_events_ahead_than_one_call_holds() -> None:
    read = 0
    ahead: list[int] = []

    def endless() -> Iterator[DomainEvent]:
        nonlocal read
        for number in range(1000):
            read += 1
            ahead.append(read - len(bus.sent()))
            yield an_event(number)

    bus = Bus()
    assert publish(endless(), event_bus="company", client=bus) == []
    assert len(bus.sent()) == 1000
    assert max(ahead) == 11


def test_an_error_that_does_not_come_from_aws_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        published([an_event()], Bus(lambda count: ZeroDivisionError()))


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"event_bus": ""}, "event_bus: must be"),
        ({"source": ""}, "source: must have 1 to 256 characters; got 0"),
        ({"source": "x" * 257}, "source: must have 1 to 256 characters; got 257"),
        ({"max_attempts": 0}, "max_attempts: must be at least 1; got 0"),
    ],
)
def test_an_argument_out_of_range_is_refused_before_anything_is_sent(options: Any, reason: str) -> None:
    bus = Bus()
    with pytest.raises(ValueError, match=reason):
        publish([an_event()], **({"event_bus": "company", "client": bus} | options))
    assert bus.calls == []


@pytest.mark.parametrize(
    ("name", "detail_type"),
    [("x" * 128, "x" * 128), ("x" * 256, "x" * 128), ("ä" * 128, "ä" * 64), ("x" + "ä" * 100, "x" + "ä" * 63)],
)
def test_a_detail_type_is_cut_to_the_limit_of_the_bus_and_the_event_keeps_its_whole_name(
    name: str, detail_type: str
) -> None:
    bus = Bus()
    assert published([an_event(event_name=name)], bus) == []
    ((entry,), _) = bus.calls[0]
    assert entry["DetailType"] == detail_type
    assert json.loads(entry["Detail"])["EventName"] == name


@pytest.fixture
def client() -> Any:
    return boto3.client(
        "events",
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )


def test_requests_and_answers_match_the_api(client: Any) -> None:
    events = [an_event(number) for number in range(3)]
    entries = [
        {"EventBusName": "company", "Source": "shop", "DetailType": "FileUploaded", "Detail": event.detail}
        for event in events
    ]
    failed = {"ErrorCode": "InternalFailure", "ErrorMessage": "Unexpected"}
    with Stubber(client) as stub:
        stub.add_client_error(
            "put_events", "ThrottlingException", "Rate exceeded", 400, expected_params={"Entries": entries}
        )
        stub.add_response(
            "put_events", {"FailedEntryCount": 2, "Entries": [failed, {"EventId": "1"}, failed]}, {"Entries": entries}
        )
        stub.add_client_error(
            "put_events", "AccessDenied", "Not allowed", 403, expected_params={"Entries": [entries[0], entries[2]]}
        )

        unpublished = publish(events, event_bus="company", source="shop", client=client, sleep=Pauses())

        stub.assert_no_pending_responses()
    assert unpublished == [
        Unpublished(events[0], "AccessDenied", "Not allowed", 3),
        Unpublished(events[2], "AccessDenied", "Not allowed", 3),
    ]


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty account in memory, and a process that has published nothing yet."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setattr(publishing, "_default_client", None)
    with mock_aws():
        yield


def test_without_a_client_events_get_to_the_pipelines_rule_and_the_client_is_made_once(account: None) -> None:
    bus, sqs = boto3.client("events"), boto3.client("sqs")
    bus.create_event_bus(Name="company")
    queue = sqs.create_queue(QueueName="ingest")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = '{"detail": {"EventType": ["DOMAIN"], "DomainName": ["File"]}}'
    bus.put_rule(Name="domain-event", EventBusName="company", EventPattern=pattern)
    bus.put_targets(Rule="domain-event", EventBusName="company", Targets=[{"Id": "ingest", "Arn": arn}])
    events = [an_event({"Number": number, "Share": 0.1}) for number in range(12)]

    with mock.patch.object(boto3, "client", wraps=boto3.client) as made:
        assert publish(events, event_bus="company") == []
        assert publish([an_event(domain_name="Account")], event_bus="company") == []

    assert made.call_count == 1
    assert made.call_args.kwargs["config"].retries["total_max_attempts"] == 1, "only `publish` retries"
    bodies = [message["Body"] for _ in range(3) for message in received(sqs, queue)]
    details = [exact_json.loads(body)["detail"] for body in bodies]
    parsed = [parse_domain_event(d, domain_name="File", latest="9999-12-31T23:59:59.999999999Z") for d in details]
    assert {event.event_id for event in parsed} == {event.event_id for event in events}
    assert {exact_json.loads(body)["source"] for body in bodies} == {"cp-event-source.producer"}


def received(sqs: Any, queue: str) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
    return messages
