"""Guarantee: every message ends stored once, quarantined whole, or back in the queue; none touches another."""

import json
import random
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cp_event_source.handler.aws import clients
from cp_event_source.handler.aws.settings import PersistSettings
from cp_event_source.handler.aws.telemetry import Telemetry
from cp_event_source.handler.aws.tracing import Tracing
from cp_event_source.handler.domain.fold import fold
from cp_event_source.handler.domain.state import INITIAL_STATE
from cp_event_source.handler.events.ingest import event_item
from cp_event_source.handler.events.stored_event import StoredEvent
from cp_event_source.handler.persist import _FRACTION_OF_TIME, Persist
from cp_event_source.handler.projection.rows import DomainRow
from cp_event_source.handler.values import exact_json
from cp_event_source.handler.values.attribute_value import decode, decode_item, item_size
from cp_event_source.handler.values.threads import Threads
from cp_event_source.resources import persist_function
from tests.doubles.aws import AwsError
from tests.doubles.clients import direct_dynamodb, direct_sqs
from tests.doubles.clock import FunctionClock
from tests.doubles.dynamodb import DynamoDB
from tests.doubles.sqs import SQS

from .daemon import SAMPLED, listening
from .given import detail, logic
from .on_moto import SETTINGS, PersistFunction, client_error

NUMBERS = ["0.1", "12345678901234567890", "1E+30", "99999999999999999999999999999999999999", "-0.0", "1.0"]


def body(number: int = 1, payload: str = "null", **fields: Any) -> str:
    """A message's body, the payload as JSON text."""
    event = {
        "version": "0",
        "id": f"b-{number}",
        "detail-type": "Noted",
        "source": "app",
        "account": "111122223333",
        "time": "2026-01-01T00:00:00Z",
        "region": "eu-central-1",
        "resources": [],
        "detail": detail(number, "PAYLOAD", **fields),
    }
    return json.dumps(event).replace('"PAYLOAD"', payload)


def bodies_of_objects(number: int) -> list[str]:
    """One event of each domain object."""
    return [body(each, DomainId=f"d-{each}") for each in range(number)]


def without(field: str) -> str:
    message = json.loads(body())
    del message["detail"][field]
    return json.dumps(message)


def in_the_future() -> str:
    return (datetime.now(UTC) + timedelta(hours=1)).isoformat()


class TestTime:
    def test_messages_for_which_no_time_is_left_go_back(self, persist: PersistFunction) -> None:
        over = SimpleNamespace(get_remaining_time_in_millis=lambda: 0)
        assert persist.handle(body(1), body(2), context=over) == ["m0", "m1"]
        assert persist.stored() == []
        assert persist.quarantined() == []

    def test_the_last_message_begun_is_processed_in_time(self) -> None:
        """It takes two calls at most: the table refuses it, and it is quarantined."""
        begun_by = _FRACTION_OF_TIME * persist_function.TIMEOUT_SECONDS
        assert begun_by + 2 * clients.MAX_CALL_SECONDS <= persist_function.TIMEOUT_SECONDS


