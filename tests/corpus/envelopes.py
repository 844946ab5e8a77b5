"""Difficult events: each field of the contract and of the bus's envelope is missing, invalid or at its limit.

Fields are given as JSON text (`cases.body`), so that they can be anything a message can spell.
"""

import json

from .cases import body, detail_text, nested, noise, object_text

Fields = dict[str, str | None]

_LIMITS = {"DomainId": 2048, "UserId": 2048, "CorrelationId": 2048, "IpAddress": 2048, "EventId": 993, "EventName": 256}
_WRONG_TYPES = {
    "a number": "1",
    "a fraction": "0.5",
    "true": "true",
    "false": "false",
    "an empty array": "[]",
    "an array of the right": '["d-1"]',
    "an object": '{"S": "d-1"}',
    "deep": nested(1_000),
    "a huge number": "1e400",
}


def _text_of(size: int, filler: str) -> str:
    """The JSON text of a string with this many bytes of UTF-8, mostly in characters like `filler`."""
    count, rest = divmod(size, len(filler.encode()))
    return json.dumps("a" * rest + filler * count)


_FILLERS = {"one-byte": "x", "two-byte": "é", "three-byte": "€", "four-byte": "\U0001f600"}
_ODD_TEXTS = {
    "control characters": r'"\u0000\u0001\n\r\t\u001b[2J\u007f"',
    "nothing but nul": r'"\u0000"',
    "a space": '" "',
    "a hash": '"#"',
    "hashes": '"2026-01-01T00:00:00.000000000Z#a#b"',
    "noncharacters": r'"\ufffe\uffff"',
    "a byte order mark": r'"\ufeff"',
    "right to left": r'"\u202eabc"',
    "the last code point": r'"\udbff\udfff"',
    "decomposed": r'"e\u0301"',
    "SQL": "\"1' OR '1'='1\"",
    "expression syntax": '":v AND attribute_exists(#a)"',
    "a forged log line": r'"x\n{\"level\":\"INFO\"}"',
    "a path": '"../../x"',
    "a number's text": '"1"',
}
_SURROGATES = {"high": r'"\ud800"', "low": r'"a\udfffb"', "reversed": r'"\ude00\ud83d"'}

ACCEPTED: dict[str, Fields] = {
    **{
        f"{field} of {size} bytes, {kind}": {field: _text_of(size, filler)}
        for field, size in _LIMITS.items()
        for kind, filler in _FILLERS.items()
    },
    **{f"{field}: {what}": {field: text} for field in _LIMITS for what, text in _ODD_TEXTS.items()},
    "no CorrelationId": {"CorrelationId": None},
    "CorrelationId: null": {"CorrelationId": "null"},
    "IpAddress: null": {"IpAddress": "null"},
    "IpAddress: empty": {"IpAddress": '""'},
    "IpAddress: no address": {"IpAddress": '"999.999.999.999"'},
    "Payload and Extra deep": {"Payload": nested(1_000), "Extra": nested(1_000)},
    "unknown fields": {
        "Extra": '{"": 1}',
        "": "2",
        "payload": "3",
        "domainId": "4",
        "\U0001f600": "5",
        "EventKey": "6",
    },
    "unknown fields, as attributes of the item": {
        "Bus": '"x"',
        "Extensions": '"y"',
        "EventKey": '"z"',
        "Payload ": "1",
    },
    "10,000 unknown fields": {f"x{number}": str(number) for number in range(10_000)},
    "names escaped": {"_detail": detail_text("[0]").replace('"DomainId"', r'"\u0044omainId"')},
    **{
        f"no {name} of the bus": {f"_{name}": None} for name in ("id", "source", "time", "account", "region", "version")
    },
    "no detail type": {"_detail_type": None},
    **{f"the bus's id: {what}": {"_id": text} for what, text in (_WRONG_TYPES | _ODD_TEXTS | _SURROGATES).items()},
    "the bus's id: null": {"_id": "null"},
    "the bus's time: odd": {"_time": '"soon"'},
    "the bus's source: 1,000 levels": {"_source": nested(1_000)},
    "the bus's source: 300 KB": {"_source": f'"{noise(300_000)}"'},
    "the bus's account: 39 digits": {"_account": "9" * 39},
    "a replay's name": {"_replay_name": '"last week"'},
    "resources": {"_resources": '["arn:aws:s3:::a", 1]'},
    "resources: odd": {"_resources": '{"": [null]}'},
    "a field of the bus that there is not": {"_nested": nested(1_000)},
}
"""Kept, with what they hold."""

