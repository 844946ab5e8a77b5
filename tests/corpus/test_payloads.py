"""Guarantee: any JSON payload reaches domain logic equal, or is quarantined whole; it blocks nothing.

Each case goes through both functions' entry points and real clients, between two ordinary events.
"""

from collections.abc import Callable

import pytest

from cp_event_source.handler.events.stored_event import StoredEvent

from . import cases
from .pipeline import Pipeline, Quarantined, Seen, probe
from .values import tokens, tokens_of_text, tokens_of_typed

FIRST, LAST = cases.body('{"n": 1}', EventId='"first"'), cases.body('{"n": 2}', EventId='"last"')
ANYWHERE = cases.NATIVE | cases.COMPRESSED


class Between:
    """A payload, taken in and projected between two ordinary events."""

    def __init__(self, make: Callable[..., Pipeline], payload: str, **fields: str | None) -> None:
        self.seen = Seen()
        self.pipeline = make(probe(self.seen), is_wired=True)
        self.body = cases.body(payload, **fields)
        assert self.pipeline.persist(FIRST, self.body, LAST) == []
        assert self.pipeline.project(self.pipeline.db.records("events")) == []

    def stored(self) -> StoredEvent:
        """The event, which everyone got."""
        events = {event.event_id: event for event in self.pipeline.events()}
        assert events.keys() == {"e-1", "first", "last"}
        assert self.pipeline.quarantined() == []
        self._is_projected({event.key for event in events.values()})
        return events["e-1"]

    def quarantined(self) -> Quarantined:
        """The quarantined message."""
        events = self.pipeline.events()
        assert [event.event_id for event in events] == ["first", "last"]
        self._is_projected({event.key for event in events})
        (message,) = self.pipeline.quarantined()
        assert message.body == self.body
        assert len(message.reason or "") <= 2048
        return message

    def _is_projected(self, keys: set[str]) -> None:
        row = self.pipeline.rows()["d-1"]
        assert row["Count"] == {"N": str(len(keys))}
        assert "CpEventSourceParked" not in row
        assert self.seen.payloads.keys() == keys


def assert_equal(between: Between, payload: str) -> None:
    """The payload is equal to a text in the store, and in both forms in which the logic gets it from the stream."""
    event, expected = between.stored(), tokens_of_text(payload)
    assert tokens(event.payload) == expected
    assert tokens(between.seen.payloads[event.key]) == expected
    typed = between.seen.domain_payloads[event.key]
    assert tokens_of_typed({"M": typed} if expected[0][0] == "{" else typed) == expected


@pytest.mark.parametrize("name", cases.NATIVE)
def test_what_dynamodb_gives_back_equal_is_kept_as_its_own_values(make: Callable[..., Pipeline], name: str) -> None:
    between = Between(make, cases.NATIVE[name])
    assert "B" not in between.stored().item["Payload"]
    assert_equal(between, cases.NATIVE[name])


@pytest.mark.parametrize("name", cases.COMPRESSED)
def test_what_it_does_not_is_kept_compressed(make: Callable[..., Pipeline], name: str) -> None:
    between = Between(make, cases.COMPRESSED[name])
    assert between.stored().item["Payload"].keys() == {"B"}
    assert_equal(between, cases.COMPRESSED[name])


@pytest.mark.parametrize("name", cases.REPEATED)
def test_the_last_value_of_a_repeated_name_counts(make: Callable[..., Pipeline], name: str) -> None:
    text, meaning = cases.REPEATED[name]
    assert_equal(Between(make, text), meaning)


@pytest.mark.parametrize("name", cases.LARGE)
def test_an_event_that_fits_into_no_item_is_quarantined(make: Callable[..., Pipeline], name: str) -> None:
    message = Between(make, cases.LARGE[name]).quarantined()
    assert message.code == "unstorable"
    assert "an item must take at most 409600" in (message.reason or "")


@pytest.mark.parametrize("name", cases.NOT_JSON)
def test_a_body_that_is_nearly_json_is_quarantined(make: Callable[..., Pipeline], name: str) -> None:
    message = Between(make, cases.NOT_JSON[name]).quarantined()
    assert message.code == "contract-violation"
    assert (message.reason or "").startswith("body: must be JSON; found ")


@pytest.mark.parametrize("name", cases.NO_DECIMAL)
def test_a_number_that_no_decimal_can_hold_is_quarantined(make: Callable[..., Pipeline], name: str) -> None:
    message = Between(make, cases.NO_DECIMAL[name]).quarantined()
    assert message.code == "unstorable"
    assert (message.reason or "").startswith("body: a number must be below 1e1000000000000000000 and ")


@pytest.mark.parametrize("name", [name for name, text in ANYWHERE.items() if len(text) < 10_000])
def test_what_a_payload_may_be_an_unknown_field_may_be(make: Callable[..., Pipeline], name: str) -> None:
    text = ANYWHERE[name]
    event = Between(make, "null", Extra=text).stored()
    assert event.extensions.keys() == {"Extra"}
    assert tokens(event.extensions["Extra"]) == tokens_of_text(text)
