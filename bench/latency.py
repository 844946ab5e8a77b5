"""Section 9: how long it takes from an event to its row, measured on the emulator and derived for AWS.

The functions' own log lines say when an event was stored and when a row was written. So nothing else calls the emulator
while it works, and the times are of one clock, to the millisecond.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter, sleep, time
from typing import TYPE_CHECKING, Final

from . import events, latency_on_aws
from .layers import file_layer
from .report import Cell, Section, Table
from .scale import Scale

if TYPE_CHECKING:
    from cp_event_source.local import LocalRun, Pipeline

_PROGRAM: Final = Path(__file__).parents[1] / "examples" / "default"
_IN_A_CALL: Final = 10
"""PutEvents' limit."""
_PAUSE: Final = 0.5
"""Seconds between single events: each is in its row before the next one comes."""
_QUIET: Final = 3
"""Seconds in which a burst is in its rows. Only then does anybody look, since looking takes the emulator's time."""


def section(scale: Scale) -> Section:
    """Measure. Takes an emulator of its own."""
    # The emulator needs Pulumi, which the other sections shall not have in their memory.
    from cp_event_source.local import LocalRun

    with LocalRun() as run:
        (pipeline,) = run.deploy(_PROGRAM).pipelines
        objects = [events.domain_id(each) for each in range(scale.latency_burst)]
        _measured(run, pipeline, objects, 0, _IN_A_CALL)  # starts the functions and makes the rows
        calls = _calls(run)
        before = os.getloadavg()[0]
        rounds = range(1, scale.rounds + 1)
        bursts = [each for number in rounds for each in _measured(run, pipeline, objects, number, _IN_A_CALL)]
        single = _measured(run, pipeline, objects[: scale.latency_events], rounds.stop, 1, pause=_PAUSE)
        after = os.getloadavg()[0]
    return Section(
        "9. Latency",
        [
            Table(
                ("events", "number", "part", "p50, ms", "p99, ms"),
                [
                    *_rows(f"single, one each {_PAUSE} s", single),
                    *_rows(f"bursts of {len(objects)}, {_IN_A_CALL} in a call", bursts),
                ],
                "On the emulator, without a batching window",
                f"The load average was {before:.1f} before and {after:.1f} after, on {os.cpu_count()} cores. The "
                "emulator puts an event into the queue during PutEvents, and does not wait for batching windows.",
            ),
            Table(
                ("call", "p50, ms"),
                calls,
                "The emulator's own part",
                "An event that comes alone needs these three calls. In a burst, the emulator's one poller also runs "
                "the project function, and takes no message meanwhile.",
            ),
            *latency_on_aws.tables(),
        ],
    )


_Milliseconds = tuple[float, float, float]
"""Of the call of PutEvents; from its return until the event was stored, and until its row was written. These two may be
negative: the emulator delivers events while it is called."""


def _measured(
    run: "LocalRun", pipeline: "Pipeline", objects: Sequence[str], number: int, in_a_call: int, *, pause: float = 0
) -> list[_Milliseconds]:
    """Send each domain object its event of a number, and wait until all are in their rows."""
    since = time()
    sent: dict[str, tuple[float, float]] = {}
    for start in range(0, len(objects), in_a_call):
        part = objects[start : start + in_a_call]
        begun = time()
        run.publish([events.detail(file_layer(), each, number) for each in part])
        sent |= dict.fromkeys(part, (begun, time()))
        sleep(pause)
    sleep(_QUIET)
    run.drain()
    stored = _times(run, pipeline, "persist_function_arn", since, len(objects))
    written = _times(run, pipeline, "project_function_arn", since, len(objects))
    return [
        (1000 * (returned - begun), 1000 * (stored[each] - returned), 1000 * (written[each] - returned))
        for each, (begun, returned) in sent.items()
    ]


def _times(run: "LocalRun", pipeline: "Pipeline", function: str, since: float, number: int) -> Mapping[str, float]:
    """When a function first reported each domain object: POSIX seconds."""
    from cp_event_source.local.function_logs import invocations

    name = pipeline.output(function).rpartition(":")[2]
    times: dict[str, float] = {}

    def complete() -> bool:  # an invocation's lines come after its end
        times.clear()
        for invocation in invocations(pipeline.clients, name, since=since):
            for line in map(json.loads, invocation.lines):
                if "domain_id" in line:
                    times.setdefault(line["domain_id"], datetime.fromisoformat(line["timestamp"]).timestamp())
        return len(times) == number

    run.wait_for(complete, f"the log lines of {name}")
    return times


def _rows(name: str, measured: Sequence[_Milliseconds]) -> Iterator[Sequence[Cell]]:
    parts = ("the call of PutEvents", "from its return until the event is stored", "and until its row is written")
    for part, milliseconds in zip(parts, zip(*measured, strict=True), strict=True):
        hundredths = quantiles(milliseconds, n=100, method="inclusive")
        yield (name, len(measured), part, round(hundredths[49]), round(hundredths[98]))


def _calls(run: "LocalRun") -> Sequence[Sequence[Cell]]:
    """The calls to DynamoDB that an event needs, each by itself."""
    dynamodb = run.client("dynamodb")
    table, key = {"TableName": "alone"}, {"Id": {"S": "alone"}}
    dynamodb.create_table(
        **table,
        AttributeDefinitions=[{"AttributeName": "Id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "Id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    put = _median_of_calls(lambda: dynamodb.put_item(**table, Item=key))
    get = _median_of_calls(lambda: dynamodb.get_item(**table, Key=key))
    return (("PutItem", put), ("GetItem", get), ("two PutItem and one GetItem", 2 * put + get))


def _median_of_calls(call: Callable[[], object], calls: int = 20) -> float:
    """In milliseconds."""
    taken = []
    for _ in range(calls):
        begun = perf_counter()
        call()
        taken.append(perf_counter() - begun)
    return 1000 * median(taken)
