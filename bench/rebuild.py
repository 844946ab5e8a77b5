"""Section 6: the speed and memory of rebuilds. Each rebuild runs in a new interpreter."""

import gc
import json
import resource
import subprocess
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from cp_event_source.handler.values.attribute_value import Item, item_size
from tests.doubles.dynamodb import DynamoDB
from tests.doubles.tables import PAGE_BYTES

from . import events
from .layers import file_layer
from .pipeline import EVENTS, Pipeline, deliver, lines_to_nowhere, wired_metered
from .report import Cell, Check, Section, Table
from .scale import Scale
from .timing import process_seconds

_REPOSITORY = Path(__file__).parents[1]
_STATUS = Path("/proc/self/status")
_FEW = 2


class EndlessStore:
    """DynamoDB with an events table that creates its items when they are read. So a history takes no memory here."""

    def __init__(self, db: DynamoDB, page: int | None = None) -> None:
        """`page` is the number of items in a page; by default, as many as fit."""
        self.length = 0
        self.read = 0
        self._db = db
        self._page = page or PAGE_BYTES // item_size(self._item(1_000_000))

    def handle(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        if operation == "Query" and request["TableName"] == EVENTS:
            return self._query(request)
        return self._db.handle(operation, request)

    def _query(self, request: Mapping[str, Any]) -> dict[str, Any]:
        values = {name: value["S"] for name, value in request["ExpressionAttributeValues"].items()}
        numbers = range(self.length)
        first = bisect_left(numbers, values.get(":start", ""), key=self._key)
        end = bisect_right(numbers, values[":end"], key=self._key) if ":end" in values else self.length
        if "ExclusiveStartKey" in request:
            first = bisect_right(numbers, request["ExclusiveStartKey"]["EventKey"]["S"], key=self._key)
        page = [self._item(number) for number in range(first, min(end, first + self._page))]
        self.read += len(page)
        reply: dict[str, Any] = {"Items": page, "Count": len(page), "ScannedCount": len(page)}
        if first + self._page < end:
            reply["LastEvaluatedKey"] = {name: page[-1][name] for name in ("DomainId", "EventKey")}
        return reply

    def _key(self, number: int) -> str:
        key: str = self._item(number)["EventKey"]["S"]
        return key

    def _item(self, number: int) -> Item:
        return events.item(file_layer(), events.domain_id(), number)


def section(scale: Scale) -> Section:
    """Measure."""
    runs = {length: _in_an_interpreter(length) for length in scale.rebuilds}
    rows: list[Sequence[Cell]] = [
        (
            length,
            round(length / run["seconds"]),
            round(1e6 * run["seconds"] / length, 1),
            round(run["before"], 1),
            round(run["peak"], 1),
            round(run["peak"] - run["before"], 1),
        )
        for length, run in runs.items()
    ]
    return Section(
        "6. A rebuild",
        [
            Table(
                ("history", "events/s", "microseconds per event", "MB before", "MB at the peak", "increase"),
                rows,
                "One domain object folded again, with botocore; CPU time without the double's; memory of the whole "
                "process",
                "Each in a fresh interpreter. MB: the resident set, just before the rebuild and the largest during it. "
                "The store creates its pages when they are read, so it takes no memory itself. The increase includes a "
                "page of 1 MB, as JSON and as items, and the double's copies of it.",
            )
        ],
        [
            Check(
                "a rebuild reads each event once, and has all of them",
                all(run["read"] == run["count"] == length for length, run in runs.items()),
            )
        ],
    )


def _in_an_interpreter(length: int) -> dict[str, float]:
    code = f"from bench import rebuild; rebuild.measure({length})"
    done = subprocess.run([sys.executable, "-c", code], cwd=_REPOSITORY, check=True, stdout=subprocess.PIPE)  # noqa: S603
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def measure(length: int) -> None:
    """Rebuild a domain object with a history of this length, and print its time and memory."""
    pipeline = Pipeline()
    store = EndlessStore(pipeline.db)
    client, meter = wired_metered(store)
    with lines_to_nowhere():
        project = pipeline.projection(file_layer(), client=client)
        store.length = _FEW
        deliver(project, events.items(file_layer(), events.domain_id(), range(_FEW)))
        store.length, store.read = length, 0
        meter.seconds = 0
        gc.collect()
        _forget_the_peak()
        before, start = _peak(), process_seconds()
        done = project.rebuild_requests.handle(
            {"EventType": "REBUILD", "DomainName": events.DOMAIN_NAME, "DomainId": events.domain_id()}
        )
        seconds, peak = process_seconds() - start - meter.seconds, _peak()
    figures = {"seconds": seconds, "before": before, "peak": peak, "read": store.read, "count": done["EventCount"]}
    sys.stdout.write(json.dumps(figures))


def _forget_the_peak() -> None:
    with suppress(OSError):  # some systems have no /proc, or another kind of it
        Path("/proc/self/clear_refs").write_text("5")


def _peak() -> float:
    """The largest resident set in MB since `_forget_the_peak`."""
    if _STATUS.exists():  # ru_maxrss of a child process starts at its parent's value
        return (
            next(int(line.split()[1]) for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM")) / 1024
        )
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1024 * 1024 if sys.platform == "darwin" else 1024)
