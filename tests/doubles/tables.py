"""DynamoDB's tables in memory: items by key, in order, and the item that the last write to each hash key replaced."""

import marshal
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from zlib import crc32

from .attribute_values import ITEM_SIZE_LIMIT, Item, checked, checked_item, text_size
from .aws import invalid
from .expressions import Projection, resolved

PAGE_BYTES = 1024 * 1024
HASH_KEY_LIMIT = 2048
RANGE_KEY_LIMIT = 1024

RangeKey = Any
"""A str or a Decimal. All range keys of a table have the same type."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored item: the image to compare with, and the form that is fastest to copy."""

    image: Item
    size: int
    copied_from: bytes

    @classmethod
    def of(cls, item: Mapping[str, Mapping[str, Any]]) -> "Stored":
        image, size = checked_item(item)
        if size > ITEM_SIZE_LIMIT:
            raise invalid("Item size has exceeded the maximum allowed size")
        return cls(image, size, marshal.dumps(image))

    def item(self, names: Projection | None = None, aliases: Mapping[str, str] | None = None) -> Item:
        """A deep copy of the whole item or of the requested attributes."""
        copy: Item = marshal.loads(self.copied_from)
        if names is None:
            return copy
        return {name: copy[name] for each in names.names if (name := resolved(each, aliases or {})) in copy}


@dataclass(slots=True)
class Collection:
    """The items of one hash key by range key ("" in a table that has none).

    Texts are in the order of their UTF-8 bytes. Python's strings have the same order: both compare code points.
    """

    keys: list[RangeKey] = field(default_factory=list)
    items: dict[RangeKey, Stored] = field(default_factory=dict)
    last_write: tuple[RangeKey, Stored | None] | None = None
    """What the last write replaced. A stale read returns it."""
    unseen: set[RangeKey] = field(default_factory=set)
    """Items that a transaction put, and that no query has met yet."""

    def get(self, range_key: RangeKey, *, consistent: bool) -> Stored | None:
        if not consistent and self.last_write is not None and self.last_write[0] == range_key:
            return self.last_write[1]
        return self.items.get(range_key)

    def set(self, range_key: RangeKey, stored: Stored | None) -> None:
        before = self.items.get(range_key)
        self.last_write = (range_key, before)
        if stored is None:
            if before is not None:
                del self.items[range_key]
                self.keys.remove(range_key)
            return
        if before is None:
            insort(self.keys, range_key)
        self.items[range_key] = stored

    def met(self, keys: list[RangeKey]) -> list[RangeKey]:
        """Those of `keys` that a query shows: all but those that a transaction put and no query has met before."""
        if not self.unseen:
            return keys
        shown = [key for key in keys if key not in self.unseen]
        self.unseen.difference_update(keys)
        return shown

    def seen(self, *, consistent: bool) -> "Collection":
        """The collection as a query sees it."""
        if consistent or self.last_write is None:
            return self
        stale = Collection(list(self.keys), dict(self.items))
        stale.set(*self.last_write)
        return stale

    def keys_within(self, comparison: str, limits: list[RangeKey]) -> list[RangeKey]:
        """The range keys that match a key condition; all if `comparison` is empty."""
        match comparison:
            case "":
                first, end = 0, len(self.keys)
            case "<":
                first, end = 0, bisect_left(self.keys, limits[0])
            case "<=":
                first, end = 0, bisect_right(self.keys, limits[0])
            case ">":
                first, end = bisect_right(self.keys, limits[0]), len(self.keys)
            case ">=":
                first, end = bisect_left(self.keys, limits[0]), len(self.keys)
            case _:  # BETWEEN, or = with a single limit
                first, end = bisect_left(self.keys, limits[0]), bisect_right(self.keys, limits[-1])
                if limits[0] > limits[-1]:
                    raise invalid(
                        "The BETWEEN operator requires upper bound to be greater than or equal to lower bound"
                    )
        return self.keys[first:end]

    def page(self, keys: list[RangeKey], limit: int | None) -> tuple[list[RangeKey], int, bool]:
        """The first of `keys` that fit into one page, the page's bytes, and True if the page ended at a limit.

        A page that just reaches its limit also counts: DynamoDB does not check whether more items follow.
        """
        size = 0
        for count, key in enumerate(keys):
            if count == limit or size + self.items[key].size > PAGE_BYTES:
                return keys[:count], size, True
            size += self.items[key].size
        return keys, size, len(keys) == limit


