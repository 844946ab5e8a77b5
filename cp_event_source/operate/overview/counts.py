"""What a pipeline's functions counted in the last day."""

from collections.abc import Mapping

from cp_event_source.operate.overview import watched_metrics as names
from cp_event_source.operate.overview.metric_data import Series
from cp_event_source.operate.overview.resource_names import FUNCTIONS, PERSIST, PROJECT
from cp_event_source.operate.overview.snapshot import Snapshot, Unknown


def counts_of_the_day(snapshot: Snapshot) -> dict[str, int] | Unknown:
    """The counts, by stable names.

    A count without points is 0. But a function that runs counts something: if CloudWatch has nothing of it, such as the
    emulator or right after the first events, the counts are not known.
    """
    series = snapshot.metrics
    if isinstance(series, Unknown):
        return series
    silent = [function for function in FUNCTIONS if _is_silent(series, function)]
    if silent:
        return Unknown(f"CloudWatch has none of the counts of functions that ran: {', '.join(silent)}")

    def total(*which: str) -> int:
        return round(sum(series[name].total() for name in which))

    return {
        "events_stored": total(names.STORED),
        "events_projected": total(names.PROJECTED),
        "events_waiting": total(names.WAITING),
        "duplicates": total(names.DUPLICATES),
        "quarantined": total(*names.QUARANTINED),
        "rebuilt": total(names.REBUILT),
        "rebuilds_failed": total(names.REBUILDS_FAILED),
        "persist_errors": total(names.errors(PERSIST)),
        "project_errors": total(names.errors(PROJECT)),
    }


def _is_silent(series: Mapping[str, Series], function: str) -> bool:
    succeeded = series[names.invocations(function)].total() - series[names.errors(function)].total()
    return succeeded > 0 and not any(series[name].points for name in names.COUNTED[function])
