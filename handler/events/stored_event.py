"""Converts domain events to items of the domain events table, and reads them."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..values import attribute_value, exact_json
from ..values.attribute_value import ITEM_SIZE_LIMIT, Item, NotStorable, item_size
from ..values.exact_numbers import number_text
from .key_set import erased_key

if TYPE_CHECKING:  # the project function reads stored events, and checks none
    from .domain_event import DomainEvent

ERASED = "Erased"
"""The attribute that makes an item a tombstone, whatever its type. A tombstone says only that there was an event."""

DECIDED = "Decided"
"""The attribute of an event that was appended with its row, as text. The stream need not bring it to the projection."""

MAX_NATIVE_VALUES = 20_000
"""The maximum values, at all levels, that are stored as native DynamoDB values. AWS's client takes five times as long
to send a native value, and ten times as long to receive it, as to write it as JSON text. 400 KB may be 350,000 empty
texts."""


class Unstorable(ValueError):
    """The event does not fit into an item, even if it is compressed."""


def to_item(
    event: "DomainEvent", bus: Mapping[str, Any], *, arrived_at: str | None = None, original: str | None = None
) -> Item:
    """The item that keeps an event and how it arrived.

    The payload is a native DynamoDB value if DynamoDB returns an equal one, and if it has at most MAX_NATIVE_VALUES
    values. Otherwise it is compressed JSON text.

    Args:
        event: the event, as its producer claims.
        bus: the attributes that the bus set. They may be any JSON, since others can also send to the ingest queue.
        arrived_at: when the message arrived in the ingest queue; UTC, ISO 8601.
        original: the message as it arrived, if the event does not hold all of it.

    Raises:
        Unstorable: the item would be larger than 400 KB.
    """
    bulky = {"Payload": event.payload, "Bus": dict(bus)}
    if event.extensions:
        bulky["Extensions"] = event.extensions
    compressed = {name: _compressed(value) for name, value in bulky.items() if _holds_many(value)}
    item: Item = {
        "DomainId": {"S": event.domain_id},
        "EventKey": {"S": event.key},
        "EventTime": {"S": event.event_time},
        "EventId": {"S": event.event_id},
        "UserId": {"S": event.user_id},
        "EventType": {"S": event.event_type},
        "EventName": {"S": event.event_name},
        "DomainName": {"S": event.domain_name},
        "Version": {"N": str(event.version)},
    }
    item |= {name: compressed.get(name) or _native_or_compressed(value) for name, value in bulky.items()}
    if event.correlation_id is not None:
        item["CorrelationId"] = {"S": event.correlation_id}
    if event.ip_address is not None:
        item["IpAddress"] = {"S": event.ip_address}
    if arrived_at is not None:
        item["ArrivedAt"] = {"S": arrived_at}
    if original is not None:
        item["Original"] = {"B": zlib.compress(original.encode("utf-8", "surrogatepass"))}
    if item_size(item) <= ITEM_SIZE_LIMIT:
        return item
    native = item | {name: _native_or_compressed(bulky[name]) for name in compressed}  # it may be shorter
    size = item_size(native)
    if size <= ITEM_SIZE_LIMIT:
        return native
    item |= {name: compressed.get(name) or _compressed(value) for name, value in bulky.items()}
    compressed_size = item_size(item)
    if compressed_size > ITEM_SIZE_LIMIT:
        raise Unstorable(
            f"the event takes {size} bytes, and {compressed_size} compressed; an item must take at most "
            f"{ITEM_SIZE_LIMIT}. Keep large content elsewhere, such as in S3, and send its address"
        )
    return item


def same_content(stored: Mapping[str, Any], sent: Mapping[str, Any]) -> bool:
    """True if two items with the same key hold the same event, however each arrived.

    Numbers are compared as numbers. EventTime is not compared, because the key holds its instant.

    Args:
        stored: an item of the table. Any version of this code, or a person, may have written it.
        sent: an item that `to_item` has just made.
    """
    names = sent.keys() - _NOT_CONTENT
    if names != stored.keys() - _NOT_CONTENT:
        return False
    try:
        return all(_same_value(stored[name], sent[name]) for name in names)
    except (TypeError, ValueError, zlib.error):  # a person wrote the stored item by hand
        return False


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One stored event, read-only. Each property decodes its attribute when you read it."""

    item: Item
    key: str
    """The EventKey."""
    domain_id: str

    @classmethod
    def of(cls, item: Item) -> "StoredEvent":
        """The event of an item: one that was read, or a stream record's new image."""
        return cls(item, item["EventKey"]["S"], item["DomainId"]["S"])

    @property
    def is_erased(self) -> bool:
        """True if a person has put a tombstone over the event. Then only the key is left."""
        return ERASED in self.item

    @property
    def counted(self) -> str:
        """The key that a KeySet counts the event by."""
        return erased_key(self.key) if self.is_erased else self.key

    @property
    def event_id(self) -> str:
        return self.key.partition("#")[2]

    @property
    def event_time(self) -> str:
        """The time as the producer sent it."""
        return self._string("EventTime")

    @property
    def event_type(self) -> str:
        return self._string("EventType")

    @property
    def event_name(self) -> str:
        return self._string("EventName")

    @property
    def domain_name(self) -> str:
        return self._string("DomainName")

    @property
    def user_id(self) -> str:
        return self._string("UserId")

    @property
    def correlation_id(self) -> str | None:
        return self._optional_string("CorrelationId")

    @property
    def ip_address(self) -> str | None:
        return self._optional_string("IpAddress")

    @property
    def version(self) -> int:
        return int(self.item["Version"]["N"])

    @property
    def payload(self) -> Any:
        """The payload as a Python value, with numbers as `int` or `Decimal`. Each read returns a new object."""
        return _value(self.item["Payload"])

    @property
    def domain_payload(self) -> dict[str, Any]:
        """The payload in DynamoDB JSON: an object's fields by name (`["Name"]["S"]`), else its typed value.

        Each read returns a new object, so that domain logic can change it without changing the event.
        """
        stored = self.item["Payload"]
        typed = _typed(_value(stored)) if "B" in stored else attribute_value.copy(stored)
        fields: dict[str, Any] = typed.get("M", typed)
        return fields

    @property
    def arrived_at(self) -> str | None:
        """When the event arrived in the ingest queue: UTC, ISO 8601. None if that is not known."""
        text: str | None = self.item.get("ArrivedAt", {}).get("S")
        return text

    @property
    def extensions(self) -> dict[str, Any]:
        """Fields of the event that the contract does not name."""
        stored = self.item.get("Extensions")
        fields: dict[str, Any] = _value(stored) if stored else {}
        return fields

    def _string(self, name: str) -> str:
        text: str = self.item[name]["S"]
        return text

    def _optional_string(self, name: str) -> str | None:
        return self._string(name) if name in self.item else None


