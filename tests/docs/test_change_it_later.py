"""Guarantee: what "Change it later" says happens to a row that older logic wrote: a strict reading folds the object
again, and a default leaves a mixture until a rebuild or a late event."""

import sys
from collections.abc import Callable
from types import ModuleType

from cp_event_source.handler.domain.logic import DomainLogic
from cp_event_source.handler.events.domain_event import parse_domain_event
from cp_event_source.handler.events.stored_event import StoredEvent, to_item
from cp_event_source.handler.projection.rows import MIXED
from cp_event_source.handler.values.attribute_value import decode_item
from tests.handler.doubles import World

from .markdown import REPOSITORY, blocks

LAYERS = [
    block.text
    for block in blocks(REPOSITORY / "docs" / "how-to" / "write-domain-logic.md")
    if "class Domain:" in block.text
]
OLD = LAYERS[0]
(STRICT,) = [layer for layer in LAYERS if "Debits" in layer]
WITH_DEFAULT = STRICT.replace("item.Debits", 'item.get("Debits", 0)')


def logic_of(source: str) -> DomainLogic:
    module = ModuleType("layer_of_the_page")
    sys.modules[module.__name__] = module  # a dataclass looks for its module
    exec(source, module.__dict__)
    return DomainLogic(module)


def versions(new: str) -> Callable[[str], DomainLogic]:
    return lambda version: logic_of(OLD if version == "v1" else new)


def debit(day: int) -> StoredEvent:
    event = {
        "DomainId": "a1",
        "EventTime": f"2026-03-{day:02}T09:00:00Z",
        "EventId": f"e{day}",
        "UserId": "ada",
        "EventType": "DOMAIN",
        "EventName": "AmountDebited",
        "DomainName": "Account",
        "Payload": {"Amount": 1},
        "Version": 1,
    }
    parsed = parse_domain_event(event, domain_name="Account", latest="2026-12-31T00:00:00.000000000Z")
    return StoredEvent.of(to_item(parsed, {}))


def changed(new: str) -> World:
    """Two debits that old logic applied, and a third one that new logic applies."""
    world = World(logic=versions(new))
    world.deliver(debit(2), debit(3), version="v1")
    world.deliver(debit(4), version="v2")
    return world


def row(world: World) -> tuple[dict[str, object], str | None]:
    found = world.row("a1")
    return decode_item(found.state.attributes), found.logic_version


def test_a_strict_reading_folds_the_object_again_and_the_row_is_right() -> None:
    assert row(changed(STRICT)) == ({"DomainId": "a1", "Balance": -3, "Debits": 3}, "v2")


def test_a_default_leaves_a_mixture() -> None:
    assert row(changed(WITH_DEFAULT)) == ({"DomainId": "a1", "Balance": -3, "Debits": 1}, MIXED)


def test_a_rebuild_puts_the_mixture_right() -> None:
    world = changed(WITH_DEFAULT)
    world.rebuilds("v2").rebuild("a1")
    assert row(world) == ({"DomainId": "a1", "Balance": -3, "Debits": 3}, "v2")


def test_a_late_event_puts_the_mixture_right() -> None:
    world = changed(WITH_DEFAULT)
    world.deliver(debit(1), version="v2")
    assert row(world) == ({"DomainId": "a1", "Balance": -4, "Debits": 4}, "v2")


def test_a_renamed_attribute_folds_the_object_again() -> None:
    renamed = OLD.replace("item.Balance", "item.Amount").replace(
        '{"DomainId": account.DomainId, "Balance"', '{"DomainId": account.DomainId, "Amount"'
    )
    assert row(changed(renamed)) == ({"DomainId": "a1", "Amount": -3}, "v2")


def test_without_a_new_event_the_old_row_stays() -> None:
    world = World(logic=versions(STRICT))
    world.deliver(debit(2), version="v1")
    world.deliver(debit(2), version="v2")
    assert row(world) == ({"DomainId": "a1", "Balance": -1}, "v1")
