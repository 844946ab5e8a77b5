"""The difference between two rows of a domain object, attribute by attribute."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cp_event_source.deployed.shown import plain, shown

NOTHING: Final = "(none)"
"""How a missing attribute is shown."""


@dataclass(frozen=True)
class Difference:
    """One attribute of one domain object that differs."""

    domain_id: str
    attribute: str
    """Its path: `Name`, `Address.City`, `Steps[2]`."""
    before: str
    """As a person writes it."""
    after: str
    values: tuple[Mapping[str, Any] | None, Mapping[str, Any] | None] = field(default=(None, None), compare=False)
    """The attribute values, before and after."""

    def document(self) -> dict[str, Any]:
        """For a JSON document: the attribute, and the values that there are."""
        sides = zip(("before", "after"), self.values, strict=True)
        return {"attribute": self.attribute} | {side: plain(value) for side, value in sides if value is not None}


def differences(
    domain_id: str, before: Mapping[str, Any], after: Mapping[str, Any], path: str = ""
) -> Iterator[Difference]:
    """What differs between two maps of attribute values. It descends into maps, and into lists of equal length."""
    for name in dict.fromkeys([*before, *after]):
        yield from _differ(domain_id, before.get(name), after.get(name), f"{path}.{name}" if path else name)


def _differ(
    domain_id: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, path: str
) -> Iterator[Difference]:
    one, other = _normal(before), _normal(after)
    if one == other:
        return
    if before and after:
        if "M" in before and "M" in after:
            yield from differences(domain_id, before["M"], after["M"], path)
            return
        if "L" in before and "L" in after and len(before["L"]) == len(after["L"]):
            for index, pair in enumerate(zip(before["L"], after["L"], strict=True)):
                yield from _differ(domain_id, *pair, f"{path}[{index}]")
            return
    texts = _text(before), _text(after)
    if texts[0] == texts[1] and before and after:  # such as the text 5 and the number 5
        texts = f"{texts[0]} ({_KINDS[next(iter(before))]})", f"{texts[1]} ({_KINDS[next(iter(after))]})"
    yield Difference(domain_id, path, *texts, (before, after))


def _text(value: Mapping[str, Any] | None) -> str:
    return NOTHING if value is None else shown(value, whole=True) or '""'


def _normal(value: Mapping[str, Any] | None) -> object:
    """The value so that equal ones are equal: a set has no order."""
    if value is None:
        return None
    ((kind, content),) = value.items()
    match kind:
        case "SS" | "NS" | "BS":
            return kind, frozenset(map(bytes, content)) if kind == "BS" else frozenset(content)
        case "B":
            return kind, bytes(content)
        case "M":
            return kind, {name: _normal(element) for name, element in content.items()}
        case "L":
            return kind, [_normal(element) for element in content]
        case _:
            return kind, content


_KINDS: Final = {
    "S": "text",
    "N": "number",
    "BOOL": "true or false",
    "NULL": "null",
    "B": "bytes",
    "M": "map",
    "L": "list",
    "SS": "set of texts",
    "NS": "set of numbers",
    "BS": "set of bytes",
}
