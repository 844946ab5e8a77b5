"""Guarantee: what the project function replies to Lambda, calls on AWS, logs and counts."""

import base64
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from cp_event_source.handler.aws import clients
from cp_event_source.handler.aws.settings import ProjectSettings
from cp_event_source.handler.aws.telemetry import Telemetry
from cp_event_source.handler.domain.index_keys import IndexKey
from cp_event_source.handler.domain.logic import load
from cp_event_source.handler.events.domain_event import DomainEvent
from cp_event_source.handler.events.stored_event import to_item
from cp_event_source.handler.project import Project
from cp_event_source.handler.projection.notes import MAX_INVOCATION_SECONDS
from cp_event_source.handler.projection.rebuild import RebuildFailed
from cp_event_source.handler.rebuild_requests import BadRebuildRequest
from tests.doubles.clock import SettableClock

from .on_moto import shared_clients

LAYER = """
from dataclasses import dataclass

@dataclass
class Account:
    DomainId: str
    Owner: str
    Balance: object = 0

    def apply(self, payload, event_name):
        if event_name == "Poison":
            raise ValueError("secret-in-exception")
        if event_name == "Deadly":
            raise KeyboardInterrupt  # nothing here handles it: it ends the invocation as the end of the process would
        self.Balance += payload["Amount"]

class Domain:
    @staticmethod
    def from_dynamo_item(item):
        return Account(item.DomainId, item.Owner, item.Balance)

    @staticmethod
    def create_new(domain_id, user_id):
        return Account(domain_id, user_id)

    @staticmethod
    def to_dynamo_item(account):
        return {"DomainId": account.DomainId, "Owner": account.Owner, "Balance": account.Balance}
"""


