"""How long ago something was, for the metrics of the pipeline's lag."""

from datetime import UTC, datetime

_TO_THE_MICROSECOND = len("2026-11-23T08:30:00.000000")


def milliseconds_since(text: str, now: float) -> float | None:
    """Milliseconds from a time in UTC (ISO 8601, an EventKey among others) to `now` (POSIX seconds).

    Never below zero: a clock that is ahead is no lag, and CloudWatch has no percentiles of numbers below zero. None for
    what is no time: an item may have been written by hand.
    """
    time = text[:_TO_THE_MICROSECOND]
    if time[17:19] == "60":  # a leap second, which `datetime` does not have
        time = f"{time[:17]}59{time[19:]}"
    try:
        then = datetime.fromisoformat(time.rstrip("Z")).replace(tzinfo=UTC)
    except ValueError:
        return None
    return max(0.0, round((now - then.timestamp()) * 1000, 3))
