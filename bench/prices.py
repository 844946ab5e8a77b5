"""What is measured, in dollars, at the cost page's prices."""

from cp_event_source.pages.costs.prices import GB_SECONDS, MILLION, READ_UNITS, WRITE_UNITS

GB_OF_A_CORE = 1769 / 1024
"""Lambda gives CPU by memory, one core at 1,769 MB: below that, a second of CPU costs as many GB-seconds as this,
however much memory a function has."""


def capacity(wcu: float, rcu: float) -> float:
    """DynamoDB's price of a million times this number of units."""
    return WRITE_UNITS.times(MILLION * wcu) + READ_UNITS.times(MILLION * rcu)


def cpu(seconds: float) -> float:
    """Lambda's price of a million times so much CPU time, invocations and waiting left out."""
    return GB_SECONDS.times(MILLION * seconds * GB_OF_A_CORE)