class Pipeline:
    """The project function, started as Lambda starts it, on tables and queues of moto."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, layer: Path) -> None:
        self.dynamodb, self.sqs = shared_clients()
        self._table("events", "DomainId", "EventKey")
        self._table("rows", "DomainId")
        self._table("snapshots", "DomainId", "CpEventSourceSlot")
        self.parked_queue = self.sqs.create_queue(QueueName="parked")["QueueUrl"]
        self.clock = SettableClock()
        self.settings = ProjectSettings.read(
            {
                "AWS_LAMBDA_FUNCTION_NAME": "project",
                "DOMAIN_NAME": "Account",
                "DOMAIN_EVENTS_TABLE": "events",
                "DOMAIN_TABLE": "rows",
                "DOMAIN_SNAPSHOTS_TABLE": "snapshots",
                "EVENTS_PER_SNAPSHOT": "100",
                "PARKED_QUEUE_URL": self.parked_queue,
                "LOGIC_VERSION": "arn:layer:1",
                "EVENT_TIME_LIMIT_SECONDS": "5",
            }
        )
        monkeypatch.syspath_prepend(str(layer))
        monkeypatch.delitem(sys.modules, "domain_handler", raising=False)
        self._logic = load()
        self.calls: list[str] = []
        self.broken: set[tuple[str, str]] = set()
        """Operations and the DomainIds for which they fail."""
        self.index_types: dict[str, str] = {}
        """The types of attributes that are keys of the domain table's indexes. As DynamoDB does, and moto does not, a
        put refuses an item in which such an attribute has another type."""
        self.client: Any = clients.dynamodb()
        self.client.meta.events.register("provide-client-params.dynamodb.*", self._called)
        self.restart()

    def restart(self) -> None:
        """The function in a separate process."""
        telemetry = Telemetry("Account", "project", self.clock)
        writers = ThreadPoolExecutor(clients.CONNECTIONS)
        self.function = Project.start(
            self.settings, self._logic, self.client, clients.sqs(), telemetry, writers, self.clock
        )

    def store(self, number: int, domain_id: str = "a", name: str = "Booked", amount: Any = 1) -> dict[str, Any]:
        """Store an event; the record that the stream carries of it."""
        event = DomainEvent(
            domain_id=domain_id,
            event_time=f"2026-01-01T00:00:{number:02}Z",
            instant=f"2026-01-01T00:00:{number:02}.000000000Z",
            event_id=f"e{number}",
            user_id="secret-user",
            event_type="DOMAIN",
            event_name=name,
            domain_name="Account",
            version=1,
            payload={"Amount": amount, "Note": "secret-payload"},
            correlation_id=None,
            ip_address="10.9.8.7",
            extensions={},
        )
        item = to_item(event, {"Id": "bus"})
        self.dynamodb.put_item(TableName="events", Item=item)
        self.calls.clear()
        return {
            "eventName": "INSERT",
            "dynamodb": {
                "Keys": {name: item[name] for name in ("DomainId", "EventKey")},
                "NewImage": {name: _as_in_a_record(value) for name, value in item.items()},
                "SequenceNumber": f"{domain_id}{number}",
            },
        }

    def deliver(self, *records: dict[str, Any]) -> dict[str, Any]:
        self.calls.clear()
        reply: dict[str, Any] = self.function.handle({"Records": list(records)}, None)
        return reply

    def rebuild(self, **detail: Any) -> dict[str, Any]:
        request = {"EventType": "REBUILD", "DomainName": "Account", "DomainId": "a"} | detail
        reply: dict[str, Any] = self.function.handle({"id": "x", "detail-type": "Rebuild", "detail": request}, None)
        return reply

    def row(self, domain_id: str = "a") -> dict[str, Any]:
        item: dict[str, Any]
        item = self.dynamodb.get_item(TableName="rows", Key={"DomainId": {"S": domain_id}}).get("Item", {})
        return item

    def index(self, **types: str) -> None:
        """Deploy the domain table with indexes on these attributes, and the function."""
        self.index_types = types
        keys = {name: IndexKey(type_, 2048) for name, type_ in types.items()}
        self.settings = self.settings._replace(index_keys=keys)
        self.restart()

    def notices(self) -> list[dict[str, Any]]:
        received = self.sqs.receive_message(QueueUrl=self.parked_queue, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in received.get("Messages", [])]

    def _called(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.calls.append(model.name)
        if model.name == "PutItem" and params["TableName"] == "rows":
            for name, type_ in self.index_types.items():
                if name in params["Item"] and type_ not in params["Item"][name]:
                    raise ClientError(
                        {"Error": {"Code": "ValidationException", "Message": f"Type mismatch for Index Key {name}"}},
                        model.name,
                    )
        for operation, domain_id in self.broken:
            if operation == model.name and domain_id in json.dumps(params, default=repr):
                error = {"Error": {"Code": "ProvisionedThroughputExceededException", "Message": "secret-message"}}
                raise ClientError(error, operation)  # type: ignore[arg-type]

    def _table(self, name: str, *keys: str) -> None:
        self.dynamodb.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": k, "KeyType": "RANGE" if n else "HASH"} for n, k in enumerate(keys)],
            AttributeDefinitions=[
                {"AttributeName": key, "AttributeType": "N" if key.endswith("Slot") else "S"} for key in keys
            ],
            BillingMode="PAY_PER_REQUEST",
        )


def _as_in_a_record(attribute: dict[str, Any]) -> dict[str, Any]:
    """Lambda gets a stream's record as JSON, which has no bytes: binary values are base64 text."""
    return {"B": base64.b64encode(attribute["B"]).decode()} if "B" in attribute else attribute


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    (tmp_path / "domain_handler.py").write_text(LAYER)
    return tmp_path


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch, layer: Path) -> Iterator[Pipeline]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        yield Pipeline(monkeypatch, layer)
    for module in ("domain_handler", "cp_event_source.handler.project_function"):
        sys.modules.pop(module, None)


NONE_FAILED: dict[str, Any] = {"batchItemFailures": []}


