"""The input `domain_table_indexes`: its form, its check, and the indexes that it describes."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NotRequired, TypedDict

import pulumi

from .checks import (
    MAX_ATTRIBUTE_NAME_BYTES,
    Check,
    has_text_keys,
    is_attribute_name,
    row_attribute,
    shown,
    unknown_inputs,
)

MAX_INDEXES: Final = 19
"""DynamoDB gives a table 20, and the index of parked domain objects is one of them."""

MAX_KEYS_LENGTH: Final = 1_000
"""Of the names of all key attributes together, in bytes of JSON. The function gets them in its environment, which has
at most 4 KB."""

MAX_NON_KEY_ATTRIBUTES: Final = 20
"""Of one index."""
MAX_ALL_NON_KEY_ATTRIBUTES: Final = 100
"""Of all indexes of a table together; an attribute in two indexes counts twice."""

PARKED_INDEX: Final = "ParkedDomains"
"""The component's own index of the domain table."""

TYPES: Final = ("S", "N", "B")
PROJECTIONS: Final = ("ALL", "KEYS_ONLY", "INCLUDE")

_INDEX_NAME: Final = re.compile(r"[a-zA-Z0-9_.-]{3,255}")


class IndexArgs(TypedDict):
    """A global secondary index of the domain table."""

    name: pulumi.Input[str]
    """Name of the index, for queries: 3 to 255 ASCII letters, digits and `_ . -`."""

    hash_key: pulumi.Input[str]
    """Name of the row's attribute that queries name a value of. A row without it is not in the index."""

    hash_key_type: NotRequired[pulumi.Input[str]]
    """Type of that attribute: `S` for text, `N` for numbers, `B` for binary. Default `S`."""

    range_key: NotRequired[pulumi.Input[str]]
    """Name of the row's attribute that orders the rows of one hash key. A row without it is not in the index."""

    range_key_type: NotRequired[pulumi.Input[str]]
    """Type of that attribute, as of the other. Default `S`."""

    projection: NotRequired[pulumi.Input[str]]
    """What the index holds of a row: `ALL` for everything, `KEYS_ONLY` for `DomainId` and the keys of the index,
    `INCLUDE` for these and `non_key_attributes`. Default `ALL`."""

    non_key_attributes: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """Names of the row's attributes that the index holds besides the keys, with the projection `INCLUDE`: 1 to 20, and
    at most 100 in all indexes together."""


@dataclass(frozen=True)
class Key:
    """A key attribute of an index."""

    attribute: str
    type: str
    """S, N or B."""


@dataclass(frozen=True)
class Index:
    """A global secondary index of the domain table."""

    name: str
    hash_key: Key
    range_key: Key | None = None
    projection: str = "ALL"
    non_key_attributes: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[Key, ...]:
        """The hash key, and the range key if there is one."""
        return (self.hash_key,) if self.range_key is None else (self.hash_key, self.range_key)


def indexes_from(given: Sequence[Mapping[str, Any]]) -> tuple[Index, ...]:
    """The indexes that a checked input describes, when all its values are known."""
    return tuple(_index(_without_none(each)) for each in given)


def indexes(name: str, value: object) -> list[str]:
    """The check of the input, when all its values are known."""
    if not isinstance(value, list | tuple):
        return [f"{name}: must be a list of indexes, each a dictionary with name and hash_key; got {shown(value)}"]
    if len(value) > MAX_INDEXES:
        return [
            (
                f"{name}: must have at most {MAX_INDEXES} indexes, since DynamoDB gives a table 20 and the "
                f"component needs one of them; got {len(value)}; leave out those that nobody queries"
            )
        ]
    of_each = [list(_of_one(f"{name}[{position}]", each)) for position, each in enumerate(value)]
    sound = {position: _index(_without_none(each)) for position, each in enumerate(value) if not of_each[position]}
    return [*(problem for problems in of_each for problem in problems), *_of_all(name, sound)]


def _index(given: Mapping[str, Any]) -> Index:
    range_key = given.get("range_key")
    return Index(
        given["name"],
        Key(given["hash_key"], given.get("hash_key_type", "S")),
        None if range_key is None else Key(range_key, given.get("range_key_type", "S")),
        given.get("projection", "ALL"),
        tuple(given.get("non_key_attributes", ())),
    )


def _without_none(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}


