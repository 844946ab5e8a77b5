"""The cost of a pipeline's last day, as far as AWS's metrics say what was used."""

from collections.abc import Iterator, Mapping
from typing import Final

from cp_event_source.operate.overview import resource_names as names
from cp_event_source.operate.overview import watched_metrics as metrics
from cp_event_source.operate.overview.metric_data import Series
from cp_event_source.operate.overview.snapshot import Function, Snapshot, Unknown
from cp_event_source.pages.costs import prices
from cp_event_source.pages.costs.bill import Line, Part

NOT_IN_IT: Final = "traces, requests to the key, cold starts, and what is there whether used or not"
"""What no metric of the pipeline says."""

_GB: Final = 10**9


def cost_of_the_day(snapshot: Snapshot) -> list[Line] | Unknown:
    """The lines of the bill, in dollars at the list prices of the page on costs."""
    series = snapshot.metrics
    if isinstance(series, Unknown):
        return series
    functions: dict[str, Function] = {}
    for name, stage in snapshot.stages.items():
        if isinstance(stage.function, Unknown):
            return stage.function  # its memory decides what its time costs
        functions[name] = stage.function
    return [Line(Part.EVENTS, *each) for each in _lines(series, functions)]


def _lines(
    series: Mapping[str, Series], functions: Mapping[str, Function]
) -> Iterator[tuple[str, float, prices.Price]]:
    def total(*which: str) -> float:
        return sum(series[name].total() for name in which)

    yield "event bus", total(*map(metrics.matched, names.RULES)), prices.EVENTS
    # The bus and the functions send single messages. Lambda receives and deletes batches, each for one invocation.
    sent = total(*map(metrics.sent, names.QUEUES), *map(metrics.empty_receives, names.QUEUES))
    yield "queues", sent + 2 * total(metrics.invocations(names.PERSIST)), prices.QUEUE_REQUESTS
    for name, function in functions.items():
        yield f"{name} function: invocations", total(metrics.invocations(name)), prices.INVOCATIONS
        seconds = total(metrics.duration(name)) / 1000
        yield f"{name} function: time", seconds * function.memory_mb / 1024, prices.GB_SECONDS
    tables = (*names.TABLES, metrics.INDEX)
    yield "tables: writes", total(*map(metrics.write_units, tables)), prices.WRITE_UNITS
    yield "tables: reads", total(*map(metrics.read_units, tables)), prices.READ_UNITS
    logged = sum(series[name].total() for name in map(metrics.log_bytes, functions) if name in series)
    yield "logs: ingestion", logged / _GB, prices.LOGS
