"""Guarantee: a decision is made on a state that there was. DynamoDB shows a transaction item by item: a query may miss
events of a row that was read, or see some of the events whose row was read too early."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cp_event_source.handler.events.key_set import Span
from cp_event_source.handler.events.stored_event import StoredEvent
from cp_event_source.handler.projection.decide import MAX_LOOKS
from cp_event_source.handler.projection.rows import DomainRow

from .given import DOMAIN_ID, Bank, credit, withdraw


class Committing:
    """A store in which a transaction becomes visible after some looks."""

    def __init__(self, bank: Bank, looks: int, *, hidden: set[str], row: DomainRow | None) -> None:
        self._read_row, self._read_events = bank.rows.read, bank.events.read
        self._looks, self._hidden, self._row = looks, hidden, row
        bank.rows.read = self.read_row  # type: ignore[method-assign]
        bank.events.read = self.read_events  # type: ignore[method-assign]

    def read_row(self, domain_id: str) -> DomainRow | None:
        self._looks -= 1
        return self._row if self._looks >= 0 and self._row is not None else self._read_row(domain_id)

    def read_events(self, domain_id: str, span: Span) -> Iterator[StoredEvent]:
        hidden = self._hidden if self._looks >= 0 else set()
        return (event for event in self._read_events(domain_id, span) if event.key not in hidden)


def decided(parts: int = 1) -> tuple[Bank, Callable[[], Any], Any, DomainRow]:
    bank = Bank()
    bank.deliver(credit(1, 100))
    before = bank.account()
    command = bank.command("c")
    first = bank.decide(withdraw(30 // parts, parts=parts), command)
    bank.clock.advance(0.01)
    return bank, lambda: bank.decide(withdraw(30 // parts, parts=parts), command), first, before


@pytest.mark.parametrize("looks", [1, 2, MAX_LOOKS - 1])
def test_a_row_whose_events_cannot_be_seen_yet_is_looked_at_again(looks: int) -> None:
    bank, repeat, first, _ = decided()
    Committing(bank, looks, hidden={event.key for event in first.events}, row=None)
    again = repeat()
    assert (again.is_repeated, [event.key for event in again.events]) == (True, [event.key for event in first.events])
    assert (bank.balance(), len(bank.keys())) == (70, 2)


@pytest.mark.parametrize("looks", [1, 2, MAX_LOOKS - 1])
def test_a_row_that_was_read_before_the_events_beside_it_is_looked_at_again(looks: int) -> None:
    bank, repeat, first, before = decided(parts=3)
    Committing(bank, looks, hidden={event.key for event in first.events[1:]}, row=before)
    again = repeat()
    assert (again.is_repeated, len(again.events), again.object.Balance) == (True, 3, 70)


def test_so_does_whoever_only_looks() -> None:
    bank, _, first, before = decided(parts=3)
    Committing(bank, 2, hidden={event.key for event in first.events[1:]}, row=before)
    assert bank.deciding().current(DOMAIN_ID).Balance == 70


def test_what_stays_so_was_changed_by_a_person_and_is_decided_on() -> None:
    bank, _, _, before = decided()
    Committing(bank, 10**6, hidden=set(), row=before)
    assert bank.deciding().current(DOMAIN_ID).Balance == 70
    assert len(bank.clock.pauses) == MAX_LOOKS - 1


def test_a_decision_on_a_row_whose_events_stay_hidden_does_not_make_it_forget_them() -> None:
    """Otherwise a late event would fold the row again without them, and they would be lost."""
    bank, _, first, _ = decided()
    Committing(bank, MAX_LOOKS, hidden={event.key for event in first.events}, row=None)
    second = bank.decide(withdraw(1))
    assert bank.account().unseen == (first.events[0].key, second.events[0].key)
    third = bank.decide(withdraw(1))
    assert bank.account().unseen == (third.events[0].key,)