class TestStored:
    def test_an_event_is_stored_with_what_the_bus_knows_of_it(self, persist: PersistFunction) -> None:
        assert persist.handle(body(1, '{"Name": "a.txt"}', CorrelationId="c-1", IpAddress="192.0.2.1", Extra=1)) == []
        (item,) = persist.stored()
        assert decode_item(item) == {
            "DomainId": "d-1",
            "EventKey": "2026-01-01T00:00:01.000000000Z#e-1",
            "EventTime": "2026-01-01T00:00:01Z",
            "EventId": "e-1",
            "UserId": "u-1",
            "EventType": "DOMAIN",
            "EventName": "Noted",
            "DomainName": "File",
            "Version": 1,
            "Payload": {"Name": "a.txt"},
            "CorrelationId": "c-1",
            "IpAddress": "192.0.2.1",
            "Extensions": {"Extra": 1},
            "Bus": {
                "Id": "b-1",
                "Time": "2026-01-01T00:00:00Z",
                "Source": "app",
                "Account": "111122223333",
                "Region": "eu-central-1",
                "DetailType": "Noted",
            },
        }
        assert persist.quarantined() == []

    def test_an_event_is_stored_with_when_it_came_to_the_queue(self, persist: PersistFunction) -> None:
        record = {"messageId": "m0", "body": body(1), "attributes": {"SentTimestamp": "1767225602500"}}
        persist.function.handle({"Records": [record]}, None)
        (item,) = persist.stored()
        assert StoredEvent.of(item).arrived_at == "2026-01-01T00:00:02.500+00:00"

    def test_a_replay_of_the_buss_archive_is_a_duplicate(self, persist: PersistFunction) -> None:
        replayed = json.dumps({**json.loads(body(1)), "id": "b-2", "replay-name": "again", "resources": ["arn:x"]})
        persist.handle(body(1), replayed)
        (item,) = persist.stored()
        assert decode_item(item)["Bus"]["Id"] == "b-1"
        persist.handle(replayed.replace('"e-1"', '"e-2"'))
        assert (
            decode_item(persist.stored()[1])["Bus"].items() >= {"ReplayName": "again", "Resources": ["arn:x"]}.items()
        )

    @pytest.mark.parametrize("count", [1, 10, 25])
    def test_an_event_costs_exactly_one_call_of_dynamodb(self, persist: PersistFunction, count: int) -> None:
        persist.handle(*(body(number) for number in range(count)))
        assert [name for name, _ in persist.table_calls.made] == ["PutItem"] * count
        assert persist.table_calls.requests == count
        assert persist.queue_calls.requests == 0

    def test_duplicates_and_conflicts_cost_one_call_too(self, persist: PersistFunction) -> None:
        persist.handle(body(1), body(1), body(1, "2"))
        assert persist.table_calls.requests == 3

    def test_a_write_is_conditional_on_the_keys_being_free(self, persist: PersistFunction) -> None:
        persist.handle(body())
        ((_, call),) = persist.table_calls.made
        assert call["ConditionExpression"] == "attribute_not_exists(EventKey)"

    @pytest.mark.parametrize("number", [*NUMBERS, "1E-130", "9.9E+125", "1" + "0" * 40 + "1", "1E+999"])
    def test_numbers_survive_from_the_body_to_apply_and_to_the_row(self, persist: PersistFunction, number: str) -> None:
        """In the payload and, where a row can hold it, in the row: equal, and never through a binary float."""
        persist.handle(body(1, f'{{"Number": {number}}}'))
        (item,) = persist.stored()
        seen: list[Any] = []

        class Total:
            def __init__(self, domain_id: str, number: Any = 0) -> None:
                self.domain_id, self.number = domain_id, number

            def apply(self, payload: Any, domain_payload: Any) -> None:
                seen.extend([payload["Number"], domain_payload["Number"]["N"]])
                self.number = payload["Number"] if number in NUMBERS else str(payload["Number"])

        class Domain:
            @staticmethod
            def create_new(domain_id: str) -> Total:
                return Total(domain_id)

            @staticmethod
            def from_dynamo_item(item: Any) -> Total:
                return Total(item.DomainId, item.Number)

            @staticmethod
            def to_dynamo_item(total: Total) -> dict[str, Any]:
                return {"DomainId": total.domain_id, "Number": total.number}

        folded = fold(logic(Total, Domain), INITIAL_STATE, [StoredEvent.of(item)], seconds_per_event=30)
        assert folded.failure is None
        assert [Decimal(each) for each in seen] == [Decimal(number)] * 2
        persist.dynamodb.put_item(TableName="rows", Item=DomainRow("d-1", folded.state, "v1").to_item())
        row = persist.dynamodb.get_item(TableName="rows", Key={"DomainId": {"S": "d-1"}})["Item"]
        assert Decimal(decode(row["Number"])) == Decimal(number)
        assert not isinstance(decode(row["Number"]), float)

    def test_a_payload_that_dynamodb_does_not_hold_comes_back_equal(self, persist: PersistFunction) -> None:
        payload = '{"": [1E+999, "\\ud800"], "deep": ' + "[" * 40 + "]" * 40 + "}"
        assert persist.handle(body(1, payload)) == []
        (item,) = persist.stored()
        assert StoredEvent.of(item).payload == exact_json.loads(payload)

    def test_a_large_payload_is_stored_within_an_items_size(self, persist: PersistFunction) -> None:
        payload = json.dumps("x" * 900_000)
        assert persist.handle(body(1, payload)) == []
        (item,) = persist.stored()
        assert item_size(item) < 400 * 1024
        assert StoredEvent.of(item).payload == json.loads(payload)