class TestIndexes:
    """Guarantee: an object whose row an index refuses is parked, and the others flow."""

    def test_a_row_that_an_index_allows_is_written(self, pipeline: Pipeline) -> None:
        pipeline.index(Owner="S", Balance="N", Missing="B")
        assert pipeline.deliver(pipeline.store(1)) == NONE_FAILED
        assert pipeline.calls == ["GetItem", "Query", "PutItem"]
        assert pipeline.row()["Balance"] == {"N": "1"}

    def test_a_new_object_is_parked(self, pipeline: Pipeline) -> None:
        pipeline.index(Balance="S")
        assert pipeline.deliver(pipeline.store(1)) == NONE_FAILED
        parked = pipeline.row()["CpEventSource"]["M"]["Parked"]["M"]
        assert parked["Error"] == {"S": "RowRefused"}
        assert parked["Reason"]["S"].startswith("RowRefused: Balance: must be text (S); found a number (N); ")
        assert [notice["Error"] for notice in pipeline.notices()] == ["RowRefused"]

    def test_an_object_whose_row_is_older_than_the_index_is_parked_with_its_state(self, pipeline: Pipeline) -> None:
        pipeline.deliver(pipeline.store(1))
        pipeline.index(Balance="S")
        assert pipeline.deliver(pipeline.store(2), pipeline.store(3)) == NONE_FAILED
        row = pipeline.row()
        notes = row["CpEventSource"]["M"]
        assert notes["Parked"]["M"]["Error"] == {"S": "RowRefused"}
        assert notes["EventCount"] == {"N": "1"}
        assert "Balance" not in row
        assert notes["SetAside"] == {"M": {"Balance": {"N": "1"}}}

    def test_it_heals_with_all_its_events_without_the_index(self, pipeline: Pipeline) -> None:
        pipeline.deliver(pipeline.store(1))
        pipeline.index(Balance="S")
        pipeline.deliver(pipeline.store(2), pipeline.store(3))
        pipeline.index()
        pipeline.rebuild()
        row = pipeline.row()
        assert row["Balance"] == {"N": "3"}
        assert row["CpEventSource"]["M"].keys().isdisjoint({"Parked", "SetAside"})


class TestRowsThatExpire:
    """Guarantee: a parked object's row does not expire, so that its waiting events are not forgotten."""

    def test_only_the_row_of_a_parked_object_lacks_the_attribute(self, pipeline: Pipeline) -> None:
        pipeline.settings = pipeline.settings._replace(ttl_attribute="Balance")
        pipeline.restart()
        pipeline.deliver(pipeline.store(1), pipeline.store(2, "b"))
        assert pipeline.row()["Balance"] == {"N": "1"}
        poison = pipeline.store(3, name="Poison")
        assert pipeline.deliver(poison) == NONE_FAILED
        assert pipeline.deliver(pipeline.store(4)) == NONE_FAILED
        assert "Balance" not in pipeline.row()
        assert pipeline.row("b")["Balance"] == {"N": "1"}
        pipeline.dynamodb.delete_item(
            TableName="events", Key={name: poison["dynamodb"]["NewImage"][name] for name in ("DomainId", "EventKey")}
        )
        pipeline.rebuild()
        assert pipeline.row()["Balance"] == {"N": "2"}


