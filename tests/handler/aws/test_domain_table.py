"""Guarantee: all requested rows are read strongly consistently; a row is written only over the row that was read."""

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cp_event_source.handler.aws.domain_table import DomainTable, ReadIncomplete
from cp_event_source.handler.domain.index_keys import IndexKey
from cp_event_source.handler.domain.state import INITIAL_STATE
from cp_event_source.handler.events.key_set import KeySet
from cp_event_source.handler.projection.rows import DomainRow
from cp_event_source.handler.projection.stores import RowChanged
from cp_event_source.handler.values.attribute_value import encode_item
from cp_event_source.handler.values.clock import Clock
from tests.doubles.clock import SettableClock
from tests.handler.given import stored
from tests.handler.on_moto import Calls, client_error, shared_clients


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def table(calls: Calls) -> DomainTable:
    return DomainTable(shared_clients()[0], "rows", Clock())


def row(domain_id: str = "d-1", name: str = "a") -> DomainRow:
    state = INITIAL_STATE.after(stored(1), encode_item({"DomainId": domain_id, "Name": name}))
    return DomainRow(domain_id, state, "arn:1")


def test_a_row_is_read_as_it_was_written(table: DomainTable, calls: Calls) -> None:
    written = row()
    table.write(written, replacing=None)
    assert table.read("d-1") == written
    assert list(table.read_many(["d-1", "d-2"])) == [{"d-1": written, "d-2": None}]


def test_reads_are_strongly_consistent(table: DomainTable, calls: Calls) -> None:
    table.read("d-1")
    list(table.read_many(["d-1"]))
    list(table.read_many(["d-1", "d-2"]))
    (_, get), (_, get_one), (_, batch) = calls.made
    assert get["ConsistentRead"] is True
    assert get_one["ConsistentRead"] is True
    assert batch["RequestItems"]["rows"]["ConsistentRead"] is True


@pytest.mark.parametrize(("count", "requests"), [(0, 0), (1, 1), (20, 1), (21, 2), (50, 3)])
def test_many_rows_cost_one_call_for_each_twenty(table: DomainTable, calls: Calls, count: int, requests: int) -> None:
    ids = [f"d-{number}" for number in range(count)]
    for domain_id in ids[::2]:
        table.write(row(domain_id), replacing=None)
    before = calls.requests
    rows = {domain_id: found for part in table.read_many(ids) for domain_id, found in part.items()}
    assert calls.requests - before == requests
    assert {domain_id: found is not None for domain_id, found in rows.items()} == {
        domain_id: number % 2 == 0 for number, domain_id in enumerate(ids)
    }


class OneKeyPerCall:
    """Answers for one key a call, and leaves the others unprocessed."""

    def __init__(self, answers: int) -> None:
        self.asked: list[list[str]] = []
        self.answers = answers

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        keys = [key["DomainId"]["S"] for key in RequestItems["rows"]["Keys"]]
        assert RequestItems["rows"]["ConsistentRead"] is True
        self.asked.append(keys)
        done, left = keys[: self.answers], keys[self.answers :]
        unprocessed = {"rows": {"Keys": [{"DomainId": {"S": key}} for key in left], "ConsistentRead": True}}
        return {
            "Responses": {"rows": [row(key).to_item() for key in done]},
            "UnprocessedKeys": unprocessed if left else {},
        }


def test_keys_left_unprocessed_are_asked_for_again(clock: SettableClock) -> None:
    client: Any = OneKeyPerCall(answers=1)
    parts = list(DomainTable(client, "rows", clock).read_many(["a", "b", "c"]))
    assert client.asked == [["a", "b", "c"], ["b", "c"], ["c"]]
    assert [list(part) for part in parts] == [["a"], ["b"], ["c"]]
    assert all(found is not None for part in parts for found in part.values())
    assert len(clock.waits) == 2


def test_a_part_is_returned_before_the_next_is_read(clock: SettableClock) -> None:
    """So that no more than one reply's rows need to be in memory."""
    client: Any = OneKeyPerCall(answers=1)
    parts = DomainTable(client, "rows", clock).read_many(["a", "b", "c"])
    assert list(next(parts)) == ["a"]
    assert client.asked == [["a", "b", "c"]]


