"""Random messages, items and requests: hypothesis draws a few of each, and cheap changes from a seed multiply them.

The result depends only on what hypothesis drew, so that it can reproduce, shrink and print a failure.
"""

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from ..corpus import cases, envelopes
from ..handler.strategies import json_texts

_SHORT = 2_000
_VALUES = [text for text in (cases.NATIVE | cases.COMPRESSED | cases.NO_DECIMAL).values() if len(text) < _SHORT]
_NEARLY = [text for text in cases.NOT_JSON.values() if len(text) < _SHORT]
_LONG = [
    text
    for text in (cases.NATIVE | cases.COMPRESSED | cases.NO_DECIMAL | cases.NOT_JSON).values()
    if _SHORT < len(text) < 120_000
]
_FIELD_VALUES = [
    (name, text)
    for fields in (*envelopes.ACCEPTED.values(), *(fields for _, fields in envelopes.REFUSED.values()))
    if len(fields) < 10
    for name, text in fields.items()
    if text is None or len(text) < 4 * _SHORT
]
_TIMES = [json.dumps(text) for text in (*envelopes.TIMES, *envelopes.NO_TIMES) if len(text) < _SHORT]
_CHARACTERS = '{}[]",:\\/ \t\n\r0123456789.eE+-truefalsnuNaI#\x7f\u00e9\u2028\ud7ff\ufeff\ufffd\U0001f600'
_LEXEME = re.compile(r'"(?:[^"\\]|\\.)*"|[\w.+-]+|[^\s\w]')
_UNSENDABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass
class Draft:
    """A message before it is written down: the fields of its event and of its envelope, as JSON texts."""

    fields: dict[str, str | None]
    envelope: dict[str, str | None] = field(default_factory=dict)

    def text(self) -> str:
        payload = self.fields.get("Payload", "null")
        named = {name: text for name, text in self.fields.items() if name != "Payload"}
        return cases.body(payload, **named, **self.envelope)


_ids = st.sampled_from(['"a"', '"b"', '"\\u00e9"', '"\U0001f600"', r'"\u0000"'])
_drafts = st.builds(
    Draft,
    st.fixed_dictionaries(
        {"Payload": json_texts | st.sampled_from(_VALUES), "DomainId": _ids, "EventId": _ids},
        optional={"EventTime": st.sampled_from(_TIMES), "Extra": json_texts, "Version": json_texts},
    ),
)
messages: st.SearchStrategy[Draft | str] = _drafts | _drafts | _drafts | json_texts | st.text(max_size=30)
"""Mostly events with any payload, and texts that are no event."""

seeds = st.integers(0, 2**32 - 1)


def multiplied(drawn: list[Draft | str], seed: int, times: int) -> list[str]:
    """Bodies of messages: each drawn body and some changed copies of it, in random order."""
    rng = random.Random(seed)
    bodies = [each if isinstance(each, str) else each.text() for each in drawn]
    bodies += [_changed(rng, each) for each in drawn for _ in range(times)]
    rng.shuffle(bodies)
    return [sendable(each) for each in bodies]


def events_of(rng: random.Random, payloads: list[str], most: int) -> list[str]:
    """Bodies of events of a few domain objects, up to a number, with these payloads and with any."""
    some = (any_value(rng) for _ in range(6))
    few = [*payloads, "{}", *(text for text in some if len(text) < 5 * _SHORT)]
    long = [cases.body(rng.choice(_LONG), EventId='"long"')] if rng.random() < 0.002 else []
    return long + [
        sendable(
            cases.body(
                rng.choice(few),
                DomainId=json.dumps(rng.choice("abcdefgh"[: rng.choice((1, 2, 8))])),
                EventId=json.dumps(rng.choice("stuvwxyz")),
                EventTime=json.dumps(rng.choice(tuple(envelopes.TIMES))),
            )
        )
        for _ in range(rng.randrange(1, most))
    ]


