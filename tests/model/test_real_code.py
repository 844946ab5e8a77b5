"""Guarantee: the real code also converges in every interleaving of the model's small worlds, crashes included."""

import pytest

from cp_event_source.handler.events.stored_event import StoredEvent
from cp_event_source.handler.projection import crash_probe, decide, folding, projection
from cp_event_source.handler.projection import rebuild as rebuild_module
from tests.nightly import effort

from .explore import Scenario, Violation, at_random, explore, search
from .real import Real, RealWorld
from .scenarios import CRASHES, ERASURES, LOSSES, SETTINGS, TIMES, Setting

SCENARIOS = [setting.scenario(Real, RealWorld) for setting in [*SETTINGS, *ERASURES, *LOSSES, *TIMES, *CRASHES]]

by_name = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)


@pytest.fixture(autouse=True)
def _few_slots_to_wipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small world uses fewer slots; to wipe all of them would take hundreds of steps."""
    monkeypatch.setattr(rebuild_module, "SLOTS", range(12))


@pytest.mark.timeout(effort(300, 36_000))
@by_name
def test_every_interleaving_ends_in_the_fold_of_the_store(scenario: Scenario) -> None:
    """Runs all of them with NIGHTLY=1, and otherwise the first 100 of a depth-first search."""
    assert explore(scenario, max_runs=effort(100, 10**9)) >= 50


@pytest.mark.timeout(effort(300, 36_000))
@by_name
def test_random_interleavings_end_in_the_fold_of_the_store(scenario: Scenario) -> None:
    for seed in range(effort(60, 5_000)):
        at_random(scenario, seed)


def test_the_explorer_finds_deliveries_that_do_not_notify_a_rebuild(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such deliveries lose a late event. An explorer that finds no violation here proves nothing above."""
    monkeypatch.setattr(decide, "noting_change", lambda note, position, clock: note)
    # otherwise the check for missing events would refuse the row of the rebuild
    monkeypatch.setattr(folding.Folding, "missing", lambda *_, **__: None)
    with pytest.raises(Violation, match="the row lost events"):
        explore(named(SETTINGS, "a rebuild and a late event"))


def test_the_explorer_finds_tombstones_that_count_like_their_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """With them, a snapshot from before the erasure looks like one of the events that remain."""
    monkeypatch.setattr(StoredEvent, "counted", property(lambda event: event.key))
    with pytest.raises(Violation, match="not its fold"):
        search(named(ERASURES, "the first event is erased"))


def test_the_explorer_finds_a_rebuild_that_keeps_the_mark_it_goes_back_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """It finds it when the row is written. Later deliveries may correct the mark, or never read it."""
    rewind = folding.Folding.rewind

    def keeping(self: folding.Folding, position: str) -> bool:
        before = self.marks
        found = rewind(self, position)
        self.marks = before[: len(self.marks) + found]
        return found

    monkeypatch.setattr(folding.Folding, "rewind", keeping)
    with pytest.raises(Violation, match="is not what the row holds before it"):
        search(named(SETTINGS, "a rebuild goes back to a mark with events on both sides of it"))


def test_the_explorer_finds_a_crash_that_is_counted_too_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """The crash probe's process may still be running."""
    monkeypatch.setattr(crash_probe, "is_pending", lambda until, clock: False)
    with pytest.raises(Violation, match="parked for crashes after"):
        search(named(CRASHES, "processes that overlap"))


def test_the_explorer_finds_a_parking_that_is_decided_on_an_old_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """The row may hold the event in the meantime."""
    monkeypatch.setattr(projection, "row_has", lambda *_: False)
    monkeypatch.setattr(crash_probe.CrashProbes, "has_crashed_enough", lambda *_: True)
    with pytest.raises(Violation, match="parked without a try at an event that the row has"):
        search(named(CRASHES, "a third process and a rebuild that applies the event"))


def test_the_explorer_finds_a_row_that_loses_events_with_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding.Folding, "missing", lambda *_, **__: None)
    with pytest.raises(Violation, match="the row lost events"):
        search(named(LOSSES, "the store loses the first events, and new logic folds them all"))


def named(settings: list[Setting], name: str) -> Scenario:
    """The scenario of a setting, for the real code."""
    (setting,) = (each for each in settings if each.name == name)
    return setting.scenario(Real, RealWorld)
