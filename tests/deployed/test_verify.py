"""A row that is not the fold of its events is found, whatever is wrong with it; a right one never is."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from cp_event_source.deployed.difference import NOTHING
from cp_event_source.deployed.logic_process import Folded, History, Stopped
from cp_event_source.deployed.verify import APPLIED, PARKED, ROW, Verification, compare
from cp_event_source.handler.domain.failure import Cause
from cp_event_source.handler.domain.state import DomainState
from cp_event_source.handler.events.key_set import NO_KEYS, KeySet
from cp_event_source.handler.events.stored_event import StoredEvent
from cp_event_source.handler.projection.notes import Parked
from cp_event_source.handler.projection.rows import DomainRow


def key(second: int) -> str:
    return f"2026-01-01T00:00:0{second}.000000000Z#e"


def events(*seconds: int) -> list[StoredEvent]:
    return [StoredEvent.of({"DomainId": {"S": "d"}, "EventKey": {"S": key(second)}}) for second in seconds]


def keys(*seconds: int) -> KeySet:
    found = NO_KEYS
    for second in seconds:
        found = found.plus(key(second))
    return found


def row(*seconds: int, parked: Parked | None = None) -> DomainRow:
    """A row that holds the events of some seconds, and says which."""
    checkpoint = key(max(seconds)) if seconds else None
    attributes: dict[str, Any] = {"Seconds": {"S": str(list(seconds))}} if seconds else {}
    return DomainRow("d", DomainState(attributes, checkpoint, keys(*seconds)), "v1", parked)


def parked_at(second: int, *, up_to: int, cause: Cause = Cause.LOGIC) -> Parked:
    return Parked(key(second), "e", "Poison", cause, "ValueError", "bad", "2026-01-01", "v1", key(second), key(up_to))


def fold(histories: Sequence[History], poison: int | None = None) -> list[Folded | None]:
    """The fold that these rows are of: it lists the seconds, up to a poison event."""
    results: list[Folded | None] = []
    for history in histories:
        seconds = [int(item["EventKey"]["S"][18]) for item in history]
        good = seconds[: seconds.index(poison)] if poison in seconds else seconds
        stopped = None if good == seconds else Stopped(key(len(good)), "e", "Poison", "ValueError: bad", "", "")
        if poison in seconds:
            stopped = Stopped(key(poison or 0), "e", "Poison", "ValueError: bad", "", "")
        results.append(Folded({"Seconds": {"S": str(good)}} if good else {}, len(good), stopped))
    return results


def verified(stored: list[StoredEvent], held: DomainRow | None, poison: int | None = None) -> Verification:
    histories = {"d": stored} if stored else {}
    return compare("File", histories, {"d": held} if held else {}, lambda parts: fold(parts, poison))


def found(verification: Verification) -> list[tuple[str, str, str]]:
    return [(each.attribute, each.before, each.after) for each in verification.differences]


@pytest.mark.parametrize(
    ("stored", "held", "poison"),
    [
        (events(1, 2, 3), row(1, 2, 3), None),
        (events(1, 2, 3), row(1, parked=parked_at(2, up_to=3)), 2),
        (events(1, 2), row(parked=parked_at(1, up_to=2)), 1),
        # a late event that the logic refuses, and one that waits before the checkpoint
        (events(1, 2, 4), row(1, 4, parked=parked_at(2, up_to=2)), 2),
        (events(1, 2, 3, 4), row(1, 4, parked=parked_at(2, up_to=3)), 2),
        # the event would crash this process too, so it is not folded
        (events(1, 2), row(1, parked=parked_at(2, up_to=2, cause=Cause.PROCESS_DIED)), None),
    ],
)
def test_a_row_that_is_the_fold_of_what_it_holds_has_no_difference(
    stored: list[StoredEvent], held: DomainRow, poison: int | None
) -> None:
    result = verified(stored, held, poison)

    assert found(result) == []
    assert result.not_compared == {}
    assert str(result) == "domain File: 1 row as the fold gives it"


@pytest.mark.parametrize(
    ("stored", "held", "poison", "difference"),
    [
        (events(1, 2), None, None, (ROW, NOTHING, "2 events stored")),
        ([], row(1), None, ("Seconds", "[1]", NOTHING)),
        (events(1), replace(row(1), readable=False), None, (ROW, "its notes cannot be read", "1 event")),
        (
            events(1, 2),
            replace(row(1, 2), state=DomainState({"Seconds": {"S": "[1]"}}, key(2), keys(1, 2))),
            None,
            ("Seconds", "[1]", "[1, 2]"),
        ),
        (
            events(1, 2),
            replace(row(1, 2), state=DomainState({"Seconds": {"S": "[1, 2]"}}, key(2), keys(1))),
            None,
            (APPLIED, "1", "2 stored"),
        ),
        (events(1, 2), row(1), 2, (PARKED, NOTHING, "Poison (ValueError: bad)")),
        (events(1, 2), row(1, parked=parked_at(2, up_to=2)), None, (PARKED, "Poison (bad)", NOTHING)),
        (
            events(1, 2, 3),
            row(1, parked=parked_at(2, up_to=3)),
            3,
            (PARKED, "Poison (bad)", "Poison (ValueError: bad)"),
        ),
    ],
)
def test_what_differs_is_named(
    stored: list[StoredEvent], held: DomainRow | None, poison: int | None, difference: tuple[str, str, str]
) -> None:
    result = verified(stored, held, poison)

    assert difference in found(result)
    assert not result.passed


def test_logic_that_ends_the_process_is_a_difference() -> None:
    result = compare("File", {"d": events(1)}, {"d": row(1)}, lambda parts: [None for _ in parts])

    assert found(result) == [(ROW, "1 event applied", "the logic ends the process that folds it")]
    assert str(result) == "domain File: 1 row with 1 difference"


def test_a_parked_row_that_holds_an_unknown_set_of_events_is_not_compared_and_that_is_said() -> None:
    result = verified(events(1, 2, 3, 4), row(1, 3, parked=parked_at(4, up_to=4)), 4)

    assert found(result) == []
    assert list(result.not_compared) == ["d"]
    assert str(result) == "domain File: 0 rows as the fold gives them, 1 not compared"
