"""The messages that take the persist function longest: 1 MB of valid JSON that is the slowest to read and write.

As a program it passes each of them to the function's entry point, with real clients but without a network, and prints
the seconds of CPU time: for a new event, for a stored one, and for one whose key another event has. Names of shapes
select some. The last lines give the time of the slowest batch with the function's fraction of a processor.
"""

import importlib
import io
import json
import os
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from urllib3 import HTTPResponse

from cp_event_source.handler.aws import clients
from cp_event_source.handler.events.ingest import event_item
from cp_event_source.inputs.functions import PERSIST_MEMORY_MB

from .given import detail
from .largest_batches import INVOCATION, MESSAGE, SETTINGS, array, nested, text

WHOLE_PROCESSOR_MB = 1769
"""The memory with which Lambda gives a function one processor. With less memory it gives a proportional fraction."""

SLOWEST_SECONDS = 1.0
SLOWEST_CONFLICT_SECONDS = 1.9
"""The maximum measured seconds of CPU time: for a message that is stored, now or before, and for one whose key another
event has. Measured on an AMD EPYC with CPython 3.11, in several runs with other work on the machine."""

BATCH_MESSAGES = INVOCATION // MESSAGE
"""The number of messages of the maximum size in an invocation. It can have more smaller messages, but not more text."""

_LEVELS = 2000
"""More levels than the standard parser can read."""


