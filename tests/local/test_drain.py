"""Sending: what the bus refuses is never lost silently. Waiting: what is said is so, and no more."""

from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.local.drain import Sent, State, Traffic, put, summary
from cp_event_source.local.errors import EventsError
from cp_event_source.local.events_file import entries

if TYPE_CHECKING:
    from cp_event_source.deployed.clients import Clients


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
    pipeline = Pipeline(
        "component",
        {"event_bus_name": f"{domain_name}-bus", "domain_name": domain_name},
        cast("Clients", lambda _: bus),
    )
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


def test_a_bus_is_the_same_by_name_and_by_arn() -> None:
    one = traffic(Bus(), "One")

    arn = "arn:aws:events:us-east-1:000000000000:event-bus/One-bus"
    assert put([one], entries([{"EventBusName": arn, "Detail": event("One")}])) == [one]
    assert len(one.sent) == 1


def test_two_pipelines_of_a_domain_on_one_bus_both_wait_for_its_events() -> None:
    bus = Bus()
    one, other = traffic(bus, "One"), traffic(bus, "One")

    assert put([one, other], entries([event("One")])) == [one]
    assert (len(one.sent), len(other.sent)) == (1, 1)
    assert len(bus.taken) == 1


SENT = Sent("bus", entries([event("One")])[0])


def state(**fields: Any) -> State:
    nothing: dict[str, Any] = {
        "ingesting": 0,
        "unaccounted": [],
        "behind": {},
        "parked": 0,
        "waiting": 0,
        "stored": 0,
        "quarantined": 0,
        "duplicates": 0,
        "expired": 0,
        "revisions": frozenset(),
    }
    return State(**nothing | fields)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "0 stored"),
        ({"stored": 3}, "3 stored, all projected"),
        ({"stored": 3, "duplicates": 1}, "3 stored, 1 duplicate, all projected"),
        ({"stored": 3, "duplicates": 1, "quarantined": 2}, "3 stored, 1 duplicate, 2 quarantined"),
        ({"stored": 3, "expired": 1}, "3 stored, 1 batch given up"),
        ({"stored": 3, "expired": 2}, "3 stored, 2 batches given up"),
        ({"quarantined": 2}, "0 stored, 2 quarantined"),
        ({"stored": 9, "parked": 2, "waiting": 2}, "9 stored, 2 objects parked, 2 events waiting"),
        ({"stored": 9, "parked": 1, "waiting": 1}, "9 stored, 1 object parked, 1 event waiting"),
        ({"stored": 3, "ingesting": 2}, "3 stored, 2 not stored yet"),
        ({"stored": 3, "unaccounted": [SENT]}, "3 stored, 1 not stored yet"),
        (
            {"stored": 3, "behind": {"d": (3, 1)}, "parked": 1, "waiting": 1},
            "3 stored, 1 object not projected yet, 1 object parked, 1 event waiting",
        ),
    ],
)
def test_the_state_says_all_projected_only_where_it_is_so(fields: dict[str, Any], said: str) -> None:
    assert str(state(**fields)) == said


NUMBERS = st.integers(0, 3)


@given(
    *[NUMBERS] * 7,
    st.lists(st.just(SENT), max_size=2),
    st.dictionaries(st.sampled_from("ab"), st.just((2, 1))),
)
def test_every_state_names_all_that_is_not_in_a_row_and_says_all_projected_only_if_nothing_is(
    stored: int,
    duplicates: int,
    ingesting: int,
    quarantined: int,
    parked: int,
    waiting: int,
    expired: int,
    unaccounted: list[Sent],
    behind: dict[str, tuple[int, int]],
) -> None:
    numbers = {
        "not stored yet": max(ingesting, len(unaccounted)),
        "not projected yet": len(behind),
        "quarantined": quarantined,
        "parked": parked,
        "waiting": waiting,
        "given up": expired,
    }

    said = str(
        state(
            stored=stored,
            duplicates=duplicates,
            ingesting=ingesting,
            unaccounted=unaccounted,
            behind=behind,
            quarantined=quarantined,
            parked=parked,
            waiting=waiting,
            expired=expired,
        )
    )

    first, *parts = said.split(", ")
    assert first == f"{stored} stored"
    for what, number in numbers.items():
        assert [part.split()[0] for part in parts if part.endswith(what)] == ([str(number)] if number else [])
    assert ("all projected" in parts) == (stored > 0 and not any(numbers.values()))


def test_of_several_pipelines_each_state_has_its_domain() -> None:
    pipelines = [traffic(Bus(), name) for name in ("One", "Other")]

    said = summary(pipelines, [state(stored=1), state(stored=2, parked=1, waiting=1)])

    assert said == "domain One: 1 stored, all projected; domain Other: 2 stored, 1 object parked, 1 event waiting"


def test_of_two_pipelines_of_one_domain_each_state_has_its_component() -> None:
    pipelines = [traffic(Bus(), "One"), traffic(Bus(), "One"), traffic(Bus(), "Other")]

    said = summary(pipelines, [state(stored=number) for number in (1, 2, 3)])

    assert said == (
        "domain One (component component): 1 stored, all projected; "
        "domain One (component component): 2 stored, all projected; domain Other: 3 stored, all projected"
    )
