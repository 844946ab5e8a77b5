"""The kinds of faults that every call is tried with."""

from .injector import TRIES, Fault, How, Outage, Try, When

_THROTTLED, _SERVER, _TIMEOUT, _DEATH = (Try(how) for how in (How.THROTTLED, How.SERVER, How.TIMEOUT, How.DEATH))


def _took_effect(how: How, when: When = When.AT_ONCE) -> Try:
    return Try(how, when)


CALL_FAILS: dict[str, Fault | Outage] = {
    "throttled": (_THROTTLED,),
    "server-error": (_SERVER,),
    "server-error-after-effect": (_took_effect(How.SERVER),),
    "time-out": (_TIMEOUT,),
    "time-out-after-effect": (_took_effect(How.TIMEOUT),),
    "time-out-effect-soon": (_took_effect(How.TIMEOUT, When.SOON),),
    "time-out-effect-last": (_took_effect(How.TIMEOUT, When.LAST),),
    "death": (_DEATH,),
    "death-after-effect": (_took_effect(How.DEATH),),
    "death-effect-soon": (_took_effect(How.DEATH, When.SOON),),
    "death-effect-last": (_took_effect(How.DEATH, When.LAST),),
    "throttled-for-long": Outage(How.THROTTLED),
    "time-outs-for-long": Outage(How.TIMEOUT),
}
"""By clients that try once: the call fails."""

ALIKE = frozenset({"server-error", "time-out", "time-out-after-effect", "time-outs-for-long"})
"""Those that differ from another in the error's class alone."""

RETRIED: dict[str, Fault | Outage] = {
    "throttled-once": (_THROTTLED,),
    "throttled-throughout": (_THROTTLED,) * TRIES,
    "server-error-once": (_SERVER,),
    "server-error-once-after-effect": (_took_effect(How.SERVER),),
    "server-error-throughout-after-effect": (_took_effect(How.SERVER),) * TRIES,
    "time-out-once": (_TIMEOUT,),
    "time-out-throughout": (_TIMEOUT,) * TRIES,
    "time-out-once-after-effect": (_took_effect(How.TIMEOUT),),
    "time-out-throughout-after-effect": (_took_effect(How.TIMEOUT),) * TRIES,
    "time-out-once-effect-soon": (_took_effect(How.TIMEOUT, When.SOON),),
    "time-out-once-effect-last": (_took_effect(How.TIMEOUT, When.LAST),),
    "effect-then-throttled": (_took_effect(How.TIMEOUT), *[_THROTTLED] * (TRIES - 1)),
    "effect-then-death": (_took_effect(How.TIMEOUT), _DEATH),
    "death": (_DEATH,),
    "death-after-effect": (_took_effect(How.DEATH),),
    "throttled-for-long": Outage(How.THROTTLED),
}
"""By botocore, which tries again."""

RETRIED_IN_SHORT = ("time-out-once-after-effect", "time-out-throughout-after-effect", "time-out-once-effect-soon")
"""What only botocore's retries bring: a retry meets its own effect."""

PAIRED: dict[str, Fault] = {
    "server-error": (_SERVER,),
    "time-out-after-effect": (_took_effect(How.TIMEOUT),),
    "death": (_DEATH,),
    "death-after-effect": (_took_effect(How.DEATH),),
    "time-out-effect-soon": (_took_effect(How.TIMEOUT, When.SOON),),
}
"""For pairs of calls that fail."""
