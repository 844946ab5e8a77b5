"""List prices in us-east-1, in dollars: the README's."""

WRITE_UNIT = 0.625e-6
READ_UNIT = 0.125e-6
"""DynamoDB, on demand."""
GB_SECOND = 0.0000133334
"""Lambda, arm64."""
INVOCATION = 0.20e-6
GB_OF_A_CORE = 1769 / 1024
"""Lambda gives CPU by memory, one core at 1,769 MB: below that, a second of CPU costs as many GB-seconds as this,
however much memory a function has."""

MILLION = 1_000_000


def capacity(wcu: float, rcu: float) -> float:
    """DynamoDB's price of a million times so many units."""
    return MILLION * (wcu * WRITE_UNIT + rcu * READ_UNIT)


def cpu(seconds: float) -> float:
    """Lambda's price of a million times so much CPU time, invocations and waiting left out."""
    return MILLION * seconds * GB_OF_A_CORE * GB_SECOND