def sendable(text: str) -> str:
    """What SQS makes of a text: it takes no other characters, and no empty message."""
    return _UNSENDABLE.sub("\ufffd", text)[:500_000] or " "


def _changed(rng: random.Random, message: Draft | str) -> str:
    if isinstance(message, str):
        return _torn(rng, message)
    draft = Draft(dict(message.fields), dict(message.envelope))
    for _ in range(rng.choice((0, 1, 1, 1, 2, 3))):
        rng.choice(_CHANGES)(rng, draft)
    text = draft.text()
    return _torn(rng, text) if rng.random() < 0.3 else text


def _other_field(rng: random.Random, draft: Draft) -> None:
    name, text = rng.choice(_FIELD_VALUES)
    (draft.envelope if name[:1] == "_" else draft.fields)[name] = text


def _other_payload(rng: random.Random, draft: Draft) -> None:
    draft.fields["Payload"] = any_value(rng)


def _other_id(rng: random.Random, draft: Draft) -> None:
    draft.fields[rng.choice(("DomainId", "EventId"))] = json.dumps(rng.choice("abcdefgh"))


def _other_time(rng: random.Random, draft: Draft) -> None:
    draft.fields["EventTime"] = rng.choice(_TIMES)


def _any_field(rng: random.Random, draft: Draft) -> None:
    name = rng.choice([*draft.fields, "UserId", "EventType", "DomainName", "Version", "IpAddress", "", "x"])
    draft.fields[name] = rng.choice((None, any_value(rng)))


_CHANGES: tuple[Callable[[random.Random, Draft], None], ...] = (
    _other_field,
    _other_payload,
    _other_payload,
    _other_id,
    _other_time,
    _any_field,
)


def any_value(rng: random.Random, depth: int = 0) -> str:
    """The JSON text of a value; a few texts are not JSON."""
    choice = rng.random()
    if choice < 0.002:
        return rng.choice(_LONG)
    if choice < 0.05:
        return rng.choice(_NEARLY)
    if choice < 0.6 or depth > 3:
        return rng.choice(_VALUES)
    if choice < 0.65:
        levels = rng.choice((1, 31, 32, 33, 33, 34, 100, 300, 1_100))
        return cases.nested(levels, "[", any_value(rng, 9), "]")
    if choice < 0.8:
        return f"[{','.join(any_value(rng, depth + 1) for _ in range(rng.randrange(4)))}]"
    names = [rng.choice(('"a"', '"b"', '""', '"\\u0061"', '"S"', '"N"', r'"\ud800"')) for _ in range(rng.randrange(4))]
    return f"{{{','.join(f'{name}:{any_value(rng, depth + 1)}' for name in names)}}}"


def _torn(rng: random.Random, text: str) -> str:
    """A text with one thing wrong with it, or several; perhaps none."""
    for _ in range(rng.choice((1, 1, 2, 5))):
        text = rng.choice(_TEARS)(rng, text)
    return text


def _span(rng: random.Random, text: str) -> tuple[int, int]:
    start = rng.randrange(len(text) + 1)
    return start, min(len(text), start + rng.choice((0, 1, 1, 2, 5, 50)))


def _cut(rng: random.Random, text: str) -> str:
    start, end = _span(rng, text)
    return text[:start] + text[end:]


def _repeat(rng: random.Random, text: str) -> str:
    start, end = _span(rng, text)
    return text[:end] + text[start:end] * rng.choice((1, 1, 2, 30)) + text[end:]


def _insert(rng: random.Random, text: str) -> str:
    start, end = _span(rng, text)
    return text[:start] + "".join(rng.choices(_CHARACTERS, k=end - start or 1)) + text[end:]


def _end(rng: random.Random, text: str) -> str:
    return text[: rng.randrange(len(text) + 1)]


def _exchange(rng: random.Random, text: str) -> str:
    """One lexeme for a value, or another lexeme."""
    found = list(_LEXEME.finditer(text[:_SHORT]))
    if not found:
        return any_value(rng)
    one = rng.choice(found)
    other = rng.choice((any_value(rng), rng.choice(found)[0]))
    return text[: one.start()] + other + text[one.end() :]