class TestBatches:
    def test_new_events_of_a_known_domain_cost_one_read_and_one_write(self, pipeline: Pipeline) -> None:
        pipeline.deliver(pipeline.store(1))
        records = [pipeline.store(number) for number in range(2, 22)]
        assert pipeline.deliver(*records) == NONE_FAILED
        assert pipeline.calls == ["GetItem", "PutItem"]
        assert pipeline.row()["Balance"] == {"N": "21"}

    def test_a_new_object_costs_one_more_read(self, pipeline: Pipeline) -> None:
        assert pipeline.deliver(pipeline.store(1)) == NONE_FAILED
        assert pipeline.calls == ["GetItem", "Query", "PutItem"]

    def test_the_rows_of_a_batch_are_read_in_one_call(self, pipeline: Pipeline) -> None:
        pipeline.deliver(*(pipeline.store(1, f"d{n}") for n in range(20)))
        records = [pipeline.store(number, f"d{n}") for number in (2, 3) for n in range(20)]
        assert pipeline.deliver(*records) == NONE_FAILED
        assert pipeline.calls == ["BatchGetItem", *["PutItem"] * 20]

    def test_a_large_batch_costs_a_read_for_twenty_objects_and_a_write_for_each(self, pipeline: Pipeline) -> None:
        pipeline.deliver(*(pipeline.store(1, f"d{n}") for n in range(50)))
        records = [pipeline.store(number, f"d{n}") for number in range(2, 7) for n in range(50)]
        assert pipeline.deliver(*records) == NONE_FAILED
        assert Counter(pipeline.calls) == {"BatchGetItem": 3, "PutItem": 50}
        assert pipeline.deliver(*records) == NONE_FAILED
        assert Counter(pipeline.calls) == {"BatchGetItem": 3, "Query": 50}
        assert all(pipeline.row(f"d{n}")["Balance"] == {"N": "6"} for n in range(50))

    def test_rows_are_written_in_parallel(self, pipeline: Pipeline) -> None:
        """Two writes that each wait until the other has started."""
        meeting = threading.Barrier(2, timeout=20)

        def meet(**_: Any) -> None:
            meeting.wait()

        pipeline.client.meta.events.register("before-parameter-build.dynamodb.PutItem", meet)
        assert pipeline.deliver(pipeline.store(1, "a"), pipeline.store(1, "b")) == NONE_FAILED

    def test_a_redelivered_batch_is_read_and_not_written(self, pipeline: Pipeline) -> None:
        records = [pipeline.store(number) for number in range(5)]
        pipeline.deliver(*records)
        before = pipeline.row()
        assert pipeline.deliver(*records) == NONE_FAILED
        assert pipeline.calls == ["GetItem", "Query"]
        assert pipeline.row() == before

    def test_an_error_of_the_infrastructure_sends_back_only_that_object(self, pipeline: Pipeline) -> None:
        records = [pipeline.store(1, "good"), pipeline.store(1, "bad"), pipeline.store(2, "bad")]
        pipeline.broken = {("PutItem", "bad")}
        reply = pipeline.deliver(*records)
        assert reply == {"batchItemFailures": [{"itemIdentifier": "bad1"}, {"itemIdentifier": "bad2"}]}
        assert pipeline.row("good")["Balance"] == {"N": "1"}
        assert pipeline.row("bad") == {}
        pipeline.broken = set()
        assert pipeline.deliver(*records[1:]) == NONE_FAILED
        assert pipeline.row("bad")["Balance"] == {"N": "2"}
        assert pipeline.notices() == []

    def test_one_object_is_read_and_written_in_the_thread_that_computes(self, pipeline: Pipeline) -> None:
        """The usual case has nothing to do meanwhile, and another thread takes longer than its write's own code."""
        threads: list[threading.Thread] = []

        def note(**_: Any) -> None:
            threads.append(threading.current_thread())

        pipeline.client.meta.events.register("before-parameter-build.dynamodb.PutItem", note)
        assert pipeline.deliver(pipeline.store(1), pipeline.store(2)) == NONE_FAILED
        assert threads == [threading.current_thread()]

    def test_rows_that_cannot_be_read_send_the_batch_back(self, pipeline: Pipeline) -> None:
        pipeline.broken = {("GetItem", "a"), ("BatchGetItem", "a")}
        assert pipeline.deliver(pipeline.store(1)) == {"batchItemFailures": [{"itemIdentifier": "a1"}]}
        records = [pipeline.store(1, "a"), pipeline.store(1, "b")]
        assert [each["itemIdentifier"] for each in pipeline.deliver(*records)["batchItemFailures"]] == ["a1", "b1"]

    @pytest.mark.parametrize(
        "how",
        [
            "REMOVE CpEventSource.Digest",
            "REMOVE CpEventSource.Revision",
            "REMOVE CpEventSource",
            "SET CpEventSource.Revision = :n",
            "SET CpEventSource.Revision = :m",
            "SET CpEventSource.Digest = :n",
            "SET CpEventSource.EventCount = CpEventSource.Digest",
            "SET CpEventSource = :n",
            "SET CpEventSource.Parked = :m",
        ],
    )
    def test_a_row_that_a_manual_edit_broke_is_created_again_and_does_not_block_others(
        self, how: str, pipeline: Pipeline
    ) -> None:
        pipeline.deliver(pipeline.store(1, "a"), pipeline.store(1, "b"))
        values = {name: value for name, value in {":n": {"N": "7"}, ":m": {"M": {}}}.items() if name in how}
        used: dict[str, Any] = {"ExpressionAttributeValues": values} if values else {}
        pipeline.dynamodb.update_item(
            TableName="rows",
            Key={"DomainId": {"S": "a"}},
            UpdateExpression=how,
            **used,
        )
        assert pipeline.deliver(pipeline.store(2, "a"), pipeline.store(2, "b")) == NONE_FAILED
        assert [pipeline.row(each)["Balance"] for each in ("a", "b")] == [{"N": "2"}, {"N": "2"}]
        assert "Digest" in pipeline.row("a")["CpEventSource"]["M"]

    def test_records_that_are_not_inserts_are_ignored(self, pipeline: Pipeline) -> None:
        """An erasure modifies a stored event: that is no new event."""
        record = pipeline.store(1) | {"eventName": "MODIFY"}
        assert pipeline.deliver(record) == NONE_FAILED
        assert pipeline.calls == []

    def test_a_compressed_payload_arrives_whole_through_the_stream(self, pipeline: Pipeline) -> None:
        assert pipeline.deliver(pipeline.store(1, amount=10**37 + 1), pipeline.store(2, amount=10**45)) == NONE_FAILED
        assert "Parked" in pipeline.row()["CpEventSource"]["M"]  # a balance of 46 digits does not fit a row
        assert pipeline.row()["Balance"] == {"N": str(10**37 + 1)}


