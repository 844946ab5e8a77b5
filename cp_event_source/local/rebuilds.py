"""Rebuilds in a local run: the results of those that the bus requested, and rebuilds of all objects of a pipeline."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.deployed.rebuild import Rebuilt, rebuild
from cp_event_source.local.events_file import Entry
from cp_event_source.local.function_logs import Invocation, invocations

_PAUSE: Final = 0.1
_OBJECTS_PER_WORKER: Final = 25
"""Each worker beyond the first costs a start of the function, as much as some dozens of rebuilds."""
_MAX_WORKERS: Final = 4
_RESULTS: Final = ("domain object rebuilt", "rebuild failed")
"""The messages of the function's log lines."""


@dataclass(frozen=True)
class Rebuild:
    """A rebuild and its result."""

    domain_id: str
    """Empty if the request names no domain object."""
    events: int | None
    """How many events the new row has; None if the rebuild failed, or no result came."""
    problem: str = ""
    """Why it failed."""

    def __str__(self) -> str:
        if self.events is not None:
            return f"Rebuilt {self.domain_id}: {self.events} event{'' if self.events == 1 else 's'}"
        return f"Rebuild of {self.domain_id or 'no domain object'} failed: {self.problem}"


def wait_for_results(
    pipeline: Pipeline,
    requests: Sequence[Entry],
    *,
    since: float,
    patience: float,
    alive: Callable[[], None],
) -> list[Rebuild]:
    """The results of requests that were put on the bus: the first of each, since Lambda tries a failed one again.

    On AWS the results go to the bus. The emulator does not deliver them, so they are read from the function's log.

    Args:
        pipeline: the pipeline whose rule the requests match.
        requests: the requests, in the order in which they were sent.
        since: when they were sent, in POSIX seconds.
        patience: seconds after which a request without a result counts as failed.
        alive: raises an error when waiting has become useless.
    """
    deadline = time.monotonic() + patience
    while True:
        alive()
        found = list(_results(invocations(pipeline.clients, pipeline.project_function, since=since)))
        results = [_take(found, request.text("DomainId") or "") for request in requests]
        results = [result or _take(found, "") for result in results]  # a bad DomainId is in no log line
        if all(results) or time.monotonic() > deadline:
            break
        time.sleep(_PAUSE)
    return [
        result or Rebuild(request.text("DomainId") or "", None, f"no result within {patience:g} s")
        for request, result in zip(requests, results, strict=True)
    ]


def rebuild_all(pipeline: Pipeline, domain_ids: Sequence[str]) -> list[Rebuild]:
    """Rebuild domain objects with the pipeline's current logic, by calls of its function, and return the results."""
    workers = min(_MAX_WORKERS, 1 + len(domain_ids) // _OBJECTS_PER_WORKER)
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(lambda domain_id: _rebuild(pipeline, domain_id), domain_ids))


def _rebuild(pipeline: Pipeline, domain_id: str) -> Rebuild:
    answer = rebuild(pipeline.clients("lambda"), pipeline.project_function, pipeline.domain_name, domain_id)
    if isinstance(answer, Rebuilt):
        return Rebuild(domain_id, answer.events)
    return Rebuild(domain_id, None, answer.reason)


def _results(all_invocations: Iterable[Invocation]) -> Iterator[Rebuild]:
    for invocation in all_invocations:
        for line in invocation.lines:
            entry = _object(line)
            if entry.get("message") not in _RESULTS:
                continue
            domain_id = str(entry.get("domain_id", ""))
            if entry["message"] == _RESULTS[0]:
                yield Rebuild(domain_id, int(entry["events"]))
            else:
                yield Rebuild(domain_id, None, _text_of_error(invocation.lines) or str(entry.get("error")))


def _text_of_error(lines: Sequence[str]) -> str:
    """The last line of a traceback, without the class's name."""
    last = lines[-1] if lines else ""
    return "" if last.startswith("{") else last.partition(": ")[2]


def _take(found: list[Rebuild], domain_id: str) -> Rebuild | None:
    """The first result for a domain object, removed from the list."""
    result = next((each for each in found if each.domain_id == domain_id), None)
    if result is not None:
        found.remove(result)
    return result


def _object(line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
