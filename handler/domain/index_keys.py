"""Checks the attributes of a row that are keys of the domain table's indexes, as DynamoDB does at each write.

DynamoDB refuses the whole row if such an attribute has another type than the index's, is empty or is too large. A row
without the attribute is not in the index.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from ..values.attribute_value import binary

HASH_KEY_BYTES: Final = 2048
RANGE_KEY_BYTES: Final = 1024

_KINDS: Final = {"S": "text (S)", "N": "a number (N)", "B": "binary (B)", "NULL": "None"}


class IndexKey(NamedTuple):
    """What an index requires of an attribute."""

    type: str
    """S, N or B."""
    max_bytes: int
    """The maximum bytes of text or binary."""

    def refusal(self, value: Mapping[str, Any]) -> str | None:
        """Why DynamoDB refuses a row with this attribute value, without the value itself; None if it does not."""
        ((kind, content),) = value.items()
        if kind != self.type:
            return f"must be {_KINDS[self.type]}; found {_KINDS.get(kind, f'the type {kind}')}"
        if self.type == "N":
            return None
        size = len(content.encode() if self.type == "S" else binary(content))
        if 1 <= size <= self.max_bytes:
            return None
        return f"must have 1 to {self.max_bytes} bytes; found {size}"


IndexKeys = Mapping[str, IndexKey]
"""The keys of all indexes, by the attribute's name."""

NO_INDEX_KEYS: Final[IndexKeys] = MappingProxyType({})


def refusals(attributes: Mapping[str, Mapping[str, Any]], keys: IndexKeys) -> dict[str, str]:
    """Why DynamoDB refuses a row with these attributes: a reason for each attribute at fault, by name."""
    reasons = {name: key.refusal(attributes[name]) for name, key in keys.items() if name in attributes}
    return {name: reason for name, reason in reasons.items() if reason is not None}


def to_text(keys: IndexKeys) -> str:
    """The keys as one line of text, for the function's environment. Equal keys have equal texts."""
    lists = {name: [key.type, key.max_bytes] for name, key in keys.items()}
    return json.dumps(lists, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def from_text(text: str) -> IndexKeys:
    """The keys that `to_text` wrote. Raises ValueError, TypeError or AttributeError if it did not write the text."""
    keys = {name: IndexKey(type_, int(max_bytes)) for name, (type_, max_bytes) in json.loads(text).items()}
    if not {key.type for key in keys.values()} <= {"S", "N", "B"}:
        raise ValueError("type")
    return keys
