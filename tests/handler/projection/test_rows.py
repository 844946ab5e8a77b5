"""Guarantee: a row comes back from its item as it was, and its pause can be found without reading all rows."""

from dataclasses import replace
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cp_event_source.handler.domain.failure import Cause
from cp_event_source.handler.domain.index_keys import IndexKey, IndexKeys, refusals
from cp_event_source.handler.domain.state import BOOKKEEPING_BYTES, INITIAL_STATE, DomainState
from cp_event_source.handler.events.key_set import KeySet
from cp_event_source.handler.projection.marks import MAX_BYTES, Mark, Marks
from cp_event_source.handler.projection.notes import (
    MAX_PROGRESS_BYTES,
    CrashProbe,
    Parked,
    Progress,
    Rebuilding,
)
from cp_event_source.handler.projection.rows import MAX_CRASH_PROBES, MAX_UNSEEN, MIXED, DomainRow
from cp_event_source.handler.values.attribute_value import encode_item, item_size
from cp_event_source.handler.values.clock import Clock
from tests.handler.given import erased, stored
from tests.handler.strategies import identifiers

KEY = "2026-01-01T00:00:00.000000000Z#"
PARKED = Parked(
    event_key=f"{KEY}k",
    event_id="e",
    event_name="Noted",
    cause=Cause.LOGIC,
    error="ValueError",
    reason="ValueError: no",
    since="2026-01-01T00:00:00.000+00:00",
    logic_version="arn:1",
    waiting_from=f"{KEY}k0",
    waiting_up_to=f"{KEY}k2",
)
keys = identifiers.map(lambda event_id: f"{KEY}{event_id}")
times = st.sampled_from(("2026-01-01T00:00:00.000+00:00", "2026-01-02T00:00:00.000+00:00"))
parked = st.none() | st.builds(
    Parked,
    keys,
    identifiers,
    identifiers,
    st.sampled_from(Cause),
    identifiers,
    identifiers,
    times,
    identifiers,
    keys | st.just(""),
    keys,
)
key_sets = st.builds(KeySet, st.integers(1, 10**9), st.integers(0, 2**128 - 1))
attributes = st.dictionaries(st.sampled_from(["Name", "Checkpoint", "Parked", "Empty"]), identifiers).map(
    lambda attributes: encode_item({"DomainId": "d-1", **attributes})
)
states = st.builds(DomainState, attributes | st.just({}), keys, key_sets) | st.just(INITIAL_STATE)
marks = st.lists(st.builds(Mark, identifiers, st.builds(KeySet, st.integers(0, 10**9)), st.none() | st.integers(0, 9)))
rows = st.builds(
    DomainRow,
    st.just("d-1"),
    states,
    identifiers | st.just(MIXED),
    parked,
    marks=marks.map(Marks.of),
    probes=st.lists(
        st.builds(CrashProbe, keys, identifiers, identifiers, times, st.integers(0, 9)), max_size=MAX_CRASH_PROBES
    ).map(tuple),
    rebuilding=st.none() | st.builds(Rebuilding, identifiers, identifiers, times, st.none() | st.just("") | keys),
    progress=st.none() | st.builds(Progress, identifiers, marks.map(lambda some: Marks.of(some, MAX_PROGRESS_BYTES))),
).flatmap(
    lambda row: st.sampled_from([row, replace(row, unseen=(row.state.checkpoint,) if row.state.checkpoint else ())])
)


@given(rows)
def test_round_trip(row: DomainRow) -> None:
    assert DomainRow.from_item(row.to_item()) == row


@given(rows)
def test_a_row_has_the_domains_attributes_and_one_reserved_map(row: DomainRow) -> None:
    item = row.to_item()
    notes = item.pop("CpEventSource")["M"]
    item.pop("CpEventSourceParked", None)
    assert item == row.state.attributes | {"DomainId": {"S": "d-1"}}
    assert notes.keys() - {
        "Checkpoint",
        "Empty",
        "Parked",
        "Marks",
        "Rebuilding",
        "Progress",
        "CrashProbes",
        "Unseen",
    } == {
        "EventCount",
        "Digest",
        "Revision",
        "LogicVersion",
    }


@given(rows)
def test_the_marker_by_which_parked_rows_are_found_is_there_only_while_parked(row: DomainRow) -> None:
    item = row.to_item()
    if row.parked is None:
        assert "CpEventSourceParked" not in item
        assert "Parked" not in item["CpEventSource"]["M"]
    else:
        assert item["CpEventSourceParked"] == {"S": row.parked.since}
    unparked = DomainRow.from_item(replace(row, parked=None).to_item())
    assert unparked is not None
    assert "CpEventSourceParked" not in unparked.to_item()


