"""Guarantee: the events that the producer helper publishes become rows of a running pipeline."""

from decimal import Decimal
from typing import Any

from cp_event_source.local import LocalRun, Pipeline
from cp_event_source.producer import DomainEvent, publish

from .events import attributes, new_id, quarantined, row, stored


def test_published_events_are_stored_exactly_and_folded_in_the_order_of_their_creation(
    run: LocalRun, files: Pipeline
) -> None:
    file = new_id()

    def event(name: str, payload: object, **fields: Any) -> DomainEvent:
        return DomainEvent(
            domain_name="File", domain_id=file, event_name=name, payload=payload, user_id="ada", **fields
        )

    events = [
        event("FileUploaded", {"Name": "a.txt", "Size": 2**63 - 1}, correlation_id="c", ip_address="192.0.2.1"),
        *(event("FileRenamed", {"Name": f"name-{number}"}) for number in range(12)),
        event("FileScanned", {"Result": "CLEAN", "Score": 0.1}),
    ]
    client = run.client("events")

    # publish in reverse: the order of creation counts
    assert publish(reversed(events), event_bus=files.bus_name, source="shop", client=client) == []
    assert publish(events[:3], event_bus=files.outputs["event_bus_arn"], client=client) == []  # again
    run.wait_for(
        lambda: file in files.rows() and row(files, file).state.applied.count == len(events), "the row of all events"
    )

    kept = stored(files, file)
    assert [each.event_id for each in kept] == [each.event_id for each in events]
    assert [each.payload for each in kept] == [each.payload for each in events]
    assert (kept[0].user_id, kept[0].correlation_id, kept[0].ip_address) == ("ada", "c", "192.0.2.1")
    assert kept[-1].item["Bus"]["M"]["Source"]["S"] == "shop"
    assert attributes(files, file)["Name"] == "name-11"
    assert attributes(files, file)["ScanScore"] == Decimal("0.1")
    assert quarantined(files, file) == []
