"""Guarantee: the real code, too, converges in every interleaving of the model's small worlds, crashes included."""

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
    """More than a small world uses, and not hundreds of steps."""
    monkeypatch.setattr(rebuild_module, "SLOTS", range(12))


@pytest.mark.timeout(effort(300, 36_000))
@by_name
def test_every_interleaving_ends_in_the_fold_of_the_store(scenario: Scenario) -> None:
    """All of them with NIGHTLY=1, else the first hundreds of a depth-first search."""
    assert explore(scenario, most=effort(100, 10**9)) >= 50


@pytest.mark.timeout(effort(300, 36_000))
@by_name
def test_random_interleavings_end_in_the_fold_of_the_store(scenario: Scenario) -> None:
    for seed in range(effort(60, 5_000)):
        at_random(scenario, seed)


def test_what_is_broken_in_the_real_code_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the above would prove nothing: deliveries that tell a rebuild of nothing lose a late event."""
    monkeypatch.setattr(decide, "noting_change", lambda note, position, clock: note)
    monkeypatch.setattr(
        folding.Folding, "missing", lambda *_, **__: None
    )  # which would refuse what the rebuild came to
    with pytest.raises(Violation, match="the row lost events"):
        explore(named(SETTINGS, "a rebuild and a late event"))


def test_a_broken_erasure_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tombstones that count as their events do: old snapshots look like those of what remains."""
    monkeypatch.setattr(StoredEvent, "counted", property(lambda event: event.key))
    with pytest.raises(Violation, match="not its fold"):
        search(named(ERASURES, "the first event is erased"))


def test_a_mark_that_a_rebuild_goes_back_to_and_keeps_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the write of the row: in the end deliveries may have put it right, or nobody looks there."""
    rewind = folding.Folding.rewind

    def keeping(self: folding.Folding, position: str) -> bool:
        before = self.marks
        found = rewind(self, position)
        self.marks = before[: len(self.marks) + found]
        return found

    monkeypatch.setattr(folding.Folding, "rewind", keeping)
    with pytest.raises(Violation, match="is not what the row holds before it"):
        search(named(SETTINGS, "a rebuild goes back to a mark with events on both sides of it"))


def test_a_crash_that_is_counted_too_early_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a note whose process may still be at work."""
    monkeypatch.setattr(crash_probe, "is_pending", lambda until, clock: False)
    with pytest.raises(Violation, match="parked for crashes after"):
        search(named(CRASHES, "processes that overlap"))


def test_a_parking_decided_on_an_earlier_row_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The event may be in the row by now."""
    monkeypatch.setattr(projection, "row_has", lambda *_: False)
    monkeypatch.setattr(crash_probe.CrashProbes, "has_crashed_enough", lambda *_: True)
    with pytest.raises(Violation, match="parked untried at an event that the row has"):
        search(named(CRASHES, "a third process and a rebuild that applies the event"))


def test_a_store_that_lost_events_unseen_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding.Folding, "missing", lambda *_, **__: None)
    with pytest.raises(Violation, match="the row lost events"):
        search(named(LOSSES, "the store loses the first events, and new logic folds them all"))


def named(settings: list[Setting], name: str) -> Scenario:
    """For the real code."""
    (setting,) = (each for each in settings if each.name == name)
    return setting.scenario(Real, RealWorld)