class TestDeath:
    def alone_and_late(self, record: dict[str, Any]) -> dict[str, Any]:
        record["dynamodb"]["ApproximateCreationDateTime"] = time.time() - 61
        return record

    def let_their_time_pass(self, pipeline: Pipeline) -> None:
        """Whoever has noted a try in a row must have ended by now."""
        probes = pipeline.row()["CpEventSource"]["M"]["CrashProbes"]["L"]
        for probe in probes:
            until = datetime.fromisoformat(probe["M"]["Until"]["S"]) - timedelta(seconds=MAX_INVOCATION_SECONDS + 1)
            probe["M"]["Until"]["S"] = until.isoformat(timespec="milliseconds")
        pipeline.dynamodb.update_item(
            TableName="rows",
            Key={"DomainId": {"S": "a"}},
            UpdateExpression="SET CpEventSource.CrashProbes = :probes",
            ExpressionAttributeValues={":probes": {"L": probes}},
        )

    def test_an_event_that_crashes_processes_blocks_the_stream_for_two_invocations(self, pipeline: Pipeline) -> None:
        record = pipeline.store(1, name="Deadly")
        record["dynamodb"]["ApproximateCreationDateTime"] = time.time()
        for _ in range(3):
            with pytest.raises(KeyboardInterrupt):
                pipeline.deliver(record)
        self.alone_and_late(record)
        for _ in range(2):
            for _ in range(3):
                with pytest.raises(KeyboardInterrupt):
                    pipeline.deliver(record)
                pipeline.restart()
            self.let_their_time_pass(pipeline)
        assert pipeline.notices() == []
        assert pipeline.deliver(record) == NONE_FAILED
        assert pipeline.row()["CpEventSource"]["M"]["Parked"]["M"]["Cause"] == {"S": "PROCESS_DIED"}
        assert [notice["Cause"] for notice in pipeline.notices()] == ["PROCESS_DIED"]
        assert pipeline.deliver(pipeline.store(2, "b")) == NONE_FAILED

    def test_an_event_that_comes_late_for_another_reason_is_applied(self, pipeline: Pipeline) -> None:
        pipeline.deliver(pipeline.store(1))
        record = self.alone_and_late(pipeline.store(2))
        assert pipeline.deliver(record) == NONE_FAILED
        assert pipeline.calls == ["GetItem", "PutItem", "PutItem"]
        assert pipeline.row()["Balance"] == {"N": "2"}
        assert pipeline.deliver(record) == NONE_FAILED  # delivered again, it leaves no note
        assert not {"Parked", "CrashProbes"} & pipeline.row()["CpEventSource"]["M"].keys()
        assert pipeline.notices() == []

    def test_an_error_of_the_infrastructure_is_not_a_crash(self, pipeline: Pipeline) -> None:
        record = self.alone_and_late(pipeline.store(1))
        for _ in range(5):
            pipeline.broken = {("Query", "a")}
            assert pipeline.deliver(record) == {"batchItemFailures": [{"itemIdentifier": "a1"}]}
            pipeline.restart()
        pipeline.broken = set()
        assert pipeline.deliver(record) == NONE_FAILED
        assert pipeline.row()["Balance"] == {"N": "1"}

    def test_old_events_in_one_batch_are_retried_without_a_probe(self, pipeline: Pipeline) -> None:
        pipeline.deliver(pipeline.store(1))
        records = [self.alone_and_late(pipeline.store(number)) for number in (2, 3)]
        assert pipeline.deliver(*records) == NONE_FAILED
        assert pipeline.calls == ["GetItem", "PutItem"]


