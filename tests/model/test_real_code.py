"""Guarantee: the real code also converges in every interleaving of the model's small worlds, crashes included."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cp_event_source.decide import deciding
from cp_event_source.handler.events.stored_event import StoredEvent
from cp_event_source.handler.projection import crash_probe, decide, folding, projection
from cp_event_source.handler.projection import rebuild as rebuild_module
from cp_event_source.handler.projection.stores import RowChanged
from tests.nightly import effort

from . import real
from .explore import Explorer, Scenario, Violation
from .real import Real, RealWorld
from .scenarios import CRASHES, DECISIONS, DECISIONS_BESIDE, ERASURES, LOSSES, SETTINGS, TIMES, Setting

SCENARIOS = [
    setting.scenario(Real, RealWorld)
    for setting in [*SETTINGS, *DECISIONS, *DECISIONS_BESIDE, *ERASURES, *LOSSES, *TIMES, *CRASHES]
]

by_name = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)


@pytest.fixture(autouse=True)
def _few_slots_to_wipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small world uses fewer slots; to wipe all of them would take hundreds of steps."""
    monkeypatch.setattr(rebuild_module, "SLOTS", range(12))


@pytest.mark.timeout(effort(300, 36_000))
@by_name
def test_every_interleaving_ends_in_the_fold_of_the_store(scenario: Scenario) -> None:
    """Depth first, up to 2,000 states; with NIGHTLY=1 all of nearly every world, and 3,000,000 of the others."""
    assert Explorer(scenario).every(effort(2_000, 3_000_000)) > 50


@pytest.mark.timeout(effort(300, 36_000))
@by_name
def test_random_interleavings_end_in_the_fold_of_the_store(scenario: Scenario) -> None:
    explorer = Explorer(scenario)
    for seed in range(effort(60, 5_000)):
        explorer.at_random(seed)


def test_the_explorer_finds_deliveries_that_do_not_notify_a_rebuild(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such deliveries lose a late event. An explorer that finds no violation here proves nothing above."""
    monkeypatch.setattr(decide, "noting_change", lambda note, position, clock: note)
    # otherwise the check for missing events would refuse the row of the rebuild
    monkeypatch.setattr(folding.Folding, "missing", lambda *_, **__: None)
    with pytest.raises(Violation, match="the row lost events"):
        Explorer(named(SETTINGS, "a rebuild and a late event")).every()


def test_the_explorer_finds_tombstones_that_count_like_their_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """With them, a snapshot from before the erasure looks like one of the events that remain."""
    monkeypatch.setattr(StoredEvent, "counted", property(lambda event: event.key))
    with pytest.raises(Violation, match="not its fold"):
        Explorer(named(ERASURES, "the first event is erased")).search()


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
        Explorer(named(SETTINGS, "a rebuild goes back to a mark with events on both sides of it")).search()


def test_the_explorer_finds_a_crash_that_is_counted_too_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """The crash probe's process may still be running."""
    monkeypatch.setattr(crash_probe, "is_pending", lambda until, clock: False)
    with pytest.raises(Violation, match="parked for crashes after"):
        Explorer(named(CRASHES, "processes that overlap")).search()


def test_the_explorer_finds_a_parking_that_is_decided_on_an_old_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """The row may hold the event in the meantime."""
    monkeypatch.setattr(projection, "row_has", lambda *_: False)
    monkeypatch.setattr(crash_probe.CrashProbes, "has_crashed_enough", lambda *_: True)
    with pytest.raises(Violation, match="parked without a try at an event that the row has"):
        Explorer(named(CRASHES, "a third process and a rebuild that applies the event")).search()


def test_the_explorer_finds_a_row_that_loses_events_with_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding.Folding, "missing", lambda *_, **__: None)
    with pytest.raises(Violation, match="the row lost events"):
        Explorer(named(LOSSES, "the store loses the first events, and new logic folds them all")).search()


def _patched(monkeypatch: pytest.MonkeyPatch, name: str, change: Callable[[Any], Any]) -> None:
    """Replace a method of the decision by what `change` makes of it."""
    monkeypatch.setattr(deciding.Deciding, name, change(getattr(deciding.Deciding, name)))


def test_the_explorer_finds_a_decision_without_what_is_not_projected(monkeypatch: pytest.MonkeyPatch) -> None:
    _patched(monkeypatch, "_look", lambda look: lambda *arguments: replace(look(*arguments), waiting=()))
    with pytest.raises(Violation, match="decides without"):
        Explorer(named(DECISIONS, "two decisions, a late event and a new event")).search()


def test_the_explorer_finds_a_decided_event_that_is_not_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = deciding.Deciding._stored
    without: Any = lambda self, *arguments, after: stored(self, *arguments, after=None)  # noqa: E731
    monkeypatch.setattr(deciding.Deciding, "_stored", without)
    with pytest.raises(Violation, match="its event is older than one that it was made on"):
        Explorer(named(DECISIONS, "a decision with a slow clock among snapshots")).search()


def test_the_explorer_finds_a_decision_on_a_parked_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def unparked(look: Any) -> Any:
        def call(*arguments: Any) -> Any:
            known = look(*arguments)
            return known if known.row is None else replace(known, row=replace(known.row, parked=None))

        return call

    _patched(monkeypatch, "_look", unparked)
    with pytest.raises(Violation, match="the row is parked"):
        Explorer(named(DECISIONS, "a decision on a row that is parked")).search()


def test_the_explorer_finds_a_decision_that_does_not_find_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    _patched(monkeypatch, "_look", lambda look: lambda *arguments: replace(look(*arguments), own=()))
    with pytest.raises(Violation, match="the command has an event"):
        Explorer(named(DECISIONS, "one command asked for twice, with a lost reply")).search()


def test_the_explorer_finds_a_decision_that_starts_over_without_a_reply(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may refuse, and then its first transaction is written."""
    monkeypatch.setattr(real, "NoReply", RowChanged)
    with pytest.raises(Violation, match="was told 'refused'; its event is stored"):
        Explorer(named(DECISIONS, "an event after which to refuse, and a lost reply")).search()


def test_the_explorer_finds_a_row_with_more_than_was_decided_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a row, the fold reads the store again, and may meet an event that the decider did not see."""

    class Anything:
        applied = type("Equal", (), {"__eq__": lambda *_: True, "__hash__": None})()

    monkeypatch.setattr(deciding, "_plus", lambda state, events: Anything)
    with pytest.raises(Violation, match=r"not what it was made on and its event|decides without"):
        Explorer(named(DECISIONS, "the first event of an object is decided")).search()


def test_the_explorer_finds_a_decision_on_another_fold_than_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """The logic fails upon the row of another version, so the row that follows is of a fold of its own."""
    _patched(monkeypatch, "_is_whole", lambda _: lambda *arguments: True)
    with pytest.raises(Violation, match=r"it was made on one of|does not end"):
        Explorer(named(DECISIONS_BESIDE, "decisions on a row of which another version's apply fails")).search()


def named(settings: list[Setting], name: str) -> Scenario:
    """The scenario of a setting, for the real code."""
    (setting,) = (each for each in settings if each.name == name)
    return setting.scenario(Real, RealWorld)
