"""Sending: what the bus refuses is never lost silently."""

from typing import TYPE_CHECKING, Any, cast

import pytest

from cp_event_source.local.drain import Traffic, put
from cp_event_source.local.errors import EventsError
from cp_event_source.local.events_file import entries
from cp_event_source.local.pipeline import _OUTPUTS, Pipeline

if TYPE_CHECKING:
    from cp_event_source.local.clients import Clients

OUTPUTS = dict.fromkeys(_OUTPUTS, "some")


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
    pipeline = Pipeline("component", OUTPUTS | {"event_bus_name": f"{domain_name}-bus"}, cast("Clients", lambda _: bus))
    pipeline.__dict__["domain_name"] = domain_name  # else asked of the rule
    return Traffic(pipeline)


def event(domain_name: str, **fields: Any) -> dict[str, Any]:
    return {"DomainName": domain_name, "EventType": "DOMAIN", **fields}


def test_each_event_goes_to_its_domains_bus_and_is_awaited_there() -> None:
    bus = Bus()
    one, other = traffic(bus, "One"), traffic(bus, "Other")
    events = [event(("One", "Other")[n % 2], EventName=str(n), EventId=str(n)) for n in range(30)]

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

    assert put([one], entries([event("Nobody")])) == [None]

    assert bus.taken[0]["EventBusName"] == "One-bus"
    assert one.sent == []


def test_the_bus_that_an_entry_names_is_the_bus_it_is_put_on() -> None:
    bus = Bus()
    one = traffic(bus, "One")

    takers = put([one], entries([{"EventBusName": "elsewhere", "Detail": event("One")}]))

    assert takers == [None]
    assert bus.taken[0]["EventBusName"] == "elsewhere"


def test_an_event_that_the_bus_refuses_is_an_error_that_shows_it() -> None:
    with pytest.raises(EventsError, match=r'One-bus refused an event: InternalFailure: try later.*"DomainName":"One"'):
        put([traffic(Bus(), "One")], entries([event("One", EventName="refused")]))


def test_a_rebuild_request_goes_to_its_domains_bus_and_is_not_awaited_in_the_store() -> None:
    bus = Bus()
    one, other = traffic(bus, "One"), traffic(bus, "Other")

    takers = put([one, other], entries([event("Other", EventType="REBUILD", DomainId="d")]))

    assert takers == [other]
    assert bus.taken[0]["EventBusName"] == "Other-bus"
    assert other.sent == []