class TestTime:
    def test_work_without_time_left_goes_back_before_lambda_ends_the_function(self, pipeline: Pipeline) -> None:
        records = [pipeline.store(number, domain_id) for number in (1, 2) for domain_id in ("a", "b", "c")]
        left = iter([100_000])
        pipeline.clock.ticks = iter([0.0, 1.0, 1.0, 1.0, 91.0, *[92.0] * 100])
        context = SimpleNamespace(get_remaining_time_in_millis=lambda: next(left), aws_request_id="r")
        reply = pipeline.function.handle({"Records": records}, context)
        assert reply == {"batchItemFailures": [{"itemIdentifier": each} for each in ("b1", "b2", "c1", "c2")]}
        assert pipeline.row("a")["Balance"] == {"N": "2"}
        assert (pipeline.row("b"), pipeline.row("c")) == ({}, {})

    def test_a_batch_that_arrives_after_the_deadline_goes_back_whole(self, pipeline: Pipeline) -> None:
        context = SimpleNamespace(get_remaining_time_in_millis=lambda: 0, aws_request_id="r")
        record = pipeline.store(1)
        reply = pipeline.function.handle({"Records": [record]}, context)
        assert reply == {"batchItemFailures": [{"itemIdentifier": "a1"}]}
        assert pipeline.row() == {}


class TestParking:
    def test_a_poison_event_parks_its_object_and_the_others_continue(self, pipeline: Pipeline) -> None:
        records = [
            pipeline.store(1, "a"),
            pipeline.store(2, "a", "Poison"),
            pipeline.store(3, "a"),
            pipeline.store(4, "b"),
        ]
        assert pipeline.deliver(*records) == NONE_FAILED
        row = pipeline.row("a")
        assert row["Balance"] == {"N": "1"}
        assert row["CpEventSource"]["M"]["Parked"]["M"]["EventId"] == {"S": "e2"}
        assert row["CpEventSourceParked"] == row["CpEventSource"]["M"]["Parked"]["M"]["Since"]
        assert pipeline.row("b")["Balance"] == {"N": "1"}
        (notice,) = pipeline.notices()
        assert {name: notice[name] for name in ("DomainName", "DomainId", "EventId", "EventName", "Error")} == {
            "DomainName": "Account",
            "DomainId": "a",
            "EventId": "e2",
            "EventName": "Poison",
            "Error": "ValueError",
        }
        assert notice["Reason"] == "ValueError: secret-in-exception"

    def test_a_notice_that_cannot_be_sent_leaves_the_row_and_the_event_as_they_were(self, pipeline: Pipeline) -> None:
        pipeline.sqs.delete_queue(QueueUrl=pipeline.parked_queue)
        record = pipeline.store(1, name="Poison")
        assert pipeline.deliver(record) == {"batchItemFailures": [{"itemIdentifier": "a1"}]}
        assert pipeline.row() == {}


