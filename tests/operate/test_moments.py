"""Guarantee: a text names one moment of a history, and DynamoDB returns for its span what is before it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cp_event_source.deployed.errors import CommandError
from cp_event_source.handler.events.key_set import Span
from cp_event_source.handler.events.stored_event import StoredEvent
from cp_event_source.operate.moments import NOW, START, Moment, event_moment, moments
from cp_event_source.testing.memory import MemoryEvents
from tests.handler.doubles import stored

INSTANTS = [f"2026-01-01T00:00:0{second}.{digits}Z" for second in (0, 1) for digits in ("000000000", "000000001")]
KEYS = [f"{instant}#{event_id}" for instant in INSTANTS for event_id in ("\x00", "a", "a\x00", "\U0010ffff")]
MOMENTS = st.sampled_from([*map(Moment.at, INSTANTS), *map(Moment.after, KEYS), NOW])


def table(*events: StoredEvent) -> MemoryEvents:
    table = MemoryEvents()
    table.put(*events)
    return table


def event(key: str) -> StoredEvent:
    return StoredEvent.of({**stored(1, domain_id="a").item, "EventKey": {"S": key}})


@given(MOMENTS)
def test_its_span_has_the_events_before_it(moment: Moment) -> None:
    found = [each.key for each in table(*map(event, KEYS)).read("a", moment.span)]

    assert found == sorted(key for key in KEYS if moment.includes(key))


@given(MOMENTS, MOMENTS)
def test_of_two_moments_the_earlier_one_has_no_more_events(one: Moment, other: Moment) -> None:
    has, others = ({key for key in KEYS if each.includes(key)} for each in (one, other))

    if has < others:
        assert one.is_before(other)
    if one.is_before(other):
        assert has <= others
    assert START.is_before(one)
    assert not any(map(START.includes, KEYS))


def test_texts_name_times_events_and_the_ends() -> None:
    events = table(event(KEYS[1]), stored(3, domain_id="a", event_id="e3"))

    found = moments("--diff", ["start", "now", "2026-01-01", "e3", KEYS[1]], events, "a")

    assert found == [
        START,
        NOW,
        Moment.at("2026-01-01T00:00:00.000000000Z"),
        Moment.after(stored(3, event_id="e3").key),
        Moment.after(KEYS[1]),
    ]


def test_an_id_at_two_times_is_an_error_that_names_both_keys() -> None:
    twice = [stored(number, domain_id="a", event_id="twice") for number in (1, 2)]
    events = table(*twice)

    with pytest.raises(CommandError) as error:
        event_moment("--after", "twice", events, "a")

    assert all(each.key in str(error.value) for each in twice)
    assert event_moment("--after", twice[1].key, events, "a") == Moment.after(twice[1].key)


def test_an_event_that_is_not_stored_is_an_error() -> None:
    for text in ("nobody", KEYS[0]):
        with pytest.raises(CommandError, match="found none with the Event"):
            event_moment("--after", text, table(stored(1, domain_id="a")), "a")
    assert not list(table().keys("a", Span()))