def bus_of(item: Item) -> dict[str, Any]:
    """What the bus set, as `to_item` got it."""
    facts: dict[str, Any] = _value(item["Bus"])
    return facts


def _holds_many(value: Any) -> bool:
    """True if it holds more than MAX_NATIVE_VALUES values. It does not recurse: the value may be nested deeply."""
    count, to_visit = 0, [value]
    while to_visit:
        container = to_visit.pop()
        if isinstance(container, dict | list):
            count += len(container)
            if count > MAX_NATIVE_VALUES:
                return True
            to_visit += container.values() if isinstance(container, dict) else container
    return False


def _native_or_compressed(value: Any) -> dict[str, Any]:
    try:
        return attribute_value.encode(value)
    except NotStorable:
        return _compressed(value)


def _compressed(value: Any) -> dict[str, Any]:
    return {"B": zlib.compress(exact_json.dumps(value).encode("ascii"))}


def _text(compressed: Mapping[str, Any]) -> str:
    return zlib.decompress(attribute_value.binary(compressed["B"])).decode("ascii")


def _value(stored: Mapping[str, Any]) -> Any:
    if "B" in stored:  # JSON has no bytes: this is compressed JSON text
        return exact_json.loads(_text(stored))
    return attribute_value.decode(stored)


def _typed(value: Any) -> dict[str, Any]:
    """`value` in DynamoDB's form, without DynamoDB's limits. It does not recurse: the value may be nested deeply."""
    typed: dict[str, Any] = {}
    to_do = [(value, typed)]
    while to_do:
        each, attribute = to_do.pop()
        match each:
            case dict():
                attribute["M"] = {name: {} for name in each}
                to_do += [(each[name], inner) for name, inner in attribute["M"].items()]
            case list():
                attribute["L"] = [{} for _ in each]
                to_do += zip(each, attribute["L"], strict=True)
            case str():
                attribute["S"] = each
            case None:
                attribute["NULL"] = True
            case bool():
                attribute["BOOL"] = each
            case _:
                attribute["N"] = number_text(each)
    return typed


def _same_value(stored: Mapping[str, Any], sent: Mapping[str, Any]) -> bool:
    # an event that is sent twice usually has one stored form; decoding takes as long as storing the event
    if stored == sent:
        return True
    sent_text = _text(sent) if "B" in sent else exact_json.dumps(_value(sent))
    return exact_json.dumps(_value(stored)) == sent_text


_NOT_CONTENT = {"EventTime", "Bus", "ArrivedAt", "Original", DECIDED}