class TestRebuilds:
    def test_a_row_that_a_manual_edit_broke_is_rebuilt(self, pipeline: Pipeline) -> None:
        pipeline.deliver(pipeline.store(1), pipeline.store(2))
        invalid = pipeline.row() | {"Balance": {"N": "999"}, "Stray": {"S": "x"}}
        pipeline.dynamodb.put_item(TableName="rows", Item=invalid)
        reply = pipeline.rebuild()
        assert reply == {
            "DomainName": "Account",
            "DomainId": "a",
            "EventCount": 2,
            "Checkpoint": "2026-01-01T00:00:02.000000000Z#e2",
            "LogicVersion": "arn:layer:1",
        }
        assert pipeline.row()["Balance"] == {"N": "2"}
        assert "Stray" not in pipeline.row()

    def test_a_rebuild_has_lambdas_request_id(self, pipeline: Pipeline) -> None:
        """It is the same when Lambda tries again: a run that crashed does not block the next one."""
        pipeline.deliver(pipeline.store(1))
        row = pipeline.row()
        until = (datetime.now(UTC) + timedelta(minutes=10)).isoformat(timespec="milliseconds")
        note = {"RequestId": {"S": "r-1"}, "Run": {"S": "x"}, "Until": {"S": until}}
        row["CpEventSource"]["M"]["Rebuilding"] = {"M": note}
        pipeline.dynamodb.put_item(TableName="rows", Item=row)
        event = {"detail": {"EventType": "REBUILD", "DomainName": "Account", "DomainId": "a"}}
        with pytest.raises(RebuildFailed, match="another rebuild"):
            pipeline.function.handle(event, SimpleNamespace(aws_request_id="r-2"))
        reply = pipeline.function.handle(event, SimpleNamespace(aws_request_id="r-1"))
        assert reply["EventCount"] == 1

    def test_an_object_whose_logic_fails_keeps_its_row(self, pipeline: Pipeline) -> None:
        pipeline.deliver(pipeline.store(1), pipeline.store(2, name="Poison"))
        before = pipeline.row()
        with pytest.raises(RebuildFailed, match="ValueError at the event e2"):
            pipeline.rebuild()
        after = pipeline.row()
        for row in (before, after):
            del row["CpEventSource"]["M"]["Revision"]
        assert after == before

    @pytest.mark.parametrize(
        ("detail", "message"),
        [
            ({"DomainId": None}, "DomainId: must be a non-empty string"),
            ({"DomainId": ["secret"]}, "DomainId: must be a non-empty string"),
            ({"DomainId": "secret" * 400}, "DomainId: must be at most 2048 bytes of UTF-8"),
            ({"DomainId": "secret\ud800"}, "DomainId: must be Unicode text, without lone surrogates"),
            ({"DomainName": "secret"}, "DomainName: must be 'Account'"),
            ({"EventType": "DOMAIN"}, "EventType: must be 'REBUILD'"),
        ],
        ids=lambda value: repr(value)[:40],
    )
    def test_a_request_that_names_no_object_is_refused(
        self, pipeline: Pipeline, capsys: pytest.CaptureFixture[str], detail: dict[str, Any], message: str
    ) -> None:
        """The message gives only the rule: Lambda logs the text of the error, and the value may be anything."""
        with pytest.raises(BadRebuildRequest, match=f"{message}$"):
            pipeline.rebuild(**detail)
        assert '"RebuildsFailed":[1]' in capsys.readouterr().out

    @pytest.mark.parametrize("detail", [None, [], "secret", 1])
    def test_a_request_that_is_no_object_is_refused(self, pipeline: Pipeline, detail: Any) -> None:
        with pytest.raises(BadRebuildRequest, match="detail: must be an object"):
            pipeline.function.handle({"detail": detail}, None)

    @pytest.mark.parametrize("accepts", ["true", 1, None, []])
    def test_acceptance_of_missing_events_is_true_or_false(self, accepts: Any, pipeline: Pipeline) -> None:
        pipeline.deliver(pipeline.store(1))
        with pytest.raises(BadRebuildRequest, match=r"^AcceptMissingEvents: must be true or false$"):
            pipeline.rebuild(AcceptMissingEvents=accepts)

    def test_events_that_the_store_lost_are_missed_unless_accepted(self, pipeline: Pipeline) -> None:
        pipeline.deliver(pipeline.store(1), pipeline.store(2))
        key = {name: pipeline.store(1)["dynamodb"]["NewImage"][name] for name in ("DomainId", "EventKey")}
        pipeline.dynamodb.delete_item(TableName="events", Key=key)
        with pytest.raises(RebuildFailed, match="lacks at least 1 of the 2 events"):
            pipeline.rebuild()
        assert pipeline.row()["Balance"] == {"N": "2"}
        assert pipeline.rebuild(AcceptMissingEvents=True)["EventCount"] == 1
        assert pipeline.row()["Balance"] == {"N": "1"}

    def test_an_error_is_reported_only_by_its_class(self, pipeline: Pipeline) -> None:
        pipeline.store(1)
        pipeline.broken = {("PutItem", "a")}
        message = r"^met ClientError:[A-Za-z]+; the row stays as it was; request the rebuild again$"
        with pytest.raises(RebuildFailed, match=message) as raised:
            pipeline.rebuild()
        assert raised.value.__suppress_context__