def test_a_row_without_events_has_only_its_domain_id_and_notes() -> None:
    item = DomainRow("d-1", INITIAL_STATE, "arn:1", PARKED).to_item()
    assert item.keys() == {"DomainId", "CpEventSource", "CpEventSourceParked"}
    assert "Checkpoint" not in item["CpEventSource"]["M"]
    back = DomainRow.from_item(item)
    assert back is not None
    assert (back.state.checkpoint, back.state.applied, back.parked) == (None, KeySet(), PARKED)


def test_a_row_of_only_erased_events_holds_no_attribute_of_the_domain() -> None:
    """It is not one that has nothing but its DomainId: that one, the domain's logic has written and can read."""
    empty = DomainRow("d-1", INITIAL_STATE.after(erased(stored(1)), {}), "arn:1")
    assert empty.to_item().keys() == {"DomainId", "CpEventSource"}
    assert DomainRow.from_item(empty.to_item()) == empty
    bare = DomainRow("d-1", INITIAL_STATE.after(stored(1), encode_item({"DomainId": "d-1"})), "arn:1")
    assert DomainRow.from_item(bare.to_item()) == bare


def test_an_erased_event_counts_under_another_key() -> None:
    before, after = INITIAL_STATE.after(stored(1), {}), INITIAL_STATE.after(erased(stored(1)), {})
    assert (before.checkpoint, before.applied.count) == (after.checkpoint, after.applied.count)
    assert before.applied != after.applied


@pytest.mark.parametrize("marker", [{}, {"CpEventSource": {"S": "mine"}}, {"CpEventSource": {"NULL": True}}])
def test_an_item_that_the_pipeline_did_not_write_counts_as_no_row(marker: dict[str, Any]) -> None:
    assert DomainRow.from_item({"DomainId": {"S": "d-1"}, "Name": {"S": "a"}, **marker}) is None


def test_every_row_has_a_revision_of_its_own() -> None:
    assert len({DomainRow("d-1", INITIAL_STATE, "arn:1").revision for _ in range(100)}) == 100


def test_a_state_after_an_event() -> None:
    one, two = (stored(number) for number in (1, 2))
    state = INITIAL_STATE.after(one, {"A": {"S": "1"}}).after(two, {"A": {"S": "2"}})
    assert state == DomainState({"A": {"S": "2"}}, two.key, KeySet().plus(two.key).plus(one.key))


def test_two_failures_are_the_same_by_event_cause_and_error_class_whatever_the_text() -> None:
    later = replace(PARKED, since="later", waiting_up_to="k9", logic_version="arn:2", reason="ValueError: at 0x7f")
    assert PARKED.is_same_failure(later)
    assert not PARKED.is_same_failure(None)
    for change in ({"event_key": "k0"}, {"error": "KeyError"}, {"cause": Cause.PROCESS_DIED}):
        assert not PARKED.is_same_failure(replace(PARKED, **change))


def test_the_largest_notes_fit_into_the_bytes_reserved_for_them() -> None:
    """The longest keys and names of the contract, and a reason of the most characters, each of four bytes."""
    longest = Parked(
        event_key=f"{KEY}{'k' * 993}",
        event_id="e" * 993,
        event_name="\U0001f600" * 64,
        cause=Cause.EVENTS_MISSING,
        error="\U0001f600" * 64,
        reason="\U0001f600" * 1000,
        since="2026-01-01T00:00:00.000+00:00",
        logic_version="v" * 200,
        waiting_from=f"{KEY}{'k' * 993}",
        waiting_up_to=f"{KEY}{'k' * 993}",
        phase="from_dynamo_item",
        place="p" * 256,
    )
    state = DomainState(encode_item({"DomainId": "d-1"}), f"{KEY}{'k' * 993}", KeySet(10**9, 2**128 - 1))
    row = DomainRow(
        "d-1",
        state,
        "v" * 200,
        longest,
        marks=Marks(bytes(MAX_BYTES)),
        rebuilding=Rebuilding("r" * 100, "r" * 8, Clock().text(), f"{KEY}{'k' * 993}"),
        progress=Progress("v" * 200, Marks(bytes(MAX_PROGRESS_BYTES))),
        probes=(CrashProbe(f"{KEY}{'k' * 993}", "v" * 200, "p" * 8, Clock().text(), 9),) * MAX_CRASH_PROBES,
        unseen=tuple(
            f"2025-12-31T23:59:59.{number:09}Z#{uuid5(NAMESPACE_OID, str(number))}" for number in range(MAX_UNSEEN)
        ),
    )
    item = row.to_item()
    assert item_size(item) - item_size(state.attributes) <= BOOKKEEPING_BYTES
    assert DomainRow.from_item(item) == row