class TestDuplicates:
    @pytest.mark.parametrize(
        ("first", "again"),
        [
            (body(1, '{"a": 1, "b": 2}'), body(1, '{"a": 1, "b": 2}')),
            (body(1, '{"a": 1, "b": 2}'), body(1, '{"b": 2.0, "a": 1e0}')),
            (body(1, "1.0"), body(1, "1")),
            (body(1, "1E+200"), body(1, "1" + "0" * 200)),
            (body(1, "0"), body(1, "-0.0")),
            (body(1), body(1, EventTime="2026-01-01T01:00:01.000+01:00")),
            (body(1), body(1, EventTime="2026-01-01 00:00:01")),
            (body(1), body(1, CorrelationId=None)),
            (body(1), body(1).replace('"id": "b-1"', '"id": "b-2"')),
        ],
    )
    def test_the_same_content_is_a_success_and_changes_nothing(
        self, persist: PersistFunction, first: str, again: str
    ) -> None:
        persist.handle(first)
        before = persist.stored()
        assert persist.handle(again) == []
        assert persist.stored() == before
        assert persist.quarantined() == []

    @pytest.mark.parametrize(
        "other",
        [
            body(1, "true"),
            body(1, '"1"'),
            body(1, "1.0000000000000000000000000000000000000000000000001"),
            body(1, "1", EventName="Other"),
            body(1, "1", UserId="u-2"),
            body(1, "1", Version=2),
            body(1, "1", CorrelationId="c-1"),
            body(1, "1", Extra=None),
        ],
    )
    def test_other_content_under_one_key_is_quarantined_and_never_overwrites(
        self, persist: PersistFunction, other: str
    ) -> None:
        persist.handle(body(1, "1"))
        before = persist.stored()
        assert persist.handle(other) == []
        assert persist.stored() == before
        ((kept, attributes),) = persist.quarantined()
        assert kept == other
        assert attributes["ReasonCode"] == "conflict"
        assert attributes["Reason"].startswith("EventId: must identify one event")

    def test_one_id_at_another_instant_is_another_event(self, persist: PersistFunction) -> None:
        persist.handle(body(1, EventId="e"), body(2, EventId="e"))
        assert len(persist.stored()) == 2


BAD = {
    "missing field": (without("UserId"), "UserId: is required; found nothing"),
    "missing payload": (without("Payload"), "Payload: is required; found nothing"),
    "wrong field": (body(1, EventName=5), "EventName: must be a non-empty string; found 5"),
    "wrong version": (body(1, Version="1"), 'Version: must be a whole number of at most 38 digits; found "1"'),
    "unreadable time": (body(1, EventTime="soon"), "EventTime: must be a time that can be ordered: it is not"),
    "too many digits": (body(1, EventTime="2026-01-01T00:00:00.0000000001Z"), "EventTime: must be a time that can be"),
    "far future": (body(1, EventTime="9999-01-01T00:00:00Z"), "EventTime: must not be in the future, after 20"),
    "an hour ahead": (body(1, EventTime=in_the_future()), "EventTime: must not be in the future"),
    "other domain": (body(1, DomainName="Account"), 'DomainName: must be "File"; found "Account"'),
    "other type": (body(1, EventType="PROCESS"), 'EventType: must be "DOMAIN"; found "PROCESS"'),
    "payload is not JSON": (body(1, "{'Name': 'a'}"), "body: must be JSON; found Expecting property name"),
    "payload is NaN": (body(1, "NaN"), "body: must be JSON; found NaN is not JSON"),
    "not JSON": ("not JSON at all", "body: must be JSON; found Expecting value"),
    "cut": (body()[:-5], "body: must be JSON; found "),
    "not an object": ("[1]", "body: must be a bus event"),
    "no detail": ('{"id": "b-1"}', "detail: must be an object; found null"),
    "detail is text": ('{"detail": "text"}', 'detail: must be an object; found "text"'),
    "surrogate": (body(1, DomainId="\ud800"), "DomainId: must be Unicode text"),
    "not ASCII": (body(1, DomainName="Datei \U0001f600"), r'DomainName: must be "File"; found "Datei \ud83d\ude00"'),
    "deep": (body(1, "[" * 100_000 + "]" * 99_999), "body: must be JSON; found Expecting ',' delimiter"),
    "spelled with spaces": ('{ "detail" :\n\t{} }\n', "DomainId: is required; found nothing | EventTime: is required"),
}


