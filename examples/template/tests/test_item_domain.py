"""What the events of the Item domain mean. The tests fold them with the pipeline's own code, without AWS."""

from pathlib import Path

from cp_event_source.testing import event, load, read_events

PROJECT = Path(__file__).parents[1]

layer = load(PROJECT / "item_domain")


def test_the_events_give_the_row() -> None:
    layer.given(
        event("ItemAdded", {"Name": "draft"}, at="2026-03-02T09:00:00Z"),
        event("ItemRenamed", {"Name": "final"}, at="2026-03-02T10:00:00Z"),
    ).then(
        {
            "CreatedAt": "2026-03-02T09:00:00Z",
            "UpdatedAt": "2026-03-02T10:00:00Z",
            "Name": "final",
            "Status": "ADDED",
        }
    )


def test_an_unknown_event_parks_the_object() -> None:
    layer.given(
        event("ItemAdded", {"Name": "draft"}, at="2026-03-02T09:00:00Z"),
        event("ItemArchived", {}, at="2026-03-02T10:00:00Z"),
    ).then_parked(at="ItemArchived", reason="does not know this event")


def test_the_logic_keeps_the_rules_of_domain_logic() -> None:
    """The rows do not depend on the order of arrival, on time or place, or on other objects, and keep their types."""
    layer.check(read_events(PROJECT / "events.json"))