def _objects(size: int) -> str:
    return '{"":' * (size // 5) + "1" + "}" * (size // 5)


def _keys(value: str) -> Callable[[int], str]:
    def make(size: int) -> str:
        count = size // (len('"123456":,') + len(value))
        members = ",".join(f'"{number:06}":{value}' for number in range(count))
        return f"{{{members}}}"

    return make


def _array(element: str) -> Callable[[int], str]:
    return lambda size: array(element, size)


def _beside(first: str, element: str) -> Callable[[int], str]:
    """A value that makes the rest of a message slow, and an array."""
    return lambda size: f"[{first},{array(element, size - len(first) - 3)}]"


def _numbers(size: int) -> str:
    """All different."""
    texts = ",".join(f"1{number:06}e{number % 100}" for number in range(size // 11))
    return f"[{texts}]"


_DEEP = "[" * _LEVELS + "]" * _LEVELS
_SURROGATE = r'"\ud800"'
_TWICE = '{"a":1,"a":2}'

_ELEMENTS = (
    *("0", "1", "-1", "12", "9" * 19, "9" * 38, "9" * 39, "9" * 126, "1" + "0" * 125, "9" * 200, "1" + "0" * 400),
    *("9" * 4000, "9" * 4299, "9" * 4300, "9" * 4301, "-" + "9" * 4300, "9" * 100_000, "9" * 1_000_000),
    *("1e125", "-1e125", "9.9e125", "1e99", "1e37", "1E1", "1e20", "1e21", "1e126", "1e300", "1e4000", "1e999999"),
    *("1e-7", "1e-130", "1e-131", "1e-9999", "0e99", "0e9999999999999999999", "-0.0"),
    *("0.1", "1.0", "1.5e3", "123456.789e100", "0." + "1" * 37, "0." + "1" * 60, "0." + "1" * 4000),
    *("1." + "0" * 4000, "1." + "0" * 500_000, "0." + "0" * 500_000 + "1", "9" * 4000 + "e125", "9" * 4000 + ".5"),
    *(
        '""',
        '"a"',
        r'"\u0000"',
        _SURROGATE,
        '"\u00e9"',
        r'"\u00e9"',
        r'"\\"',
        f'"{"x" * 1000}"',
        f'"{"x" * 1_000_000}"',
    ),
    *("null", "true", "[]", "{}", "[[]]", "[1e125]", '{"a":1}', '{"a":1e125}', '{"":1}', '{"a":{"a":{}}}', _TWICE),
    *('{"b":"","a":""}', f"[{_SURROGATE},1e125]", '{"\u00e9":[]}'),
)

SHAPES: dict[str, Callable[[int], str]] = {
    **{each if len(each) < 30 else f"{each[:6]}...{len(each)}": _array(each) for each in _ELEMENTS},
    "arrays in each other": nested,
    "objects in each other": _objects,
    "numbers in arrays in each other": lambda size: "[1e125," * (size // 8) + "1" + "]" * (size // 8),
    "keys": _keys("1"),
    "keys of 1e125": _keys("1e125"),
    "keys of {}": _keys("{}"),
    "different numbers": _numbers,
    "spaces": lambda size: f"[{' ' * size}]",
    **{
        f"deep, {each}": _beside(_DEEP, each)
        for each in ("1", "0.1", "1e125", '""', "[]", "{}", '{"":1}', '{"a":1e125}')
    },
    **{f"deep, a name twice, {each}": _beside(f"{_TWICE},{_DEEP}", each) for each in ("1", "1e125", '{"":1}')},
    **{f"a name twice, {each}": _beside(_TWICE, each) for each in ("1", "1e125", "[]", "[1e125]")},
    **{f"a surrogate, {each}": _beside(_SURROGATE, each) for each in ("1", "1e125", "[]", "[1e125]")},
    "1, a surrogate": lambda size: f"[{array('1', size - 20)},{_SURROGATE}]",
    "1e125, a surrogate": lambda size: f"[{array('1e125', size - 20)},{_SURROGATE}]",
    "[1e125], a surrogate": lambda size: f"[{array('[1e125]', size - 20)},{_SURROGATE}]",
}
"""Functions that make JSON text of about this many bytes, by name. All can be stored; their content is random."""


def body(payload: str, other: str = "") -> str:
    """A message with this payload; one with the same key and other content if there is something `other`."""
    return json.dumps({"detail": detail(1, "@", Extra=other)}).replace('"@"', payload)


def main(chosen: list[str]) -> None:
    """Print the table."""
    os.environ.update(SETTINGS)
    taken: list[str] = []  # the item that has the key, as the table replies with it
    dynamodb, sqs = clients.dynamodb(), clients.sqs()
    for client in (dynamodb, sqs):
        client.meta.events.register_first("before-send.*.*", lambda request, **_: _reply(request, taken))
    clients.dynamodb, clients.sqs = lambda: dynamodb, lambda: sqs
    handle = importlib.import_module("cp_event_source.handler.persist_function").handle
    measured: list[list[float]] = []
    for name, make in SHAPES.items():
        if chosen and name not in chosen:
            continue
        payload = make(MESSAGE)
        times = list(_times(handle, payload, taken))
        measured.append(times)
        sys.stdout.write(f"{'  '.join(f'{each:6.2f}' for each in times)}  {name}\n")
        sys.stdout.flush()
    share = PERSIST_MEMORY_MB / WHOLE_PROCESSOR_MB
    for kind, worst in zip(("new", "sent again", "in conflict"), map(max, zip(*measured, strict=True)), strict=True):
        batch = BATCH_MESSAGES * worst / share
        sys.stdout.write(
            f"{kind}: {worst:.2f} s for a message, {batch:.0f} s for a batch with {share:.2f} of a processor\n"
        )


def _times(handle: Any, payload: str, taken: list[str]) -> Iterator[float]:
    """Seconds of CPU time: new, sent twice, and in conflict."""
    for stored in (None, "", "other"):
        if stored is not None:
            taken[:] = [_stored(payload, stored)]
        else:
            taken.clear()
        event = {"Records": [{"messageId": "m", "body": body(payload)}]}
        out, sys.stdout = sys.stdout, io.StringIO()
        begun = time.process_time()
        reply = handle(event, None)
        yield time.process_time() - begun
        sys.stdout = out
        if reply["batchItemFailures"]:
            raise AssertionError(reply)


def _stored(payload: str, other: str) -> str:
    return text(event_item(body(f'["{other}",{payload}]' if other else payload), domain_name="File", latest="9"))


def _reply(request: Any, taken: list[str]) -> Any:
    from botocore.awsrequest import AWSResponse

    refused = taken and request.headers["X-Amz-Target"].endswith(b"PutItem")
    content, status = "{}", 200
    if refused:
        content = f'{{"__type":"com.amazonaws#ConditionalCheckFailedException","Item":{taken[0]}}}'
        status = 400
    encoded = content.encode()
    headers: Any = {"x-amz-crc32": str(zlib.crc32(encoded))}
    return AWSResponse(request.url, status, headers, HTTPResponse(io.BytesIO(encoded), preload_content=False))


if __name__ == "__main__":
    main(sys.argv[1:])
