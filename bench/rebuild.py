"""Section 6: the speed and memory of rebuilds. Each rebuild runs in a new interpreter."""

import gc
import json
import resource
import subprocess
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from cp_event_source.handler.values.attribute_value import Item, item_size
from tests.doubles.dynamodb import DynamoDB
from tests.doubles.tables import PAGE_BYTES

from . import events
from .endpoint import endpoint
from .layers import file_layer
from .pipeline import EVENTS, Pipeline, deliver, direct_metered, lines_to_nowhere
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
    runs = {(kind, length): _in_an_interpreter(kind, length) for kind in _CLIENTS for length in scale.rebuilds}
    rows: list[Sequence[Cell]] = [
        (
            _CLIENTS[kind],
            length,
            round(length / run["seconds"]),
            round(1e6 * run["seconds"] / length, 1),
            *(
                (round(run["before"], 1), round(run["peak"], 1), round(run["peak"] - run["before"], 1))
                if kind == _SERVED
                else ("", "", "")
            ),
        )
        for (kind, length), run in runs.items()
    ]
    return Section(
        "6. A rebuild",
        [
            Table(
                ("client", "history", "events/s", "microseconds per event", "MB before", "MB at the peak", "increase"),
                rows,
                "One domain object folded again; CPU time; memory of the whole process",
                "Each in a fresh interpreter. With botocore: through TLS to a double in another process. Without: the "
                "double's own time is measured and subtracted. MB: the resident set, just before the rebuild and the "
                "largest during it. The increase includes a page of 1 MB, as JSON and as items.",
            )
        ],
        [
            Check(
                "a rebuild reads each event once, and has all of them",
                all(run["read"] == run["count"] == length for (_, length), run in runs.items()),
            )
        ],
    )


_SERVED = "served"
_CLIENTS = {"direct": "without botocore", _SERVED: "with botocore"}


def _in_an_interpreter(kind: str, length: int) -> dict[str, float]:
    code = f"from bench import rebuild; rebuild.measure({kind!r}, {length})"
    done = subprocess.run([sys.executable, "-c", code], cwd=_REPOSITORY, check=True, stdout=subprocess.PIPE)  # noqa: S603
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def measure(kind: str, length: int) -> None:
    """Rebuild a domain object with a history of this length, and print its time and memory."""
    pipeline = Pipeline()
    store = EndlessStore(pipeline.db)
    store.length = _FEW
    with lines_to_nowhere():
        if kind == _SERVED:
            with endpoint(store) as served:
                figures = _figures(pipeline, served.client, lambda: 0, served.run, length)
        else:
            client, meter = direct_metered(store)
            figures = _figures(pipeline, client, lambda: meter.seconds, lambda act: act(store), length)
    sys.stdout.write(json.dumps(figures))


def _figures(
    pipeline: Pipeline,
    client: Any,
    doubles_seconds: Callable[[], float],
    on_store: Callable[[Callable[[EndlessStore], int]], int],
    length: int,
) -> dict[str, float]:
    project = pipeline.projection(file_layer(), client=client)
    deliver(project, events.items(file_layer(), events.domain_id(), range(_FEW)))
    on_store(partial(_grow, length=length))
    gc.collect()
    _forget_the_peak()
    before, start = _peak(), process_seconds() - doubles_seconds()
    done = project.rebuild_requests.handle(
        {"EventType": "REBUILD", "DomainName": events.DOMAIN_NAME, "DomainId": events.domain_id()}
    )
    seconds, peak = process_seconds() - doubles_seconds() - start, _peak()
    return {
        "seconds": seconds,
        "before": before,
        "peak": peak,
        "read": on_store(_events_read),
        "count": done["EventCount"],
    }


def _grow(store: EndlessStore, length: int) -> int:
    store.length, store.read = length, 0
    return length


def _events_read(store: EndlessStore) -> int:
    return store.read


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
