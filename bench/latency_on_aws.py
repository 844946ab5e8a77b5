"""From an event to its row on AWS: derived from published figures, since only an account could measure it.

AWS publishes a p99 of the bus, and no percentiles of the queue and the stream. Those are another's measurement.
What each stage takes is taken for independent of the others, and for lognormal through its p50 and p99: long tails
upwards, none downwards.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import log
from statistics import NormalDist
from typing import Final

from cp_event_source.pages.costs import load

from .report import Cell, Table

_SAMPLES: Final = 50_000
"""Of one sum. The p99 of two seeds then differ by 1 or 2 percent, and the table shows two digits."""

_P99: Final = NormalDist().inv_cdf(0.99)


@dataclass(frozen=True, slots=True)
class Stage:
    """A service that hands an event on, in seconds from the producer's call to the consumer's start."""

    name: str
    p50: float
    p99: float
    source: str
    """What was measured, where and when."""

    def sample(self, chance: random.Random) -> float:
        return chance.lognormvariate(log(self.p50), log(self.p99 / self.p50) / _P99)


_AWS: Final = "https://aws.amazon.com/about-aws/whats-new/2024/11/amazon-eventbridge-improvement-latency-event-buses/"
_MEASURED: Final = "https://bitesizedserverless.com/bite/serverless-messaging-latency-compared/"

STAGES: Final = (
    Stage(
        "EventBridge, until it calls the target",
        round(0.13 * 148 / 387, 3),
        0.13,
        f"p99: [AWS]({_AWS}), August 2024; p50: in the proportion [measured]({_MEASURED}) in February 2023",
    ),
    Stage("SQS, from SendMessage to a function", 0.0162, 0.105, f"[measured]({_MEASURED}) in September 2022"),
    Stage("DynamoDB Streams, from PutItem to a function", 0.213, 0.552, f"[measured]({_MEASURED}) in September 2022"),
)
"""The last two include their producer's call: that of the bus, and the write of the event. AWS has no p50 of the bus;
the measurement has 148 ms at p50 and 387 ms at p99, with a function as the target."""

FUNCTIONS_SECONDS: Final = (
    load.PERSIST_SECONDS
    + load.PERSIST_SECONDS_OF_AN_EVENT
    + load.PROJECT_SECONDS
    + load.PROJECT_SECONDS_OF_AN_OBJECT
    + load.PROJECT_SECONDS_OF_AN_EVENT
)
"""Both functions with one event, as the cost model assumes: AWS says only that its calls take single-digit milliseconds
on average (https://repost.aws/knowledge-center/dynamodb-high-latency)."""

_ASSUMED: Final = "[assumed](costs.md#what-is-assumed), as for the costs"

COLD_SHARE: Final = 0.01
"""AWS: cold starts typically occur in under 1% of invocations
(https://docs.aws.amazon.com/lambda/latest/operatorguide/execution-environments.html)."""

QUIET_QUEUE_SECONDS: Final = 20
"""AWS: with a batching window and very low traffic, Lambda might wait for up to 20 s, even if the window is shorter
(https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html)."""

WINDOWS: Final = (0, 1, 5, 60)


@dataclass(frozen=True, slots=True)
class Traffic:
    """How events come, as far as it decides how long one takes."""

    name: str
    cold_share: float
    """The share of invocations with a cold start."""
    alone: bool
    """Whether nothing else comes while a window is open. Lambda opens the next window as soon as an invocation ends
    (https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html). So an event among others comes at
    any moment of a window. One that comes alone waits for as long as Lambda ever does."""


TRAFFIC: Final = (
    Traffic("busy", COLD_SHARE, alone=False),
    Traffic("alone, warm", 0, alone=True),
    Traffic("alone, cold", 1, alone=True),
)


def seconds(
    traffic: Traffic, window: int, stages: Sequence[Stage] = STAGES, *, samples: int = _SAMPLES
) -> tuple[float, float]:
    """p50 and p99 of the seconds from an event to its row.

    Args:
        traffic: how events come.
        window: the batching window of the queue and of the stream, in seconds. Batches do not fill before it ends.
        stages: what hands the event on.
        samples: how many events are drawn. The same arguments give the same result.
    """
    waits = _longest_wait(window)
    taken = sorted(
        services
        + FUNCTIONS_SECONDS
        + load.COLD_START_SECONDS * sum(each < traffic.cold_share for each in starts)
        + (waits if traffic.alone else window * windows)
        for services, starts, windows in _chances(tuple(stages), samples)
    )
    return taken[samples // 2], taken[samples * 99 // 100]


@cache
def _chances(stages: tuple[Stage, ...], samples: int) -> Sequence[tuple[float, tuple[float, float], float]]:
    """What is drawn for each event: the seconds in all stages, a chance for each of the two functions' starts, and how
    much of the two windows it waits."""
    chance = random.Random(1)  # noqa: S311  the same on each run
    return [
        (
            sum(stage.sample(chance) for stage in stages),
            (chance.random(), chance.random()),
            chance.random() + chance.random(),
        )
        for _ in range(samples)
    ]


def _longest_wait(window: int) -> int:
    """Of the queue and of the stream together. Without a window, neither waits."""
    return max(window, QUIET_QUEUE_SECONDS) + window if window else 0


def tables() -> tuple[Table, Table]:
    """The stages, and what they add up to."""
    return (
        Table(
            ("stage", "p50, ms", "p99, ms", "source"),
            [
                *((each.name, each.p50 * 1000, each.p99 * 1000, each.source) for each in STAGES),
                ("both functions, warm", FUNCTIONS_SECONDS * 1000, "", _ASSUMED),
                ("a cold start", load.COLD_START_SECONDS * 1000, "", _ASSUMED),
            ],
            "On AWS: what each stage takes",
        ),
        Table(
            ("batching window", *(f"{each.name}: {p}" for each in TRAFFIC for p in ("p50", "p99"))),
            [_row(window) for window in WINDOWS],
            "On AWS, derived: seconds from an event to its row",
            f"Busy: events come one after the other, batches are not full, and {COLD_SHARE:.0%} of the invocations have"
            " a cold start. Alone: nothing else comes. With a window, these are upper limits: both windows to their "
            f"end, and at the queue at least {QUIET_QUEUE_SECONDS} s. Cold: both functions have a cold start.",
        ),
    )


def _row(window: int) -> Sequence[Cell]:
    return (f"{window} s", *(float(f"{each:.2g}") for traffic in TRAFFIC for each in seconds(traffic, window)))
