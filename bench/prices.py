"""Converts measured units and times into dollars, with the prices of the cost page."""

from cp_event_source.pages.costs.prices import GB_SECONDS, MILLION, READ_UNITS, WRITE_UNITS

GB_OF_A_CORE = 1769 / 1024
"""Lambda gives CPU in proportion to memory, and one core at 1,769 MB. Up to that size, a second of CPU costs this many
GB-seconds, whatever memory a function has."""


def capacity(wcu: float, rcu: float) -> float:
    """DynamoDB's price for a million times this number of units."""
    return WRITE_UNITS.times(MILLION * wcu) + READ_UNITS.times(MILLION * rcu)


def cpu(seconds: float) -> float:
    """Lambda's price for a million times this CPU time, without invocations and waiting."""
    return GB_SECONDS.times(MILLION * seconds * GB_OF_A_CORE)