@dataclass(slots=True)
class Table:
    """A table. `partitions` (None: one per hash key) matters only for BatchGetItem's limit per partition."""

    name: str
    hash_key: str
    range_key: str | None
    range_type: str
    stream_view: str | None
    partitions: int | None
    collections: defaultdict[str, Collection] = field(default_factory=lambda: defaultdict(Collection))
    records: list[dict[str, Any]] = field(default_factory=list)

    key_types: dict[str, str] = field(init=False)
    """The key's attributes, hash key first, and their types."""

    def __post_init__(self) -> None:
        self.key_types = {self.hash_key: "S"}
        if self.range_key is not None:
            self.key_types[self.range_key] = self.range_type

    def continue_from(self, other: "Table") -> None:
        """Hold what an equal table holds. Stored items and records do not change, so both share them."""
        for name, each in other.collections.items():
            self.collections[name] = Collection(list(each.keys), dict(each.items), each.last_write)
        self.records += other.records

    def collection(self, hash_key: str) -> Collection:
        """The items of a hash key, to read."""
        return self.collections.get(hash_key, _NOTHING)

    def key_of_item(self, item: Mapping[str, Any]) -> tuple[str, RangeKey]:
        for name, kind in self.key_types.items():
            if name not in item:
                raise invalid(f"One or more parameter values were invalid: Missing the key {name} in the item")
            if kind not in item[name]:
                raise invalid(
                    "One or more parameter values were invalid: "
                    f"Type mismatch for key {name} expected: {kind} actual: {next(iter(item[name]))}"
                )
        return self._key(item)

    def key_of(self, key: Mapping[str, Any]) -> tuple[str, RangeKey]:
        if {name: next(iter(value), "") for name, value in key.items()} != self.key_types:
            raise invalid("The provided key element does not match the schema")
        return self._key(key)

    def key_image(self, image: Item) -> Item:
        """The key's attributes of an item."""
        return {name: dict(image[name]) for name in self.key_types}

    def hash_part(self, value: Mapping[str, Any]) -> str:
        """The text of a hash key, alone or in a key condition."""
        return self._text(self.hash_key, value, HASH_KEY_LIMIT)

    def range_part(self, value: Mapping[str, Any]) -> RangeKey:
        """The value that orders a range key, or a value that it is compared with."""
        if self.range_type == "N" and "N" in value:
            return Decimal(checked(value)[0]["N"])
        return self._text(self.range_key or "", value, RANGE_KEY_LIMIT)

    def partition_of(self, hash_key: str) -> str | int:
        return hash_key if self.partitions is None else crc32(hash_key.encode()) % self.partitions

    def _key(self, attributes: Mapping[str, Any]) -> tuple[str, RangeKey]:
        range_part = self.range_part(attributes[self.range_key]) if self.range_key is not None else ""
        return self.hash_part(attributes[self.hash_key]), range_part

    def _text(self, name: str, value: Mapping[str, Any], limit: int) -> str:
        """AWS says ("Quotas in Amazon DynamoDB"): a hash key has 1 to 2048 bytes, a range key 1 to 1024."""
        if self.key_types.get(name) not in value:
            raise invalid(
                "One or more parameter values were invalid: Condition parameter type does not match schema type"
            )
        text: str = value["S"]
        size = text_size(text)
        if size == 0:
            raise invalid(
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
                f"empty string value. Key: {name}"
            )
        if size > limit:
            raise invalid(
                f"One or more parameter values were invalid: Size of {name} has exceeded the limit of {limit} bytes"
            )
        return text


_NOTHING = Collection()
