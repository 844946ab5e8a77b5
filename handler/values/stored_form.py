"""Represents attributes in their stored form, for a fold that takes each event from one stored form to the next.

To encode and to decode every attribute for every event would take most of a fold's time, though an event changes few of
them. What is skipped here changes no result:

- Text, an integer, a `Decimal`, a boolean and None cannot be changed. If a reader of a form returns the very object
  that it got for an attribute, then the attribute is the stored form of that object. An equal object is not enough,
  since 1 equals True.
- Storage returns text, a boolean, None and an integer as they were, with their type. So these are not decoded. Only
  exact types count: a subclass may have another text.
- Every reader gets its own lists, maps and sets, since it may change them.
"""

import marshal
from collections.abc import Mapping
from operator import is_
from types import NoneType
from typing import Any, TypeGuard

from .attribute_value import Item, NotStorable, decode, encode, encode_item, item_size, value_size

_SAME_WHEN_READ = frozenset({str, int, bool, NoneType})
"""The exact types whose values storage returns as they were."""

_NO_REFERENCES = 2
"""The version of marshal's format that writes an object as often as it occurs."""

_DECODED_EACH_TIME = object()
"""Stands for the value of an attribute of which every reader gets a new object."""


class StoredForm:
    """Attributes as DynamoDB keeps them, and their values as DynamoDB returns them. It never changes.

    Attributes:
        attributes: the attribute values by name.
    """

    __slots__ = ("_each_time", "_max_size", "_values", "attributes")

    def __init__(self, attributes: Item, values: dict[str, Any], each_time: list[str], max_size: int) -> None:
        self.attributes = attributes
        self._values = values
        self._each_time = each_time
        self._max_size = max_size

    @classmethod
    def read(cls, attributes: Item) -> "StoredForm":
        """The form of attributes that were read: a person may have written them in any form that DynamoDB keeps."""
        # text has one form; a number may have been written as 1.0, and is written as 1
        values = {name: attribute.get("S", _DECODED_EACH_TIME) for name, attribute in attributes.items()}
        each_time = [name for name, value in values.items() if value is _DECODED_EACH_TIME]
        # Python's own binary form of an item takes more bytes than the item, and less time than to add up its size
        return cls(attributes, values, each_time, len(marshal.dumps(attributes, _NO_REFERENCES)))

    def fits(self, max_bytes: int) -> bool:
        """True if the item has at most this size."""
        if self._max_size > max_bytes:
            self._max_size = item_size(self.attributes)
        return self._max_size <= max_bytes

    def values(self) -> dict[str, Any]:
        """The attributes' values by name, for one reader, who may change all of it."""
        values = self._values.copy()
        for name in self._each_time:
            values[name] = decode(self.attributes[name])
        return values

    def followed_by(self, written: Mapping[Any, Any]) -> "StoredForm":
        """The form of `written`, which a reader of this form made.

        Raises:
            NotStorable: as `encode_item`.
        """
        attributes: Item = {}
        values: dict[str, Any] = {}
        each_time: list[str] = []
        max_size = self._max_size  # of what changes, only what is added counts
        own_attributes, own_values = self.attributes, self._values
        for key, value in written.items():
            if type(key) is not str or key not in own_values:
                ((name, attribute),) = encode_item({key: value}).items()
                max_size += item_size({name: attribute})
            elif own_values[key] is value:
                attributes[key], values[key] = own_attributes[key], value
                continue
            elif type(value) is str and value.isascii():  # most changes
                attributes[key], values[key] = {"S": value}, value
                max_size += len(value)
                continue
            else:
                name, attribute = key, encode(value, key)
                if attribute != own_attributes[key]:
                    max_size += value_size(attribute)
            attributes[name] = attribute
            if type(value) in _SAME_WHEN_READ:
                values[name] = value
            elif "N" in attribute or "S" in attribute:
                values[name] = decode(attribute)
            else:
                values[name] = _DECODED_EACH_TIME
                each_time.append(name)
        return StoredForm(attributes, values, each_time, max_size)

    def is_form_of(self, written: object) -> bool:
        """True if this is the form of `written`, which a reader of this form made.

        False says nothing: `encode_item` has to decide.
        """
        if not self._has_names_of(written):
            return False
        attributes = self.attributes
        try:
            for (name, value), own in zip(written.items(), self._values.values(), strict=True):
                if value is not own and encode(value) != attributes[name]:
                    return False
        except NotStorable:
            return False
        return True

    def _has_names_of(self, written: object) -> TypeGuard[dict[str, Any]]:
        """True if `written` has the very names of this form, in their order. They can be stored, and are plain text."""
        return type(written) is dict and len(written) == len(self._values) and all(map(is_, written, self._values))


NOTHING_STORED = StoredForm({}, {}, [], 0)
"""The form before the first event."""
