"""The kinds of faults that the tests inject into every call."""

from .injector import TRIES, Fault, How, Outage, Try, When

_THROTTLED, _SERVER, _TIMEOUT, _CRASH = (Try(how) for how in (How.THROTTLED, How.SERVER, How.TIMEOUT, How.CRASH))


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
    "crash": (_CRASH,),
    "crash-after-effect": (_took_effect(How.CRASH),),
    "crash-effect-soon": (_took_effect(How.CRASH, When.SOON),),
    "crash-effect-last": (_took_effect(How.CRASH, When.LAST),),
    "throttled-for-long": Outage(How.THROTTLED),
    "time-outs-for-long": Outage(How.TIMEOUT),
}
"""For clients that try once: the call fails."""

SIMILAR = frozenset({"server-error", "time-out", "time-out-after-effect", "time-outs-for-long"})
"""The kinds that differ from another kind only in the class of the error."""

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
    "effect-then-crash": (_took_effect(How.TIMEOUT), _CRASH),
    "crash": (_CRASH,),
    "crash-after-effect": (_took_effect(How.CRASH),),
    "throttled-for-long": Outage(How.THROTTLED),
}
"""For botocore, which retries."""

RETRIED_IN_SHORT = ("time-out-once-after-effect", "time-out-throughout-after-effect", "time-out-once-effect-soon")
"""What happens only with botocore's retries: a retry finds the effect of the try before it."""

PAIRED: dict[str, Fault] = {
    "server-error": (_SERVER,),
    "time-out-after-effect": (_took_effect(How.TIMEOUT),),
    "crash": (_CRASH,),
    "crash-after-effect": (_took_effect(How.CRASH),),
    "time-out-effect-soon": (_took_effect(How.TIMEOUT, When.SOON),),
}
"""For pairs of failed calls."""
