"""Sending: what the bus refuses is never lost silently."""

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from cp_event_source.local.drain import Traffic, put
from cp_event_source.local.errors import EventsError
from cp_event_source.local.events_file import Entry, entries

if TYPE_CHECKING:
    from cp_event_source.local.pipeline import Pipeline


class Bus:
    """Takes at most ten entries a call, as PutEvents does, and refuses what is named "refused"."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803  # the service's name
        assert len(Entries) <= 10
        self.taken += Entries
        refused = {"ErrorCode": "InternalFailure", "ErrorMessage": "try later"}
        return {
            "Entries": [
                refused if entry["DetailType"] == "refused" else {"EventId": f"bus-{entry['DetailType']}"}
                for entry in Entries
            ]
        }


def traffic(bus: Bus, domain_name: str) -> Traffic:
    def takes(entry: Entry) -> bool:
        return entry.text("DomainName") == domain_name

    pipeline = SimpleNamespace(
        domain_name=domain_name, bus_name=f"{domain_name}-bus", clients=lambda service: bus, takes=takes
    )
    return Traffic(cast("Pipeline", pipeline))


def test_each_event_goes_to_its_domains_bus_and_is_awaited_there() -> None:
    bus = Bus()
    one, other = traffic(bus, "One"), traffic(bus, "Other")
    events = [{"DomainName": ("One", "Other")[n % 2], "EventName": str(n), "EventId": str(n)} for n in range(30)]

    takers = put([one, other], entries(events))

    assert takers == [one, other] * 15
    assert {(entry["EventBusName"], int(entry["DetailType"]) % 2) for entry in bus.taken} == {
        ("One-bus", 0),
        ("Other-bus", 1),
    }
    assert [sent.bus_id for sent in one.sent] == [f"bus-{n}" for n in range(0, 30, 2)]


def test_an_event_of_nobody_is_sent_and_not_awaited() -> None:
    bus = Bus()
    one = traffic(bus, "One")

    assert put([one], entries([{"DomainName": "Nobody"}])) == [None]

    assert bus.taken[0]["EventBusName"] == "One-bus"
    assert one.sent == []


def test_the_bus_that_an_entry_names_is_the_bus_it_is_put_on() -> None:
    bus = Bus()
    one = traffic(bus, "One")

    takers = put([one], entries([{"EventBusName": "elsewhere", "Detail": {"DomainName": "One"}}]))

    assert takers == [None]
    assert bus.taken[0]["EventBusName"] == "elsewhere"


def test_an_event_that_the_bus_refuses_is_an_error_that_shows_it() -> None:
    with pytest.raises(EventsError, match=r'One-bus refused an event: InternalFailure: try later.*"DomainName":"One"'):
        put([traffic(Bus(), "One")], entries([{"DomainName": "One", "EventName": "refused"}]))