def test_a_read_that_stays_incomplete_is_an_error_not_a_missing_row(clock: SettableClock) -> None:
    client: Any = OneKeyPerCall(answers=0)
    with pytest.raises(ReadIncomplete, match="requested 2 rows"):
        list(DomainTable(client, "rows", clock).read_many(["a", "b"]))
    assert len(client.asked) > 1
    assert sum(clock.waits) < 30


def test_a_new_row_is_written_only_where_there_is_none(table: DomainTable) -> None:
    first = row()
    table.write(first, replacing=None)
    with pytest.raises(RowChanged):
        table.write(row(name="b"), replacing=None)
    assert table.read("d-1") == first


def test_a_row_is_replaced_only_by_a_writer_that_read_it(table: DomainTable) -> None:
    first, second, third = row(), row(name="b"), row(name="c")
    table.write(first, replacing=None)
    table.write(second, replacing=first)
    with pytest.raises(RowChanged):
        table.write(third, replacing=first)
    assert table.read("d-1") == second


def test_a_row_that_was_deleted_is_not_replaced(table: DomainTable) -> None:
    first = row()
    table.write(first, replacing=None)
    table.client.delete_item(TableName="rows", Key={"DomainId": {"S": "d-1"}})
    with pytest.raises(RowChanged):
        table.write(row(name="b"), replacing=first)
    assert table.read("d-1") is None


def test_a_row_that_was_deleted_and_created_again_is_not_replaced(table: DomainTable) -> None:
    """Even if both have the same content: a revision is a random token, not a count."""
    first = row()
    table.write(first, replacing=None)
    table.client.delete_item(TableName="rows", Key={"DomainId": {"S": "d-1"}})
    again = DomainRow(first.domain_id, first.state, first.logic_version)
    table.write(again, replacing=None)
    with pytest.raises(RowChanged):
        table.write(row(name="b"), replacing=first)


def test_an_item_that_the_pipeline_did_not_write_is_no_row_and_is_replaced(table: DomainTable) -> None:
    table.client.put_item(TableName="rows", Item={"DomainId": {"S": "d-1"}, "Name": {"S": "by hand"}})
    assert table.read("d-1") is None
    assert list(table.read_many(["d-1"])) == [{"d-1": None}]
    mine = row()
    table.write(mine, replacing=None)
    assert table.read("d-1") == mine


def test_a_write_replaces_the_whole_row(table: DomainTable) -> None:
    first = row()
    table.write(first, replacing=None)
    state = replace(first.state, attributes=encode_item({"DomainId": "d-1", "Other": 1}), applied=KeySet(2, 3))
    second = DomainRow("d-1", state, "mixed")
    table.write(second, replacing=first)
    assert table.read("d-1") == second


def test_an_error_is_not_mistaken_for_a_changed_row(table: DomainTable, calls: Calls) -> None:
    calls.fail = lambda name, call: client_error("ThrottlingException", name)
    with pytest.raises(ClientError):
        table.write(row(), replacing=None)
    with pytest.raises(ClientError):
        table.read("d-1")
    with pytest.raises(ClientError):
        list(table.read_many(["d-1"]))


def test_a_row_that_an_index_refuses_is_written_without_the_attribute_and_read_with_it(table: DomainTable) -> None:
    """The row is older than the index. Its object must be parked, which is a write of this row."""
    table.client.update_table(
        TableName="rows",
        AttributeDefinitions=[{"AttributeName": "Name", "AttributeType": "S"}],
        GlobalSecondaryIndexUpdates=[
            {
                "Create": {
                    "IndexName": "by-name",
                    "KeySchema": [{"AttributeName": "Name", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
            }
        ],
    )
    refused = row(name="")
    with pytest.raises(ClientError, match="ValidationException"):
        table.write(refused, replacing=None)
    with_keys = table._replace(index_keys={"Name": IndexKey("S", 2048)})
    with_keys.write(refused, replacing=None)
    assert table.read("d-1") == refused
    with_keys.write(row(name="a"), replacing=refused)
    (indexed,) = table.client.scan(TableName="rows", IndexName="by-name")["Items"]
    assert indexed["Name"] == {"S": "a"}