@pytest.mark.parametrize("lost", ["EventCount", "Digest", "LogicVersion"])
def test_only_the_revision_of_a_row_with_incomplete_notes_counts(lost: str) -> None:
    """This is no error: in a batch of rows, one row that a manual edit broke must not block the others."""
    row = DomainRow("d-1", INITIAL_STATE, "v1")
    item = row.to_item()
    del item["CpEventSource"]["M"][lost]
    invalid = DomainRow.from_item(item)
    assert invalid is not None
    assert (invalid.readable, invalid.revision, invalid.state) == (False, row.revision, INITIAL_STATE)


def test_a_row_whose_revision_is_lost_counts_as_no_row() -> None:
    item = DomainRow("d-1", INITIAL_STATE, "v1").to_item()
    del item["CpEventSource"]["M"]["Revision"]
    assert DomainRow.from_item(item) is None


@pytest.mark.parametrize("revision", [{"N": "5"}, {"B": b"x"}, {"NULL": True}, {"BOOL": True}, {"L": []}, {"M": {}}])
def test_a_revision_of_another_type_is_what_a_write_over_the_row_asks_for(revision: dict[str, Any]) -> None:
    """Otherwise no write would ever succeed: the row exists, but never equals the row that was read."""
    item = DomainRow("d-1", INITIAL_STATE, "v1").to_item()
    item["CpEventSource"]["M"]["Revision"] = revision
    row = DomainRow.from_item(item)
    assert row is not None
    assert (row.readable, row.lock) == (False, revision)
    assert row.followed_by().lock.keys() == {"S"}


def test_marks_that_contradict_the_row_are_not_used() -> None:
    state = INITIAL_STATE.after(stored(1), encode_item({"DomainId": "d-1"})).after(
        stored(2), encode_item({"DomainId": "d-1"})
    )
    good = Mark(stored(2).key, KeySet(1, 5), 0)
    assert DomainRow("d-1", state, "v1", marks=Marks.of([good])).known_marks() == (good,)
    for bad in (
        [replace(good, key=stored(3).key)],
        [replace(good, applied=KeySet(2, 5))],
        [good, good],
        [good, Mark(stored(1).key, KeySet(1, 5), 1)],
    ):
        assert DomainRow("d-1", state, "v1", marks=Marks.of(bad)).known_marks() == ()


def test_a_row_cannot_expire_while_its_object_is_parked() -> None:
    """DynamoDB would delete it, and nothing would say that events wait: no row, no index of parked objects."""
    state = INITIAL_STATE.after(stored(1), encode_item({"DomainId": "d-1", "ExpiresAt": 1_767_225_600, "Name": "a"}))
    key = stored(2).key
    parked = Parked(key, "e-2", "Renewed", Cause.LOGIC, "ValueError", "no", Clock().text(), "v1", key, key)
    row = DomainRow("d-1", state, "v1", parked=parked)
    item = row.to_item(ttl_attribute="ExpiresAt")
    assert "ExpiresAt" not in item
    assert item["Name"] == {"S": "a"}
    assert DomainRow.from_item(item) == row
    assert row.to_item(ttl_attribute="Name") == row.to_item()  # a text is no time
    healed = row.followed_by(parked=None).to_item(ttl_attribute="ExpiresAt")
    assert healed["ExpiresAt"] == {"N": "1767225600"}
    assert "SetAside" not in healed["CpEventSource"]["M"]


index_keys = st.dictionaries(
    st.sampled_from(["Name", "Checkpoint", "Parked"]),
    st.builds(IndexKey, st.sampled_from("SNB"), st.sampled_from([1, 1024])),
)


@given(rows, index_keys)
def test_a_row_can_be_written_and_comes_back_whatever_index_was_added_since(row: DomainRow, keys: IndexKeys) -> None:
    """Otherwise an object with an older row could not be parked, and its shard would wait until the stream expires."""
    item = row.to_item(keys)
    assert refusals(item, keys) == {}
    assert DomainRow.from_item(item) == row
    assert row.to_item(keys).keys() == row.to_item().keys() - refusals(row.state.attributes, keys).keys()