VERSIONS = {
    "1.0": 1,
    "1e2": 100,
    "1E37": 10**37,
    "0.1e1": 1,
    "0": 0,
    "-0": 0,
    "-0.0": 0,
    "-1": -1,
    "9" * 38: 10**38 - 1,
    "-" + "9" * 38: 1 - 10**38,
    "1." + "0" * 100: 1,
    "100e-2": 1,
}
"""Whole numbers, however they are spelled."""

_REQUIRED = ("DomainId", "EventTime", "EventId", "UserId", "EventType", "EventName", "DomainName", "Version")
_TEXTS = ("DomainId", "EventTime", "EventId", "UserId", "EventName", "CorrelationId", "IpAddress")

REFUSED: dict[str, tuple[str, Fields]] = {
    **{f"no {field}": (field, {field: None}) for field in (*_REQUIRED, "Payload")},
    **{f"{field}: null": (field, {field: "null"}) for field in _REQUIRED},
    **{f"{field}: empty": (field, {field: '""'}) for field in (*_REQUIRED, "CorrelationId")},
    **{f"{field}: {what}": (field, {field: text}) for field in _TEXTS for what, text in _WRONG_TYPES.items()},
    **{f"{field}: surrogate, {what}": (field, {field: text}) for field in _TEXTS for what, text in _SURROGATES.items()},
    **{
        f"{field} of {size + 1} bytes, {kind}": (field, {field: _text_of(size + 1, filler)})
        for field, size in _LIMITS.items()
        for kind, filler in _FILLERS.items()
    },
    "EventId of 100,000 levels": ("EventId", {"EventId": nested(100_000, '{"a":', "1", "}")}),
    "DomainId of a megabyte": ("DomainId", {"DomainId": f'"{"x" * 900_000}"'}),
    **{f"Version {text[:12]}": ("Version", {"Version": text}) for text in (
        "1.5", "true", "false", '"1"', '""', "[]", "[1]", "{}", '{"N":"1"}', "9" * 39, "-1" + "0" * 38, "1E38", "1e400",
        "1e-400", "0.1", "-1.000000000000000000000000000000000000000001", "9" * 5_000, nested(1_000),
    )},
    **{f"EventType {text}": ("EventType", {"EventType": text}) for text in (
        '"PROCESS"', '"REBUILD"', '"domain"', '"DOMAIN "', r'"DOMAIN\u0000"', '["DOMAIN"]', '{"DOMAIN":1}', "1", "true",
        r'"\ud800"', '"\uff24OMAIN"',
    )},
    **{f"DomainName {text}": ("DomainName", {"DomainName": text}) for text in (
        '"File"', '"log"', '" Log"', r'"Log\n"', '["Log"]', '["Log","File"]', '{"S":"Log"}', "0", r'"L\u043eg"',
    )},
}  # fmt: skip
"""The field at fault, and what was sent. An array is what the bus's pattern lets through, if one of its values fits."""

DETAILS = {
    "none": None,
    "null": "null",
    "a text": '"{}"',
    "JSON in a text": json.dumps(detail_text()),
    "a number": "1e400",
    "true": "true",
    "an empty array": "[]",
    "an array of events": f"[{detail_text()}]",
    "deep": nested(100_000),
}
"""Bus events whose detail is no object."""

