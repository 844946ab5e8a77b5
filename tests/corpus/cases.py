"""Difficult JSON: valid documents that are hard to store, documents that are nearly JSON, and events that hold them.

The cases come from the grammar of RFC 8259 and from DynamoDB's limits ("Supported data types", "Quotas"). A producer's
message may hold each text. Where a case must escape a character, it does so as JSON does, with a backslash.
"""

import base64
import json
import random
import re

Texts = dict[str, str]
"""JSON texts, by what makes them difficult."""


def nested(levels: int, opening: str = "[", inmost: str = "", closing: str = "]") -> str:
    return opening * levels + inmost + closing * levels


def noise(length: int) -> str:
    """Text that compresses to three quarters at the best."""
    return base64.b64encode(random.Random(length).randbytes(length * 3 // 4 + 3)).decode()[:length]


NATIVE: Texts = {
    # top level: any value will do
    "null": "null",
    "true": "true",
    "false": " false",
    "text": '"text"',
    "empty text": '""',
    "empty array": "[]",
    "empty object": "{}",
    "spaces of all four kinds": ' \t\r\n{ \t\r\n"a" \t\r\n: \t\r\n[ \t\r\n] \t\r\n} \t\r\n',
    "one, the text one, and true": '[1, "1", true, 1.0, "true", null, "null", 0, "", false, "false"]',
    "objects in arrays in objects": '{"a":[{"b":[{"c":[]},{}]},[[]],""]}',
    # numbers
    "zero": "0",
    "minus zero": "-0",
    "minus zero with a fraction": "-0.0",
    "zero with an exponent": "[0e1, 0E+1, 0e-1, 0.0e0]",
    "one with zeros behind": "1.000000000000000000000000000000000000000000000000000",
    "a tenth": "0.1",
    "exponents spelled in every way": "[1e1, 1E1, 1e+1, 1E+1, 1e-1, 1E-1, 1.5e1, -1.5E-1, 1e00, 1e01]",
    "beyond a double's precision": "[9007199254740993, 0.1000000000000000055511151231257827, 1.7976931348623157]",
    "38 digits": "99999999999999999999999999999999999999",
    "38 digits, negative, with a fraction": "-1.2345678901234567890123456789012345678",
    "38 digits and many zeros": "12345678901234567890123456789012345678" + "0" * 80,
    "the least": "1E-130",
    "the least, spelled out": "0." + "0" * 129 + "1",
    "38 digits at the low end": "9.9999999999999999999999999999999999999E-130",
    "the greatest": "9.9999999999999999999999999999999999999E+125",
    "the greatest, negative": "-9.9999999999999999999999999999999999999E+125",
    "a whole power of ten": "1E125",
    "a short way to a big number": "0.00000000000001E139",
    # text
    "every escape": r'"\"\\\/\b\f\n\r\t\u0041"',
    "all control characters": json.dumps("".join(map(chr, range(32))) + "\x7f\x80\x9f"),
    "nul in a name": r'{"a\u0000b": "\u0000"}',
    "a surrogate pair": r'"\ud83d\ude00"',
    "the same unescaped": '"\U0001f600"',
    "the last code point": r'"\udbff\udfff"',
    "noncharacters": r'["\ufffe", "\uffff", "\ufdd0", "\ud83f\udffe"]',
    "a byte order mark in text": r'{"\ufeff": "\ufeffa"}',
    "line and paragraph separators": '"\u2028\u2029\u0085"',
    "composed and decomposed side by side": r'{"\u00e9": 1, "e\u0301": 2, "\u212b": 3, "\u00c5": 4, "A\u030a": 5}',
    "cases that fold into one": '{"\u0130": 1, "i": 2, "I": 3, "\u0131": 4, "\u00df": 5, "ss": 6, "\u017f": 7}',
    "emoji joined": '"\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466\U0001f3f3\ufe0f\u200d\U0001f308"',
    "right to left override": '{"\u202egpj.exe": "\u202e\u2066abc\u2069\u200f"}',
    "invisible": '["\u200b\u200c\u200d\u2060\u00ad\ufe0f", "\u3164", "\u115f"]',
    "marks stacked up": '"Z' + "\u0335\u0489\u0300" * 300 + '"',
    "a very long word": f'"{"Donaudampfschiff" * 5_000}"',
    "astral names": '{"\U00010000": {"\U0010ffff": "\U000e0001"}}',
    # what other tools take for something else
    "DynamoDB's own types as names": '{"S": "x", "N": "1", "NULL": true, "M": {}, "L": [], "B": "not base64"}',
    "one of DynamoDB's types alone: S": '{"S": "x"}',
    "one of DynamoDB's types alone: N": '{"N": "1"}',
    "one of DynamoDB's types alone: NULL": '{"NULL": true}',
    "one of DynamoDB's types alone: BOOL": '{"BOOL": "false"}',
    "one of DynamoDB's types alone: M": '{"M": {}}',
    "one of DynamoDB's types alone: L": '{"L": [{"N": "1"}]}',
    "one of DynamoDB's types alone: B": '{"B": "not base64"}',
    "one of DynamoDB's types alone: SS": '{"SS": []}',
    "what looks compressed": '{"B": "eJyrVkpUslIyVKoFABNwAvM="}',
    "expression syntax": '{"#a": ":v", ":v": "#a", "a.b": {"a[0]": 1}, "a[0].b": "attribute_exists(a)", "$.a": "SET"}',
    "names of the pipeline": '{"CpEventSource": {"Revision": "x"}, "DomainId": "y", "EventKey": "z", "Payload": 1}',
    "names of JavaScript": '{"__proto__": {"a": 1}, "constructor": {"prototype": {}}, "toString": 1, "length": -1}',
    "names of Python": '{"__class__": 1, "__dict__": {}, "self": "{self.__init__.__globals__}", "items": []}',
    "SQL": """{"name": "Robert'); DROP TABLE events;--", "id": "1' OR '1'='1"}""",
    "HTML": r"""{"<script>": "</script><img src=x onerror=alert(1)>", "&amp;": "<!--", "]]>": "\u0000"}""",
    "format strings": '["%s%s%n%x", "{0}{1!r}", "${jndi:ldap://x/a}", "{{7*7}}", "$(reboot)", "`reboot`", "%00"]',
    "forged log lines": r'"x\n{\"level\":\"INFO\",\"message\":\"event stored\"}\r\nEND RequestId: 1\u001b[2J"',
    "paths and commands": r'["../../etc/passwd", "C:\\nul", "; rm -rf /", "| cat", "file:///etc", "=cmd()", "@SUM(1)"]',
    "words that are values elsewhere": '["NaN", "Infinity", "undefined", "None", "NULL", "nil", "yes", "0x10", "1e5"]',
    "dates": '["2026-13-45T99:99:99Z", "0000-00-00", "2026-02-30"]',
    # limits of an item
    "32 levels of arrays": nested(32),
    "32 levels of objects": nested(31, '{"a":', "{}", "}"),
    "a name of 65,535 bytes": f'{{"{"n" * 65_535}": 1}}',
    "a name of 65,535 bytes in three-byte characters": f'{{"{"€" * 21_845}": 1}}',
    "20,000 elements": f"[{','.join(['1'] * 20_000)}]",
    "10,000 names": f"{{{','.join(f'{json.dumps(str(number))}:{number}' for number in range(10_000))}}}",
    "300 KB": f'"{noise(300_000)}"',
}
"""Kept as DynamoDB's own values, since it gives them back equal."""

COMPRESSED: Texts = {
    "33 levels of arrays": nested(33),
    "33 levels of objects": nested(32, '{"a":', "{}", "}"),
    "33 levels, mixed": nested(16, '[{"a":', "[]", "}]"),
    "1,000 levels of arrays": nested(1_000),
    "1,000 levels of objects": nested(1_000, '{"a":', "null", "}"),
    "1,000 levels, mixed": nested(500, '[{"":', '"\\ud800"', "}]"),
    "20,000 levels of arrays": nested(20_000),
    "20,000 levels of objects": nested(20_000, '{"a":', "1", "}"),
    "100,000 levels, mixed": nested(50_000, '{"a":[', "-0.5", "]}"),
    "39 digits": "999999999999999999999999999999999999999",
    "39 digits in a fraction": "0.123456789012345678901234567890123456789",
    "39 digits apart": "1" + "0" * 37 + "1",
    "beyond the greatest": "1E126",
    "beyond the greatest, spelled out": "1" + "0" * 126,
    "below the least": "1E-131",
    "beyond a double": "1e400",
    "below a double": "[1e-400, -1e-400, 123e-65536]",
    "exponents as far as a decimal goes": "[1e999999999999999999, -1e-999999999999999999, 1E+99999999999]",
    "4,300 digits": "9" * 4_300,
    "4,301 digits": "9" * 4_301,
    "100,000 digits": "7" * 100_000,
    "100,000 digits in a fraction": "-0." + "7" * 100_000,
    "a fraction of 100,000 zeros": "0." + "0" * 100_000 + "1",
    "an empty name": '{"": 1}',
    "an empty name, deep": '{"a": [{"": {}}]}',
    "a lone high surrogate": r'"\ud800"',
    "a lone low surrogate": r'["\udfff", "\udc00\ud800"]',
    "a lone surrogate in a name": r'{"\udead": 1}',
    "surrogates the wrong way round": r'"\ude00\ud83d"',
    "a surrogate and half an escape": r'"\ud83d\\ude00"',
    "high, high, low": r'"\ud83d\ud83d\ude00"',
    "a name of 65,536 bytes": f'{{"{"n" * 65_536}": 1}}',
    "a name of 65,536 bytes in four-byte characters": f'{{"{chr(0x1F600) * 16_384}": 1}}',
    "410,000 bytes that compress": f'"{"a" * 410_000}"',
    "two names of 210 KB": f'{{"a": "{"b" * 210_000}", "c": "{"d" * 210_000}"}}',
    "500 KB of noise": f'"{noise(500_000)}"',
    "1,000,000 bytes that compress": f'"{"0123456789" * 100_000}"',
    "1,000,000 bytes of emoji": f'"{chr(0x1F600) * 250_000}"',
    "250,000 zeros": f"[{','.join(['0'] * 250_000)}]",
    "20,002 values, half of them in maps": "[" + '{"a":1},' * 10_000 + '{"a":1}]',
}
"""Kept as compressed JSON text: DynamoDB would refuse them, change them, or has not the room."""

LARGE: Texts = {
    "600 KB of noise": f'"{noise(600_000)}"',
    "900 KB of noise": f'"{noise(900_000)}"',
    "900 KB of noise in small pieces": json.dumps(
        {piece[:50]: piece[50:] for piece in re.findall(".{900}", noise(900_001))}
    ),
}
"""No item holds them, even compressed."""

REPEATED: dict[str, tuple[str, str]] = {
    "a name twice": ('{"a": 1, "a": 2}', '{"a": 2}'),
    "a name twice with one value": ('{"a": 1, "a": 1}', '{"a": 1}'),
    "a name twice, one of them escaped": (r'{"a": 1, "\u0061": "b"}', '{"a": "b"}'),
    "a name twice, deep": ('[{"a": {"b": [], "b": {"c": 0, "c": null}}}]', '[{"a": {"b": {"c": null}}}]'),
    "an empty name twice": ('{"": 1, "": {}}', '{"": {}}'),
    "a name 10,000 times": (f"{{{','.join(f'{chr(34)}a{chr(34)}:{n}' for n in range(10_000))}}}", '{"a": 9999}'),
    "__proto__ twice": ('{"__proto__": {}, "__proto__": []}', '{"__proto__": []}'),
    "a name twice, 1,000 levels deep": (nested(1_000, "[", '{"a":1,"a":2}', "]"), nested(1_000, "[", '{"a":2}', "]")),
}
"""Valid by the grammar, their meaning left open: the last of the same name counts."""

NOT_JSON: Texts = {
    "nothing": "",
    "only space": " ",
    "not a number": "NaN",
    "infinity": "Infinity",
    "minus infinity": "-Infinity",
    "minus nan": "-NaN",
    "nan in a list": "[NaN]",
    "undefined": "undefined",
    "None": "None",
    "True": "True",
    "a prefix of true": "tru",
    "true in capitals": "TRUE",
    "a plus": "+1",
    "a minus alone": "-",
    "two minuses": "--1",
    "a leading zero": "01",
    "a leading zero, negative": "-012",
    "no digit before the point": ".5",
    "no digit after the point": "1.",
    "no digit between": "1.e1",
    "no exponent": "1e",
    "an exponent's sign alone": "1e+",
    "a fraction in an exponent": "1e1.5",
    "two points": "1.2.3",
    "hexadecimal": "0x1F",
    "grouped": "1_000",
    "grouped by commas": "1,000",
    "grouped by spaces": "1 000",
    "big": "1n",
    "full-width digits": "\uff11",
    "other digits": "\u0661",
    "a full-width minus": "\u22121",
    "a trailing comma": "[1,]",
    "a trailing comma in an object": '{"a":1,}',
    "a leading comma": "[,1]",
    "two commas": "[1,,2]",
    "only a comma": "[,]",
    "no comma": "[1 2]",
    "no comma in an object": '{"a":1 "b":2}',
    "no colon": '{"a" 1}',
    "two colons": '{"a"::1}',
    "no value": '{"a":}',
    "no name": "{:1}",
    "a number for a name": "{1:1}",
    "null for a name": "{null:1}",
    "a bare name": "{a:1}",
    "single quotes": "{'a':'b'}",
    "typographic quotes": "{\u201ca\u201d:1}",
    "an array that is not closed": "[1",
    "an object that is not closed": '{"a":1',
    "a text that is not closed": '"abc',
    "a name that is not closed": '{"abc:1}',
    "closed by the other": "[1}",
    "closed by the other too": '{"a":1]',
    "closed twice": "[1]]",
    "two values": "1 2",
    "two objects": "{}{}",
    "a star after": "[]*",
    "an escape that there is not": r'"\x41"',
    "an escape of an apostrophe": r'"\'"',
    "an escape of a zero": r'"\0"',
    "an escape at the end": '"\\"',
    "three digits of four": r'"\u12"',
    "no hexadecimal": r'"\u12G4"',
    "spaces for digits": r'"\u  41"',
    "a sign for a digit": r'"\u+041"',
    "underscores for digits": r'"\u1_23"',
    "braces": r'"\u{41}"',
    "capital U": r'"\U00000041"',
    "a raw tab in text": '"a\tb"',
    "a raw newline in text": '"a\nb"',
    "a raw return in a name": '{"a\rb":1}',
    "a no-break space": "[\u00a01]",
    "a form feed by its name": r"[\f1]",
    "a byte order mark": "\ufeff{}",
    "a word joiner": "[\u20601]",
    "a comment": "[1] // one",
    "a comment of stars": "/* one */[1]",
    "a comment of a hash": "# one\n[1]",
    "YAML": "- a\n- b",
    "XML": "<a>1</a>",
    "a call": "callback([1])",
    "a template": '"a" + "b"',
    "a tuple": "(1, 2)",
    "base64": "eyJhIjoxfQ==",
    "100,000 opened and never closed": "[" * 100_000,
    "100,000 objects opened": '{"a":' * 100_000,
    "mixed and never closed": '[{"":' * 50_000,
    "deep and wrong at the bottom": nested(5_000, "[", "01"),
    "deep and closed once too often": nested(5_000) + "]",
    "a megabyte of quotes": '"' * 1_000_001,
    "a megabyte of backslashes": '"' + "\\" * 999_001,
    "a megabyte of minuses": "-" * 1_000_000,
    "a megabyte of digits, then a letter": "1" * 1_000_000 + "a",
    "a megabyte of spaces": "[" + " " * 1_000_000,
}
"""Texts that are nearly JSON. Their meaning is undefined, so they are quarantined."""

NO_DECIMAL: Texts = {
    "an exponent beyond a decimal's": "1e1000000000000000000",
    "far beyond": "[-1.5E+99999999999999999999999999]",
    "as far below": '{"a": 1e-99999999999999999999999999}',
    "an exponent of 1,000 digits": f"1e{'9' * 1_000}",
}
"""JSON, but numbers that no reader can hold exactly."""


def detail_text(payload: str | None = "null", /, **fields: str | None) -> str:
    """A domain event, every field given as JSON text; None leaves it out."""
    event: dict[str, str | None] = {
        "DomainId": '"d-1"',
        "EventTime": '"2026-01-01T00:00:00Z"',
        "EventId": '"e-1"',
        "UserId": '"u-1"',
        "EventType": '"DOMAIN"',
        "EventName": '"Noted"',
        "DomainName": '"Log"',
        "Payload": payload,
        "Version": "1",
    }
    return object_text(event | fields)


def body(payload: str | None = "null", /, **fields: str | None) -> str:
    """A message: the event in the bus's envelope, whose fields are written with a leading underscore."""
    named = {name: text for name, text in fields.items() if name[:1] != "_"}
    envelope: dict[str, str | None] = {
        "version": '"0"',
        "id": '"b-1"',
        "detail-type": '"Noted"',
        "source": '"app"',
        "account": '"111122223333"',
        "time": '"2026-01-01T00:00:00Z"',
        "region": '"eu-central-1"',
        "resources": "[]",
        "detail": detail_text(payload, **named),
    }
    changed = {name[1:].replace("_", "-"): text for name, text in fields.items() if name[:1] == "_"}
    return object_text(envelope | changed)


def object_text(members: dict[str, str | None]) -> str:
    return f"{{{','.join(f'{json.dumps(name)}:{text}' for name, text in members.items() if text is not None)}}}"