class TestTelemetry:
    def test_logs_and_metrics_hold_no_payload_user_address_or_exception_text(
        self, capsys: pytest.CaptureFixture[str], pipeline: Pipeline
    ) -> None:
        pipeline.deliver(pipeline.store(1), pipeline.store(2, name="Poison"), pipeline.store(3, "b"))
        pipeline.broken = {("PutItem", "c")}
        pipeline.deliver(pipeline.store(4, "c"))
        pipeline.broken = set()
        with pytest.raises(RebuildFailed):
            pipeline.rebuild()
        output = capsys.readouterr().out
        assert "secret" not in output
        assert "10.9.8.7" not in output
        lines = [json.loads(line) for line in output.splitlines()]
        assert {"domain object parked", "domain object applied", "rebuild failed"} <= {
            line.get("message") for line in lines
        }
        metrics = [line for line in lines if "_aws" in line]
        assert metrics[0]["DomainsParked"] == [1]
        assert metrics[0]["EventsWaiting"] == [2]
        assert metrics[0]["EventsProjected"] == [1]
        assert metrics[1]["DomainsReturned"] == [1]
        assert metrics[2]["RebuildsFailed"] == [1]
        assert {(line["DomainName"], line["FunctionName"]) for line in metrics} == {("Account", "project")}

    def test_a_parking_is_logged_with_its_event_and_the_place_of_the_failure(
        self, capsys: pytest.CaptureFixture[str], pipeline: Pipeline
    ) -> None:
        pipeline.deliver(pipeline.store(1), pipeline.store(2, name="Poison"), pipeline.store(3))
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        (parked,) = [line for line in lines if line.get("message") == "domain object parked"]
        assert (parked["failed_event_id"], parked["error"], parked["phase"]) == ("e2", "ValueError", "apply")
        assert parked["place"].startswith("domain_handler.py:")

    def test_lag_is_measured_from_the_events_time_and_from_its_arrival(
        self, capsys: pytest.CaptureFixture[str], pipeline: Pipeline
    ) -> None:
        first, second, third = (pipeline.store(number) for number in (1, 2, 3))
        first["dynamodb"]["NewImage"]["ArrivedAt"] = {"S": "2026-01-01T00:00:08.500+00:00"}
        third["dynamodb"]["NewImage"]["ArrivedAt"] = {"S": "by hand"}
        pipeline.clock.shows = 1767225610.0  # 2026-01-01T00:00:10Z
        pipeline.deliver(first, second, third)
        (metrics,) = (json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line)
        assert metrics["LagFromEventTime"] == [9000, 8000, 7000]
        assert metrics["LagFromArrival"] == [1500]

    def test_an_event_id_with_two_times_is_counted_and_named(
        self, capsys: pytest.CaptureFixture[str], pipeline: Pipeline
    ) -> None:
        pipeline.deliver(pipeline.store(1))
        second = pipeline.store(2)
        for record in (second["dynamodb"]["NewImage"], second["dynamodb"]["Keys"]):
            record["EventKey"]["S"] = record["EventKey"]["S"].replace("e2", "e1")
        pipeline.deliver(second)
        lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [line["RepeatedEventIds"] for line in lines if "RepeatedEventIds" in line] == [[1]]
        assert [(line["domain_id"], line["event_id"]) for line in lines if "two times" in line.get("message", "")] == [
            ("a", "e1")
        ]

    def test_late_events_are_counted(self, capsys: pytest.CaptureFixture[str], pipeline: Pipeline) -> None:
        pipeline.deliver(pipeline.store(3))
        pipeline.deliver(*(pipeline.store(number) for number in (4, 1, 2, 5)))
        metrics = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
        assert [line.get("LateEvents") for line in metrics] == [None, [2]]