BODIES = {
    "null": "null",
    "a number": "1",
    "a text": '"text"',
    "an event in a text": json.dumps(body()),
    "an array": f"[{body()}]",
    "an array of 100,000 levels": nested(100_000),
    "an empty object": "{}",
    "the detail alone": detail_text(),
    "a notification's envelope": object_text({"Type": '"Notification"', "Message": json.dumps(body())}),
    "a batch": object_text({"Records": f"[{body()}]"}),
    "detail in capitals": body().replace('"detail":', '"Detail":'),
    "NUL behind": body() + "\\u0000",
    "two of them": body() + body(),
    "cut in the middle": body()[: len(body()) // 2],
    "the last bracket missing": body()[:-1],
    "a byte order mark before it": "\ufeff" + body(),
}
"""Messages that are no bus event."""

TIMES = {
    "2025-12-31T23:59:59Z": "2025-12-31T23:59:59.000000000Z",
    "2026-01-01T00:10:00Z": "2026-01-01T00:10:00.000000000Z",
    "2026-01-01T00:09:59.999999999Z": "2026-01-01T00:09:59.999999999Z",
    "2026-01-01T01:00:00+01:00": "2026-01-01T00:00:00.000000000Z",
    "2026-01-01T01:00:00+0100": "2026-01-01T00:00:00.000000000Z",
    "2026-01-01T01:00:00+01": "2026-01-01T00:00:00.000000000Z",
    "2025-12-31T14:00:00.5-09:30": "2025-12-31T23:30:00.500000000Z",
    "2026-01-01T23:59:00+23:59": "2026-01-01T00:00:00.000000000Z",
    "2025-12-31T12:00:00-00:00": "2025-12-31T12:00:00.000000000Z",
    "2025-12-31 12:00": "2025-12-31T12:00:00.000000000Z",
    "2025-12-31t12:00:00,1z": "2025-12-31T12:00:00.100000000Z",
    "2024-02-29T00:00:00.123456789Z": "2024-02-29T00:00:00.123456789Z",
    "2016-12-31T23:59:60Z": "2016-12-31T23:59:60.000000000Z",
    "2025-04-30T23:59:60.999999999Z": "2025-04-30T23:59:60.999999999Z",
    "2025-07-01T01:59:60+02:00": "2025-06-30T23:59:60.000000000Z",
    "20251231T120000Z": "2025-12-31T12:00:00.000000000Z",
    "20251231T120000.5+0100": "2025-12-31T11:00:00.500000000Z",
    "0001-01-01T00:00:00Z": "0001-01-01T00:00:00.000000000Z",
    "0001-01-01T00:00:00-01:00": "0001-01-01T01:00:00.000000000Z",
}
"""Accepted when it is 2026-01-01T00:00:00Z, and the instant that each is."""

NO_TIMES = (
    "2026-01-01T00:10:00.000000001Z", "2026-01-01T00:11:00Z", "2026-01-01T00:00:00-01:00", "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+01:00", "0000-01-01T00:00:00Z", "2025-02-29T00:00:00Z",
    "2025-04-31T00:00:00Z", "2025-13-01T00:00:00Z", "2025-00-01T00:00:00Z", "2025-01-00T00:00:00Z",
    "2025-01-01T24:00:01Z", "2025-01-01T25:00:00Z", "2025-01-01T00:60:00Z", "2025-01-01T00:00:61Z",
    "2025-01-01T12:00:60Z", "2025-01-15T23:59:60Z",
    "2025-01-31T23:59:60-01:00", "2025-01-31T23:58:60Z", "2025-01-31T23:59:61Z", "20250101T00:00:00Z",
    "2025-01-01T000000Z", "2025-001T00:00:00Z", "2025-W01-1T00:00:00Z",
    "2025-01-01T00:00:00.1234567890Z", "2025-01-01T00:00:00.Z",
    "2025-01-01T00:00:00+24:00", "2025-01-01T00:00:00+01:60", "2025-01-01T00:00:00 Z", "2025-01-01T00:00:00ZZ",
    "2025-01-01T00:00:00UTC", "2025-01-01T00:00:00[Europe/Berlin]", " 2025-01-01T00:00:00Z", "2025-01-01T00:00:00Z\n",
    "2025-01-01T00:00:00Z\x00", "2025-01-01", "2025-01", "12:00:00", "1735689600", "01/02/2025", "2025/01/01T00:00:00Z",
    "Wed, 01 Jan 2025 00:00:00 GMT", "-2025-01-01T00:00:00Z", "+2025-01-01T00:00:00Z", "+12025-01-01T00:00:00Z",
    "12025-01-01T00:00:00Z", "2025-1-1T0:0:0Z", "25-01-01T00:00:00Z", "2025-01-01T00:00:00Z/P1D", "now", "null", "{}",
    "\uff12\uff10\uff12\uff15-01-01T00:00:00Z", "\u0662\u0660\u0662\u0665-01-01T00:00:00Z", "2025-01-01\u00a000:00:00Z",
    "2025\u201301\u201301T00:00:00Z", "2" * 10_000, "2025-01-01T00:00:00." + "0" * 100_000 + "Z",
)  # fmt: skip
"""Refused at that time: what cannot be ordered exactly, and what has not come yet."""