class TestQuarantine:
    @pytest.mark.parametrize("name", BAD)
    def test_bad_input_is_quarantined_whole_and_the_rest_is_stored(self, persist: PersistFunction, name: str) -> None:
        bad, reason = BAD[name]
        assert persist.handle(body(1), bad, body(2)) == []
        assert [item["EventId"]["S"] for item in persist.stored()] == ["e-1", "e-2"]
        ((kept, attributes),) = persist.quarantined()
        assert kept == bad
        assert attributes["ReasonCode"] == "contract-violation"
        assert attributes["Reason"].startswith(reason)

    def test_all_bad_inputs_at_once(self, persist: PersistFunction) -> None:
        assert persist.handle(body(1), *(bad for bad, _ in BAD.values()), body(2)) == []
        assert len(persist.stored()) == 2
        assert sorted(kept for kept, _ in persist.quarantined()) == sorted(bad for bad, _ in BAD.values())

    def test_an_event_that_fits_into_no_item_is_quarantined(self, persist: PersistFunction) -> None:
        bad = body(1, json.dumps(random.Random(1).randbytes(450_000).hex()))
        assert persist.handle(bad, body(2)) == []
        ((kept, attributes),) = persist.quarantined()
        assert kept == bad
        assert attributes["ReasonCode"] == "unstorable"
        sizes = r"takes 9\d{5} bytes, and \d{6} compressed; an item must take at most 409600"
        assert re.search(sizes, attributes["Reason"])
        assert len(persist.stored()) == 1

    def test_a_number_that_no_decimal_can_hold_is_quarantined(self, persist: PersistFunction) -> None:
        bad = body(1, "1e99999999999999999999")
        assert persist.handle(bad, body(2)) == []
        ((kept, attributes),) = persist.quarantined()
        assert kept == bad
        assert attributes["ReasonCode"] == "unstorable"
        assert attributes["Reason"] == (
            "body: a number must be below 1e1000000000000000000 and have at most 1999999999999999997 decimal places; "
            "found 1e99999999999999999999"
        )

    def test_an_item_that_dynamodb_refuses_is_quarantined(self, persist: PersistFunction) -> None:
        persist.table_calls.fail = lambda name, call: client_error("ValidationException")
        assert persist.handle(body()) == []
        ((kept, attributes),) = persist.quarantined()
        assert kept == body()
        assert attributes["ReasonCode"] == "unstorable"
        assert attributes["Reason"] == "the event cannot be stored: message of ValidationException"

    def test_the_attributes_name_the_function_and_the_time(self, persist: PersistFunction) -> None:
        persist.handle("x")
        ((_, attributes),) = persist.quarantined()
        assert attributes.keys() == {"ReasonCode", "Reason", "QuarantinedAt", "FunctionName"}
        assert attributes["FunctionName"] == "persist-1"
        assert datetime.fromisoformat(attributes["QuarantinedAt"]).tzinfo is not None

    def test_bad_input_costs_no_call_of_dynamodb(self, persist: PersistFunction) -> None:
        persist.handle(*(bad for bad, _ in BAD.values()))
        assert persist.table_calls.requests == 0

    def test_a_time_within_the_allowed_skew_is_stored(self, persist: PersistFunction) -> None:
        soon = (datetime.now(UTC) + timedelta(seconds=300)).isoformat()
        assert persist.handle(body(1, EventTime=soon)) == []
        assert len(persist.stored()) == 1


def fails_for(text: str, code: str) -> Any:
    return lambda name, call: client_error(code) if text in repr(call) else None


