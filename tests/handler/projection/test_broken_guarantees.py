"""The traces that break weaker projections fail if the guarantee against them is removed from the code.

Each row: what is broken, where in the source and how, and the test (elsewhere in this folder) that must then fail.
"""

import importlib.util
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest

from cp_event_source.handler.projection import decide, folding, lookups, notes, projection, rebuild, rows
from tests.handler import doubles

from . import test_erasure, test_projection, test_rebuild
from . import test_seen_in_part as seen_in_part

# the classes by their modules: imported by name, pytest would run their tests here once more

BROKEN: dict[str, tuple[ModuleType, str, str, Callable[[], None]]] = {
    "a waiting event is acknowledged without a write": (
        decide,
        "return Next(row.followed_by(parked=waiting, rebuilding=self._noting(row, events[0].key)))",
        "return Next()",
        test_projection.TestParking().test_old_and_new_logic_side_by_side_lose_nothing,
    ),
    "healing reads only to the batch's last key": (
        decide,
        "Span(start=first), limits)",
        "Span(start=first, up_to=events[-1].key), limits)",
        test_projection.TestParking().test_healing_reads_to_the_end_of_the_store,
    ),
    "healing begins at the failed event": (
        decide,
        "first = min(parked.waiting_from, events[0].key)",
        "first = min(parked.event_key, events[0].key)",
        test_projection.TestParking().test_an_event_that_waits_before_the_failed_one_is_healed_too,
    ),
    "a parked row has a fast path": (
        decide,
        "case DomainRow(parked=Parked() as parked):",
        "case DomainRow(parked=Parked() as parked) if False:",
        test_projection.TestParking().test_later_events_wait_and_are_noted_by_a_write,
    ),
    "pages of the store are used again after a lost race": (
        projection,
        "plan = self.plan(plan.events, now, budget, notified=plan.notified, may_crash=may_crash)",
        "plan = replace(plan, before=now)",
        test_projection.TestTheStoreIsTheTruth().test_pages_of_the_store_read_before_a_lost_race_are_not_used,
    ),
    "a snapshot is used by its position alone": (
        lookups,
        "not snapshot.is_of(mark)",
        "snapshot.position != mark.key",
        test_projection.TestLateEvents().test_a_snapshot_that_an_old_process_put_over_a_listed_one_is_ignored,
    ),
    "a snapshot of another version is used": (
        lookups,
        "if snapshot.logic_version == version else None",
        "",
        test_projection.TestLateEvents().test_a_snapshot_of_another_version_is_not_used,
    ),
    "a refold keeps the marks after its base": (
        decide,
        "parked, marks=marks, rebuilding=rebuilding, probes=probes",
        "parked, marks=row.marks, rebuilding=rebuilding, probes=probes",
        test_projection.TestLateEvents().test_a_refold_drops_the_marks_after_its_base,
    ),
    "a mixed row's snapshot is labelled with one version": (
        decide,
        "folding = Folding.on_top_of(row, self.config, limits)\n        folding.apply(fresh)",
        "folding = replace(Folding.on_top_of(row, self.config, limits), whole=True)\n        folding.apply(fresh)",
        test_projection.TestLateEvents().test_a_mixed_row_makes_no_snapshots,
    ),
    "a missing row is treated as that of a new object": (
        decide,
        "return self._refold(events[0].domain_id, row, events, Span(), limits)",
        "return self._advance(DomainRow(events[0].domain_id, INITIAL_STATE, self.config.version), events, limits)",
        test_projection.TestTheStoreIsTheTruth().test_a_row_deleted_by_hand_is_created_from_the_whole_store,
    ),
    "a missing row is folded only up to the batch": (
        decide,
        "return self._refold(events[0].domain_id, row, events, Span(), limits)",
        "return self._refold(events[0].domain_id, row, events, Span(up_to=events[-1].key), limits)",
        test_projection.TestTheStoreIsTheTruth().test_a_row_deleted_by_hand_is_created_whole_even_by_a_late_event,
    ),
    "a redelivered event is treated as a late one": (
        decide,
        "folding.state.applied == part.applied\n",
        "False\n",
        test_projection.TestFastPath().test_a_redelivered_batch_is_read_and_not_written,
    ),
    "a redelivered batch is checked from the first event": (
        rows,
        "older = [mark for mark in marks if mark.key <= first]",
        "older: list[Mark] = []",
        test_projection.TestLateEvents().test_a_redelivered_batch_reads_no_more_than_a_late_event,
    ),
    "a refold reads to the store's head": (
        decide,
        "newest = max(checkpoint, events[-1].key)",
        'newest = "9"',
        test_projection.TestFastPath().test_a_refold_stops_at_the_checkpoint_and_the_batch,
    ),
    "the row goes back to before a late event that fails": (
        decide,
        'if parked is not None and parked.event_key <= (row.state.checkpoint or ""):',
        "if False:",
        test_projection.TestParking().test_a_late_event_that_fails_leaves_the_state_as_it_was,
    ),
    "the notice of a parking goes out after the row": (
        projection,
        "        if plan.notifies and",
        "        write_over(self.stores.rows, plan.before, plan.after)\n        if plan.notifies and",
        test_projection.TestParking().test_the_notice_goes_out_before_the_row_is_written,
    ),
    "no late event is reported to a rebuild": (
        notes,
        "changed_from=position if note.changed_from is None else min(position, note.changed_from)",
        "",
        test_rebuild.TestMeanwhile().test_a_late_event_before_the_position_read_is_in_the_result,
    ),
    "no waiting event is reported to a rebuild": (
        decide,
        "return Next(row.followed_by(parked=waiting, rebuilding=self._noting(row, events[0].key)))",
        "return Next(row.followed_by(parked=waiting))",
        test_rebuild.TestMeanwhile().test_an_event_that_waits_during_a_rebuild_is_in_the_result,
    ),
    "a rebuild keeps events that it read after the checkpoint": (
        rebuild,
        "elif self._cursor > self._covered_to:",
        "elif False:",
        test_rebuild.TestMeanwhile().test_an_event_between_the_checkpoint_and_the_position_read_is_in_the_result,
    ),
    "a rebuild continues with a row that was created again": (
        rebuild,
        "self._note, self._earlier_marks = self._new_note(), None",
        "self._note, self._earlier_marks = self._new_note(), self._earlier_marks",
        test_rebuild.TestMeanwhile().test_a_rebuild_starts_again_if_the_row_is_deleted_and_created_meanwhile,
    ),
    "two runs of one request start again whenever they see each other": (
        rebuild,
        "and not self._begun",
        "",
        test_rebuild.TestOneAtATime().test_if_one_request_is_delivered_twice_the_later_run_continues_and_the_earlier_fails,
    ),
    "a rebuild leaves earlier snapshots of what was erased": (
        rebuild,
        "if self._folding.met_erased or self._has_fewer:",
        "if False:",
        test_erasure.TestSnapshots().test_a_slot_that_only_an_earlier_row_listed_is_wiped_too,
    ),
    "a rebuild goes back to a state and keeps its mark": (
        folding,
        "self.marks = self.marks[: noted[-1]]",
        "self.marks = self.marks[: noted[-1] + 1]",
        test_rebuild.TestMeanwhile().test_events_on_both_sides_of_a_mark_leave_it_true,
    ),
    "a fold continues without a check of the store": (
        lookups,
        "if left[0].applied != stored:",
        "if False:",
        test_rebuild.TestProgress().test_a_late_event_before_the_kept_states_is_in_the_result,
    ),
    "a rebuild does not keep its states": (
        rebuild,
        "kept = failure.cause is Cause.OUT_OF_TIME and self._keep(row)",
        "kept = failure.cause is Cause.OUT_OF_TIME",
        test_rebuild.TestProgress().test_each_rebuild_goes_on_where_the_one_before_stopped,
    ),
    "a fold that is stopped is not marked where it ends": (
        folding,
        "self._note(event.key)  # so",
        "pass  # so",
        test_rebuild.TestProgress().test_a_rebuild_makes_progress_by_less_than_a_spacing,
    ),
    "a fold to fewer events is written": (
        folding,
        "        if missing > 0:",
        "        return None\n        if missing > 0:",
        test_projection.TestMissingEvents().test_a_late_event_does_not_remove_them_from_the_row,
    ),
    "a fold is compared with the row at its own end": (
        folding,
        "for beyond, part in groupby(seen, lambda event: event.key > self.row_end):",
        "for beyond, part in groupby(events, lambda event: False):",
        test_projection.TestMissingEvents().test_new_events_in_the_same_batch_do_not_hide_it,
    ),
    "a rebuild to fewer events is written": (
        rebuild,
        "if row is not None and missing is not None and not self._accepts_missing_events:",
        "if False:",
        test_rebuild.TestMissingEvents().test_a_rebuild_that_would_lose_events_is_refused_and_says_how_many,
    ),
    "an event in order waits for a fold that takes too long": (
        decide,
        "if parked.cause is Cause.OUT_OF_TIME and not retries:",
        "if False:",
        test_projection.TestTime().test_events_in_order_are_applied_while_a_late_one_waits_for_a_long_fold,
    ),
    "a late event is forgotten when the row continues in order": (
        decide,
        "still = replace(still, waiting_from=parked.waiting_from)",
        "still = None",
        test_projection.TestTime().test_events_in_order_are_applied_while_a_late_one_waits_for_a_long_fold,
    ),
    "failures are compared by their text": (
        notes,
        "(self.event_key, self.cause, self.error) == (",
        "(self.event_key, self.cause, self.reason) == (",
        test_projection.TestCauses().test_a_failure_whose_text_differs_each_time_is_one_failure,
    ),
    "a fold does not look for the row's last decision": (
        folding,
        "if key > held_up_to} if row is not None",
        "if key > held_up_to} if False",
        partial(seen_in_part.TestLateEvents().test_are_folded_in_once_the_store_shows_the_decision, (2, 3), 1),
    ),
    "a store that shows a decision in part is read once": (
        decide,
        "if not following.saw_in_part or _was_waited_for(row):",
        "if True:",
        partial(seen_in_part.TestLateEvents().test_are_folded_in_once_the_store_shows_the_decision, (2, 3), 1),
    ),
    "an event in order makes the row forget its last decision": (
        decide,
        "            unseen=row.unseen,\n",
        "",
        partial(seen_in_part.TestLateEvents().test_do_not_lose_it_after_a_new_event, 1),
    ),
    "a rebuild trusts what it read before a decision": (
        rebuild,
        "if decided is not None and decided <= self._cursor:",
        "if False:",
        partial(seen_in_part.TestRebuilds().test_a_rebuild_that_continues_an_unfinished_fold_does_not_lose_it, 1),
    ),
    "an unfinished fold is continued past a decision": (
        decide,
        'min([row.state.checkpoint or "", *row.unseen])',
        'row.state.checkpoint or ""',
        partial(seen_in_part.TestRebuilds().test_a_late_event_that_continues_an_unfinished_fold_does_not_lose_it, 1),
    ),
    "a decided event that does not show counts as one that the row lacks": (
        lookups,
        "return stored.plus(*unseen)",
        "return stored",
        seen_in_part.test_an_event_that_the_row_holds_is_not_parked_as_one_that_crashes,
    ),
    "an event that the row lacks counts as one that it holds": (
        lookups,
        "and event.key not in map(key_of, lacked)",
        "",
        partial(test_projection.TestCrashes().test_a_late_event_is_not_taken_for_one_that_the_row_has, (1,)),
    ),
    "what the row lacks is taken to be known": (
        lookups,
        "isinstance(lacked, list) and event.key not in map(key_of, lacked)",
        "event.key not in map(key_of, lacked or ())",
        test_projection.TestCrashes().test_an_event_that_was_erased_since_is_not_taken_for_one_that_the_row_lacks,
    ),
}