def _of_one(path: str, value: object) -> Iterator[str]:
    """The problems that one index has by itself."""
    if not isinstance(value, Mapping) or not has_text_keys(value):
        yield f"{path}: must be an index, a dictionary with name and hash_key; got {shown(value)}"
        return
    given = _without_none(value)
    yield from unknown_inputs(value.keys(), _FIELDS.keys(), within=f"{path}.")
    for field, check in _FIELDS.items():
        if field in given or field in IndexArgs.__required_keys__:
            yield from check(f"{path}.{field}", given.get(field))
    if "range_key" in given and given["range_key"] == given.get("hash_key"):
        yield (
            f"{path}.range_key: must be another attribute than hash_key; got {shown(given['range_key'])}; leave it out "
            "for an index without order"
        )
    if "range_key_type" in given and "range_key" not in given:
        yield (
            f"{path}.range_key_type: must be left out without range_key; got {shown(given['range_key_type'])}; give "
            "range_key, too, or leave both out"
        )
    includes = given.get("projection") == "INCLUDE"
    if includes and "non_key_attributes" not in given:
        yield (
            f"{path}.non_key_attributes: must be given with the projection INCLUDE; got nothing; name 1 to "
            f"{MAX_NON_KEY_ATTRIBUTES} attributes, or take the projection KEYS_ONLY"
        )
    if "non_key_attributes" in given and not includes:
        yield (
            f"{path}.non_key_attributes: must be left out without the projection INCLUDE; got "
            f"{shown(given['non_key_attributes'])}; give projection INCLUDE"
        )


def _of_all(name: str, sound: Mapping[int, Index]) -> Iterator[str]:
    """The problems that indexes, by their positions, have with each other."""
    first_named: dict[str, int] = {}
    first_typed: dict[str, tuple[str, int]] = {}
    for position, index in sound.items():
        first = first_named.setdefault(index.name, position)
        if first != position:
            yield (
                f"{name}[{position}].name: must be another name than that of {name}[{first}]; got {index.name!r}; "
                "rename one of them"
            )
        for field, key in zip(("hash_key_type", "range_key_type"), index.keys, strict=False):
            type_, where = first_typed.setdefault(key.attribute, (key.type, position))
            if type_ != key.type:
                yield (
                    f"{name}[{position}].{field}: must be {type_!r}, since the attribute {key.attribute!r} has this "
                    f"type in {name}[{where}], and an attribute has one type; got {key.type!r}; give both the same"
                )
    in_all = sum(len(index.non_key_attributes) for index in sound.values())
    if in_all > MAX_ALL_NON_KEY_ATTRIBUTES:
        yield (
            f"{name}: must have at most {MAX_ALL_NON_KEY_ATTRIBUTES} non_key_attributes in all indexes together, as "
            f"DynamoDB allows; got {in_all}; take the projection ALL for some"
        )
    length = sum(len(json.dumps(each, ensure_ascii=False).encode()) - len('""') for each in first_typed)
    if length > MAX_KEYS_LENGTH:
        yield (
            f"{name}: must have key attributes with names of at most {MAX_KEYS_LENGTH} bytes together, since the "
            f"function's environment has each; got {length}; give shorter names"
        )


def _text_that(rule: str, accepts: Callable[[str], bool], advice: str) -> Check:
    def check(name: str, value: object) -> list[str]:
        if isinstance(value, str) and accepts(value):
            return []
        return [f"{name}: must be {rule}; got {shown(value)}; {advice}"]

    return check


def _non_key_attributes(name: str, value: object) -> list[str]:
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= MAX_NON_KEY_ATTRIBUTES:
        return [
            (
                f"{name}: must be a list of 1 to {MAX_NON_KEY_ATTRIBUTES} attributes' names; got "
                f"{len(value) if isinstance(value, list | tuple) else shown(value)}; take the projection KEYS_ONLY for "
                "none and ALL for more"
            )
        ]
    problems = [
        f"{name}[{position}]: must be the name of an attribute, of 1 to {MAX_ATTRIBUTE_NAME_BYTES} bytes; got "
        f"{shown(each)}; name one that to_dynamo_item returns"
        for position, each in enumerate(value)
        if not isinstance(each, str) or not is_attribute_name(each)
    ]
    repeated = [
        f"{name}[{position}]: must be another attribute than those before it; got {each!r}; leave it out"
        for position, each in enumerate(value)
        if isinstance(each, str) and each in value[:position]
    ]
    return problems + repeated


_TYPE: Final = _text_that("S (text), N (number) or B (binary)", TYPES.__contains__, "give one of these letters")

_FIELDS: Final[dict[str, Check]] = {
    "name": _text_that(
        f"3 to 255 ASCII letters, digits and _ . -, and not {PARKED_INDEX}, which the component has",
        lambda name: _INDEX_NAME.fullmatch(name) is not None and name != PARKED_INDEX,
        "give such a name",
    ),
    "hash_key": row_attribute,
    "hash_key_type": _TYPE,
    "range_key": row_attribute,
    "range_key_type": _TYPE,
    "projection": _text_that(
        ", ".join(PROJECTIONS[:-1]) + f" or {PROJECTIONS[-1]}", PROJECTIONS.__contains__, "give one"
    ),
    "non_key_attributes": _non_key_attributes,
}
"""The check of each field of an index."""
