"""Guarantee: the collector of cyclic garbage does not look at a message again and again while it is being stored."""

import gc
from collections.abc import Iterator
from typing import Any

import pytest

from cp_event_source.handler import persist as persist_module
from cp_event_source.handler.events.ingest import event_item
from cp_event_source.handler.values.collector import collector_paused
from tests.handler.on_moto import PersistFunction
from tests.handler.test_persist import body


@pytest.fixture
def collections() -> Iterator[list[str]]:
    """What the collector does."""
    seen: list[str] = []

    def note(phase: str, _info: dict[str, int]) -> None:
        seen.append(phase)

    gc.callbacks.append(note)
    yield seen
    gc.callbacks.remove(note)


def test_it_is_paused_and_goes_on(collections: list[str]) -> None:
    assert gc.isenabled()
    with collector_paused():
        containers: list[Any] = [[] for _ in range(100_000)]
        assert collections == []
    assert gc.isenabled()
    containers += [[] for _ in range(100_000)]
    assert collections != []


def test_it_goes_on_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), collector_paused():
        raise ZeroDivisionError
    assert gc.isenabled()


def test_it_stays_disabled_where_it_was() -> None:
    gc.disable()
    try:
        with collector_paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_it_is_paused_for_each_message(persist: PersistFunction, monkeypatch: pytest.MonkeyPatch) -> None:
    enabled: list[bool] = []

    def noted(*arguments: Any, **named: Any) -> Any:
        enabled.append(gc.isenabled())
        return event_item(*arguments, **named)

    monkeypatch.setattr(persist_module, "event_item", noted)
    assert persist.handle(body(1), "not JSON", body(2)) == []
    assert enabled == [False] * 3
    assert gc.isenabled()