_TEARS = (_cut, _repeat, _insert, _insert, _end, _exchange, _exchange, _exchange)


_KINDS = ("S", "S", "N", "BOOL", "NULL", "B", "SS", "NS", "BS")


def _attribute(rng: random.Random, depth: int = 0) -> dict[str, Any]:
    """An attribute value that DynamoDB takes, of any type."""
    match rng.choice(_KINDS + (("M", "L") if depth < 4 else ())):
        case "S":
            return {"S": rng.choice(("", "a", "DOMAIN", "\x00", "\U0001f600", "2026-01-01T00:00:00Z", "x" * 3_000))}
        case "N":
            return {"N": rng.choice(("0", "1", "-1.5", "1E-130", "9" * 38, "1E125"))}
        case "BOOL":
            return {"BOOL": rng.random() < 0.5}
        case "NULL":
            return {"NULL": True}
        case "B":
            return {"B": rng.choice((b"", b"\x00", b"x\x9c", b"x\x9c\x03\x00\x00\x00\x00\x01", rng.randbytes(20)))}
        case "SS":
            return {"SS": ["a", "\u00e9"]}
        case "NS":
            return {"NS": ["1", "2.5"]}
        case "BS":
            return {"BS": [b"\x00", b"\xff"]}
        case "L":
            return {"L": [_attribute(rng, depth + 1) for _ in range(rng.randrange(3))]}
    return {"M": {rng.choice("abc"): _attribute(rng, depth + 1) for _ in range(rng.randrange(3))}}


_KEYS = ("2026-01-01T00:00:00.000000000Z#a", "2025-06-30T23:59:60.000000000Z#b", "0001-01-01T00:00:00.000000000Z##")
_ODD_KEYS = (
    "x",
    "#",
    "\x00",
    "\U0010ffff",
    "2026-01-01T00:00:00+99:99#a",
    "9" * 1024,
    "2026-01-01T00:00:00.000000000Z",
)


def written_by_hand(rng: random.Random, item: dict[str, Any]) -> dict[str, Any]:
    """A stored item as an operator may write it: a tombstone, or any other item under a key."""
    key = {name: item[name] for name in ("DomainId", "EventKey")}
    match rng.randrange(5):
        case 0:
            return key
        case 1:
            return {**key, "Erased": _attribute(rng)}
        case 2:
            return {name: item[name] for name in item if name in key or name not in {"Payload", "UserId", "IpAddress"}}
        case 3:
            changed = {name: _attribute(rng) for name in rng.sample(sorted(item), 2)}
            return {**item, **changed, **key}
    name = rng.choice(("Payload", "Extensions", "Bus", "Original", "Version", "ArrivedAt"))
    return {**item, name: _attribute(rng)}


def odd_key(rng: random.Random, item: dict[str, Any]) -> dict[str, Any]:
    """The item under a key that no function gave it."""
    return {**item, "EventKey": {"S": rng.choice((*_KEYS, *_ODD_KEYS))}}


def rebuild_request(rng: random.Random, domain_ids: list[str]) -> Any:
    """A request's detail: right, nearly right, or anything."""
    detail: Any = {"EventType": "REBUILD", "DomainName": "Log", "DomainId": rng.choice([*domain_ids, "nobody"])}
    choice = rng.random()
    if choice < 0.5:
        return detail
    if choice < 0.6:
        return _loaded(any_value(rng))
    name = rng.choice((*detail, "DomainId", "DomainId", "x"))
    detail[name] = rng.choice((_loaded(any_value(rng)), "x" * 2_048, "x" * 2_049, "\u00e9" * 1_025, "\ud800", "", None))
    if rng.random() < 0.2:
        del detail[name]
    return detail


def _loaded(text: str) -> Any:
    """As Lambda's runtime hands a request over: parsed by the standard parser."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
