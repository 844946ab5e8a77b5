"""Guarantee: the real code, too, converges in every interleaving of the model's small worlds, crashes included."""

import pytest

from handler import projection
from handler import rebuild as rebuild_module
from handler.stored_event import StoredEvent
from tests.nightly import effort

from .explore import Scenario, Violation, at_random, explore, search
from .real import Real, RealWorld
from .scenarios import ERASURES, SETTINGS

SCENARIOS = [setting.scenario(Real, RealWorld) for setting in [*SETTINGS, *ERASURES]]

by_name = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)


@pytest.fixture(autouse=True)
def _clock_that_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same schedule must lead to the same state to be known again."""
    for module in (projection, rebuild_module):
        monkeypatch.setattr(module, "now_text", lambda later_by=0: "2026-01-02" if later_by else "2026-01-01")


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
    monkeypatch.setattr(projection, "_told_rebuild", lambda row, place: row.rebuilding if row else None)
    (setting,) = (each for each in SETTINGS if each.name == "a rebuild and a late event")
    with pytest.raises(Violation, match="not the fold of the store"):
        explore(setting.scenario(Real, RealWorld))


def test_a_broken_erasure_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tombstones that count as their events do: old snapshots look like those of what remains."""
    monkeypatch.setattr(StoredEvent, "counted", property(lambda event: event.key))
    (setting,) = (each for each in ERASURES if each.name == "the first event is erased")
    with pytest.raises(Violation, match="not its fold"):
        search(setting.scenario(Real, RealWorld))