class TestInfrastructure:
    @pytest.mark.parametrize(
        "code",
        [
            "ProvisionedThroughputExceededException",
            "ThrottlingException",
            "RequestLimitExceeded",
            "InternalServerError",
            "ResourceNotFoundException",
            "AccessDeniedException",
        ],
    )
    def test_an_error_returns_only_that_message_to_the_queue(self, persist: PersistFunction, code: str) -> None:
        persist.table_calls.fail = fails_for("'e-2'", code)
        assert persist.handle(body(1), body(2), body(3)) == ["m1"]
        assert [item["EventId"]["S"] for item in persist.stored()] == ["e-1", "e-3"]
        assert persist.quarantined() == []

    def test_a_fault_that_is_no_reply_returns_the_message_too(self, persist: PersistFunction) -> None:
        persist.table_calls.fail = lambda name, call: TimeoutError() if "'e-2'" in repr(call) else None
        assert persist.handle(body(1), body(2), body(3)) == ["m1"]

    def test_a_message_that_cannot_be_quarantined_goes_back_to_the_queue(self, persist: PersistFunction) -> None:
        persist.queue_calls.fail = fails_for("bad one", "InvalidParameterValue")
        assert persist.handle("bad one", body(1), "bad two") == ["m0"]
        assert [kept for kept, _ in persist.quarantined()] == ["bad two"]
        assert len(persist.stored()) == 1

    def test_a_conflict_that_cannot_be_quarantined_goes_back_to_the_queue(self, persist: PersistFunction) -> None:
        persist.handle(body(1, "1"))
        persist.queue_calls.fail = lambda name, call: client_error("ServiceUnavailable", "SendMessage")
        assert persist.handle(body(1, "2"), body(2)) == ["m0"]

    def test_when_all_fail_all_go_back(self, persist: PersistFunction) -> None:
        persist.table_calls.fail = lambda name, call: client_error("ThrottlingException")
        assert persist.handle(body(1), body(2)) == ["m0", "m1"]

    def test_a_message_delivered_again_after_a_fault_is_stored_once(self, persist: PersistFunction) -> None:
        persist.table_calls.fail = lambda name, call: client_error("ThrottlingException")
        persist.handle(body(1))
        persist.table_calls.fail = lambda name, call: None
        assert persist.handle(body(1)) == []
        assert persist.handle(body(1)) == []
        assert len(persist.stored()) == 1


class SideBySide:
    """The persist function with the threads that it has on Lambda, on doubles."""

    def __init__(self, clock: FunctionClock, daemon: str = "") -> None:
        self.db, self.sqs = DynamoDB(), SQS()
        self.db.create_table("events", "DomainId", "EventKey")
        self.letters = self.sqs.create_queue("letters")
        self.threads: dict[str, threading.Thread] = {}
        """The thread that stored each event, by EventId."""
        self.meet: Callable[[], object] = lambda: None
        """Called in each write, before it takes effect."""
        self.db.intercept = self._intercept
        self.writers = Threads(clients.CONNECTIONS)
        self.clock = clock
        self.function = Persist.start(
            PersistSettings.read({**SETTINGS, "INGEST_DEAD_LETTER_QUEUE_URL": self.letters}),
            direct_dynamodb(self.db),
            direct_sqs(self.sqs),
            Telemetry("File", "persist", clock, Tracing(clock, daemon)),
            self.writers,
            clock,
        )

    def handle(self, *bodies: str, seconds: float = 1000) -> list[str]:
        records = [{"messageId": f"m{number}", "body": body} for number, body in enumerate(bodies)]
        context = SimpleNamespace(get_remaining_time_in_millis=lambda: 1000 * seconds)
        reply = self.function.handle({"Records": records}, context)
        return [failure["itemIdentifier"] for failure in reply["batchItemFailures"]]

    def stored(self) -> dict[str, Any]:
        return {item["EventId"]["S"]: decode(item["Payload"]) for item in self.db.items("events")}

    def _intercept(self, operation: str, request: Mapping[str, Any], phase: str) -> None:
        if phase == "before":
            self.threads[request["Item"]["EventId"]["S"]] = threading.current_thread()
            self.meet()