_KNOWN = ("Contention", "EventsMissing", "RebuildFailed", "RebuildInterrupted", "RebuildUnfinished")
"""The names that the tests themselves use."""


@pytest.mark.parametrize("broken", BROKEN)
def test_the_trace_fails_without_its_guarantee(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, guarantee, instead, trace = BROKEN[broken]
    trace()
    source = Path(module.__file__ or "").read_text()
    assert source.count(guarantee) == 1
    mutant = load(module, source.replace(guarantee, instead))
    users = [each for name, each in sys.modules.items() if name.startswith("cp_event_source.handler.")]
    for name, original in vars(module).items():
        if getattr(original, "__module__", None) != module.__name__ or name in _KNOWN:
            continue
        for user in (*users, doubles):
            if vars(user).get(name) is original:
                monkeypatch.setattr(user, name, getattr(mutant, name))
    with pytest.raises((AssertionError, pytest.fail.Exception, LookupError, rebuild.RebuildFailed)):
        trace()


def load(original: ModuleType, source: str) -> ModuleType:
    """A module of the handler package from other source, with the original's exceptions."""
    name = f"{original.__name__}_broken"
    spec = importlib.util.spec_from_loader(name, loader=None)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    try:
        exec(compile(source, name, "exec"), module.__dict__)
    finally:
        del sys.modules[name]
    for known in _KNOWN:
        if known in vars(module):
            setattr(module, known, getattr(original, known))
    return module
