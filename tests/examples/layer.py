"""Loads a domain layer and folds events with it: a second implementation of the contract, to compare with."""

import importlib.util
import inspect
import sys
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from cp_event_source.handler.events.event_time import instant
from cp_event_source.handler.values import attribute_value, exact_json


class Item(dict[str, Any]):
    """A row with attribute access, as a layer sees it."""

    __getattr__ = dict.__getitem__


def load_layer(folder: Path) -> ModuleType:
    """The module `domain_handler` of a layer's folder, not shared with any other test."""
    spec = importlib.util.spec_from_file_location(f"layer_{folder.name}", folder / "domain_handler.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)  # a dataclass looks for its module
    spec.loader.exec_module(module)
    return module


def read_events(file: Path) -> list[dict[str, Any]]:
    """The events of a file, their numbers exact."""
    events = exact_json.loads(file.read_text())
    assert isinstance(events, list)
    return events


def in_order(events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events in the order of the fold, each once."""
    by_key = {(instant(event["EventTime"]), event["EventId"]): event for event in events}
    return [by_key[key] for key in sorted(by_key)]


def create(layer: ModuleType, event: dict[str, Any]) -> Any:
    return _call(layer.Domain.create_new, event)


def apply(domain: Any, event: dict[str, Any]) -> Any:
    result = _call(domain.apply, event)
    return domain if result is None else result


def fold(layer: ModuleType, events: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The row after a fold of all events at once."""
    ordered = in_order(events)
    domain = create(layer, ordered[0])
    for event in ordered:
        domain = apply(domain, event)
    row: dict[str, Any] = layer.Domain.to_dynamo_item(domain)
    return row


def fold_through_the_table(layer: ModuleType, events: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The row after each event is applied to the row that DynamoDB returned."""
    row: dict[str, Any] = {}
    for event in in_order(events):
        domain = layer.Domain.from_dynamo_item(Item(row)) if row else create(layer, event)
        domain = apply(domain, event)
        row = stored(layer.Domain.to_dynamo_item(domain))
    return row


def stored(row: dict[str, Any]) -> dict[str, Any]:
    """The row as DynamoDB returns it: whole numbers as int, others as Decimal, sets as sets."""
    return attribute_value.decode_item(attribute_value.encode_item(row))


def _call(function: Any, event: dict[str, Any]) -> Any:
    offered = {
        "domain_payload": attribute_value.encode(event["Payload"]).get("M", event["Payload"]),
        "payload": event["Payload"],
        "domain_id": event["DomainId"],
        "event_time": event["EventTime"],
        "event_type": event["EventType"],
        "event_name": event["EventName"],
        "event_id": event["EventId"],
        "user_id": event["UserId"],
        "correlation_id": event.get("CorrelationId"),
        "version": event["Version"],
        "event": event,
    }
    return function(**{name: offered[name] for name in inspect.signature(function).parameters})