class TestReports:
    def test_if_the_process_dies_the_log_has_the_messages_before(
        self, persist: PersistFunction, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It dies of the time or the memory that a message takes."""

        class Died(BaseException):
            pass

        def read(text: str, **arguments: Any) -> Any:
            if text == body(3):
                raise Died
            return event_item(text, **arguments)

        monkeypatch.setattr("cp_event_source.handler.persist.event_item", read)
        with pytest.raises(Died):
            persist.handle(body(1), "not JSON", body(2), body(3))
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [line["message"] for line in lines] == ["event stored", "event quarantined", "event stored"]

    def test_a_trace_shows_when_a_write_ended_and_not_when_it_was_reported(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The second message is written at once, and reported after the first one, which takes 20 s."""
        monkeypatch.setenv("_X_AMZN_TRACE_ID", SAMPLED)
        with listening() as daemon:
            side_by_side = SideBySide(FunctionClock(), daemon.address)
            submit, writes, both = side_by_side.writers.submit, [], threading.Event()

            def submitted(*arguments: Any) -> Any:
                writes.append(submit(*arguments))
                if len(writes) == 2:
                    both.set()
                return writes[-1]

            def take_long() -> None:
                if threading.current_thread() is side_by_side.threads.get("e-1"):
                    assert both.wait(20)
                    writes[1].result()
                    side_by_side.clock.advance(20)

            monkeypatch.setattr(side_by_side.writers, "submit", submitted)
            side_by_side.meet = take_long
            assert side_by_side.handle(*bodies_of_objects(3)[1:]) == []
            side_by_side.writers.shutdown()
            assert [each["end_time"] - each["start_time"] for each in daemon.received()] == [20, 0]


@pytest.fixture
def side_by_side() -> Iterator[SideBySide]:
    function = SideBySide(FunctionClock())
    yield function
    function.writers.shutdown()


class TestSideBySide:
    def test_ten_messages_are_written_at_once(self, side_by_side: SideBySide) -> None:
        """Ten writes that each wait until all have begun."""
        side_by_side.meet = threading.Barrier(10, timeout=20).wait
        assert side_by_side.handle(*bodies_of_objects(10)) == []
        assert len(side_by_side.stored()) == 10

    def test_an_object_does_not_wait_for_another_object(self, side_by_side: SideBySide) -> None:
        """Of five objects with two events each, five writes wait for one another, and then the other five."""
        side_by_side.meet = threading.Barrier(5, timeout=20).wait
        assert side_by_side.handle(*(body(number, DomainId=f"d-{number // 2}") for number in range(10))) == []
        assert len(side_by_side.stored()) == 10

    @given(
        st.lists(
            st.tuples(st.sampled_from(["d-1", "d-2", "d-3"]), st.integers(0, 4), st.booleans(), st.booleans()),
            min_size=2,
            max_size=12,
        )
    )
    @settings(max_examples=25)
    def test_the_events_of_one_object_are_written_in_the_order_of_the_batch(
        self, messages: list[tuple[str, int, bool, bool]]
    ) -> None:
        """Whatever each write takes, whether it fails, and whether another thread writes it."""
        side_by_side = SideBySide(FunctionClock())
        written: list[tuple[str, int]] = []

        def write(operation: str, request: Mapping[str, Any], phase: str) -> None:
            number = int(request["Item"]["EventId"]["S"].removeprefix("e-"))
            domain_id, milliseconds, fails, _ = messages[number]
            if phase == "before":
                threading.Event().wait(milliseconds / 1000)
                written.append((domain_id, number))
                if fails:
                    raise AwsError("InternalServerError", "oops")

        side_by_side.db.intercept = write
        payloads = ['"' + "x" * 70_000 + '"' if is_large else "null" for *_, is_large in messages]
        bodies = [
            body(number, payload, DomainId=domain_id)
            for number, (payload, (domain_id, *_)) in enumerate(zip(payloads, messages, strict=True))
        ]
        to_return = side_by_side.handle(*bodies)
        side_by_side.writers.shutdown()
        assert to_return == [f"m{number}" for number, (_, _, fails, _) in enumerate(messages) if fails]
        assert len(written) == len(messages)
        assert sorted(written) == sorted(written, key=lambda each: each[0])

    def test_no_more_are_written_at_once_than_there_are_connections(self, side_by_side: SideBySide) -> None:
        in_progress: list[int] = []
        most: list[int] = []

        def meet() -> None:
            in_progress.append(1)
            most.append(len(in_progress))
            threading.Event().wait(0.002)
            in_progress.pop()

        side_by_side.meet = meet
        assert side_by_side.handle(*bodies_of_objects(40)) == []
        assert len(side_by_side.stored()) == 40
        assert 1 < max(most) <= clients.CONNECTIONS

    def test_a_message_that_would_wait_for_a_connection_until_the_time_is_over_goes_back(
        self, side_by_side: SideBySide
    ) -> None:
        """Whatever begins in time is written in time."""

        def take_long() -> None:
            threading.Event().wait(0.2)
            side_by_side.clock.advance(60)

        all_busy = threading.Barrier(10, action=take_long, timeout=20)
        side_by_side.meet = lambda: all_busy.wait() if len(side_by_side.threads) <= 10 else None
        assert side_by_side.handle(*bodies_of_objects(12), seconds=90) == ["m10", "m11"]
        assert len(side_by_side.stored()) == 10

    def test_of_two_contents_of_one_event_the_first_of_the_batch_is_stored(self, side_by_side: SideBySide) -> None:
        """The other one is quarantined, however slow the first is."""
        waits = iter([0.2, 0, 0, 0])
        side_by_side.meet = lambda: threading.Event().wait(next(waits))
        assert side_by_side.handle(body(1, "1"), body(2), body(1, "2"), body(1, "1")) == []
        assert side_by_side.stored() == {"e-1": 1, "e-2": None}
        ((letter,),) = [side_by_side.sqs.handle("ReceiveMessage", {"QueueUrl": side_by_side.letters})["Messages"]]
        assert letter["Body"] == body(1, "2")

    @pytest.mark.parametrize("payload", ["2", json.dumps("x" * 100_000)], ids=["in a thread", "at once"])
    @pytest.mark.parametrize("number", [1, 2], ids=["same event", "same object"])
    def test_a_message_that_would_wait_for_its_object_until_the_time_is_over_goes_back(
        self, number: int, payload: str, side_by_side: SideBySide
    ) -> None:
        """The write before it takes its own time, and the message's own two calls come on top of it."""

        def take_long() -> None:
            threading.Event().wait(0.2)
            side_by_side.clock.advance(46)

        side_by_side.meet = take_long
        assert side_by_side.handle(body(1, "1"), body(number, payload), seconds=90) == ["m1"]
        assert side_by_side.stored() == {"e-1": 1}

    @pytest.mark.parametrize("threads", [0, 2])
    def test_a_process_without_more_threads_stores_the_whole_batch(
        self, threads: int, side_by_side: SideBySide, limit_threads: Callable[[int], None]
    ) -> None:
        limit_threads(threads)
        side_by_side.meet = lambda: threading.Event().wait(0.005)
        objects = [body(number, DomainId=f"d-{number % 3}") for number in range(10)]
        assert side_by_side.handle(*objects, "not JSON") == []
        side_by_side.writers.shutdown()
        assert len(side_by_side.stored()) == 10

    def test_an_error_returns_only_that_message(self, side_by_side: SideBySide) -> None:
        def meet() -> None:
            if side_by_side.threads.get("e-2") is threading.current_thread():
                raise AwsError("InternalServerError", "oops")

        side_by_side.meet = meet
        assert side_by_side.handle(body(1), body(2), "not JSON") == ["m1"]
        assert list(side_by_side.stored()) == ["e-1"]

    @pytest.mark.parametrize("bodies", [[body(1)], [body(1, json.dumps("x" * 100_000)), body(2)]])
    def test_one_message_or_a_large_one_is_stored_in_the_thread_that_reads(
        self, bodies: list[str], side_by_side: SideBySide
    ) -> None:
        """There is nothing to do meanwhile, or no memory for ten of them."""
        assert side_by_side.handle(*bodies) == []
        assert side_by_side.threads["e-1"] is threading.current_thread()
        assert side_by_side.threads.get("e-2") is not threading.current_thread()
