"""Guarantee: a snapshot comes back as it was put, or not at all."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cp_event_source.handler.aws.snapshots_table import SnapshotsTable
from cp_event_source.handler.domain.state import BOOKKEEPING_BYTES, DomainState
from cp_event_source.handler.events.key_set import KeySet
from cp_event_source.handler.projection.marks import Mark
from cp_event_source.handler.projection.snapshots import Snapshot
from cp_event_source.handler.values.attribute_value import ITEM_SIZE_LIMIT, encode_item, item_size
from tests.handler.on_moto import Calls, shared_clients
from tests.handler.strategies import identifiers

STATE = DomainState(encode_item({"DomainId": "d-1", "Name": "a", "Bytes": b"\x00"}), "k9", KeySet(3, 2**127))
SNAPSHOT = Snapshot("k91", STATE, "arn:1")

snapshots = st.builds(
    Snapshot,
    identifiers,
    st.builds(
        DomainState,
        st.dictionaries(st.sampled_from(["Name", "EventKey", "Slot"]), identifiers).map(
            lambda attributes: encode_item({"DomainId": "d-1", **attributes})
        ),
        identifiers,
        st.builds(KeySet, st.integers(0, 10**9), st.integers(0, 2**128 - 1)),
    ),
    identifiers,
)


@pytest.fixture
def table(aws: None) -> SnapshotsTable:
    dynamodb, _ = shared_clients()
    dynamodb.create_table(
        TableName="snapshots",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "DomainId", "AttributeType": "S"},
            {"AttributeName": "CpEventSourceSlot", "AttributeType": "N"},
        ],
        KeySchema=[
            {"AttributeName": "DomainId", "KeyType": "HASH"},
            {"AttributeName": "CpEventSourceSlot", "KeyType": "RANGE"},
        ],
    )
    return SnapshotsTable(dynamodb, "snapshots")


@given(snapshots, st.integers(0, 254))
def test_round_trip(snapshot: Snapshot, slot: int) -> None:
    assert Snapshot.from_item(snapshot.to_item("d-1", slot)) == snapshot


def test_a_snapshot_is_read_from_the_slot_where_it_was_put(table: SnapshotsTable) -> None:
    table.put("d-1", 7, SNAPSHOT)
    assert table.get("d-1", 7) == SNAPSHOT
    assert table.get("d-1", 8) is None
    assert table.get("d-2", 7) is None


def test_a_snapshot_replaces_the_content_of_its_slot(table: SnapshotsTable) -> None:
    other = Snapshot("k5", STATE, "arn:2")
    table.put("d-1", 7, SNAPSHOT)
    table.put("d-1", 7, other)
    assert table.get("d-1", 7) == other


def test_a_wipe_empties_a_used_slot_and_creates_no_item(table: SnapshotsTable) -> None:
    table.put("d-1", 7, SNAPSHOT)
    for slot in (7, 7, 8):
        table.wipe("d-1", slot)
    assert table.get("d-1", 7) is None
    (left,) = table.client.scan(TableName="snapshots")["Items"]
    assert left == {"DomainId": {"S": "d-1"}, "CpEventSourceSlot": {"N": "7"}}
    table.put("d-1", 7, SNAPSHOT)
    assert table.get("d-1", 7) == SNAPSHOT


def test_a_snapshot_of_only_erased_events_holds_no_attribute_of_the_domain() -> None:
    snapshot = Snapshot("k91", DomainState({}, "k9", KeySet(3, 2**127)), "arn:1")
    item = snapshot.to_item("d-1", 7)
    assert item.keys() == {"DomainId", "CpEventSourceSlot", "CpEventSource"}
    assert Snapshot.from_item(item) == snapshot


def test_it_is_read_strongly_consistent(table: SnapshotsTable) -> None:
    calls = Calls(table.client)
    table.get("d-1", 7)
    calls.stop()
    assert [(name, call["ConsistentRead"]) for name, call in calls.made] == [("GetItem", True)]


@pytest.mark.parametrize("lost", ["Place", "EventCount", "Digest", "Checkpoint", "LogicVersion"])
def test_an_invalid_snapshot_counts_as_missing(lost: str) -> None:
    item: dict[str, Any] = SNAPSHOT.to_item("d-1", 7)
    del item["CpEventSource"]["M"][lost]
    assert Snapshot.from_item(item) is None
    assert Snapshot.from_item({name: item[name] for name in ("DomainId", "CpEventSourceSlot")}) is None


@pytest.mark.parametrize(
    ("mark", "same"),
    [
        (Mark("k91", KeySet(3, 2**127), 7), True),
        (Mark("k91", KeySet(3, 2**127), None), True),
        (Mark("k92", KeySet(3, 2**127), 7), False),
        (Mark("k91", KeySet(2, 2**127), 7), False),
        (Mark("k91", KeySet(3, 2**126), 7), False),
    ],
)
def test_a_snapshot_belongs_to_a_mark_by_position_count_and_digest(mark: Mark, same: bool) -> None:
    assert SNAPSHOT.is_of(mark) is same


def test_the_largest_row_fits_into_a_snapshot() -> None:
    rest = ITEM_SIZE_LIMIT - BOOKKEEPING_BYTES - len("DomainIdd-1A")
    state = DomainState(encode_item({"DomainId": "d-1", "A": "x" * rest}), "k" * 1024, KeySet(10**12, 2**128 - 1))
    assert item_size(Snapshot("k" * 1024, state, "v" * 200).to_item("d-1", 254)) <= ITEM_SIZE_LIMIT
