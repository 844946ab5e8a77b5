"""Computes how long ago a time was, for the metrics of the pipeline's lag."""

from datetime import UTC, datetime

_TO_THE_MICROSECOND = len("2026-11-23T08:30:00.000000")


def milliseconds_since(text: str, now: float) -> float | None:
    """Milliseconds from a time to `now`.

    Args:
        text: a time in UTC, ISO 8601, or a text that begins with one, such as an EventKey.
        now: POSIX seconds.

    Returns:
        At least 0, since a time in the future is not a lag and CloudWatch has no percentiles of negative numbers. None
        if the text is not a time, since a person may have written the item by hand.
    """
    time = text[:_TO_THE_MICROSECOND]
    if time[17:19] == "60":  # a leap second, which `datetime` cannot represent
        time = f"{time[:17]}59{time[19:]}"
    try:
        then = datetime.fromisoformat(time.rstrip("Z")).replace(tzinfo=UTC)
    except ValueError:
        return None
    return max(0.0, round((now - then.timestamp()) * 1000, 3))
