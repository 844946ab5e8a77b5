"""Alarms on the two functions: failures, throttling, and time that runs out."""

from collections.abc import Callable
from typing import Final

import pulumi_aws as aws

from .. import persist_function, project_function
from .metrics import Metric, of_function
from .specification import (
    LASTING,
    ONCE_IN_A_LONG_RUN,
    REPEATED,
    REPEATED_IN_A_LONG_RUN,
    Alarm,
    Evaluation,
)
from .watched import Watched

_NEAR_THE_LIMIT: Final = 0.8
"""A share of the time-out. The functions themselves begin nothing new after one half (persist) or nine tenths (project)
of it."""

Which = Callable[[Watched], aws.lambda_.Function]


def _of(which: Which, metric: str, statistic: str) -> Callable[[Watched], Metric]:
    return lambda watched: of_function(which(watched), metric, statistic)


def _alarms(function: str, which: Which, timeout_seconds: int, failed: Evaluation, slow: Evaluation) -> list[Alarm]:
    """All are warnings: Lambda retries batches, and what waits too long has alarms of its own."""
    return [
        # A whole batch failed: the process crashed, ran out of time, or cannot start. Single messages and domain
        # objects that fail are partial failures, which count elsewhere.
        Alarm(
            f"{function}-errors",
            "warning",
            0,
            f"The {function} function fails repeatedly: it cannot start, crashes, or runs out of time.",
            "a-function-fails",
            _of(which, "Errors", "Sum"),
            failed,
        ),
        # Lambda throttles bursts while it scales, and retries them.
        Alarm(
            f"{function}-throttles",
            "warning",
            0,
            f"Lambda has throttled the {function} function for a while: no concurrency is left for it.",
            "a-function-is-throttled",
            _of(which, "Throttles", "Sum"),
            LASTING,
        ),
        # In milliseconds. After one such invocation, Lambda may stop the next one at its time limit.
        Alarm(
            f"{function}-duration",
            "warning",
            _NEAR_THE_LIMIT * timeout_seconds * 1000,
            f"An invocation of the {function} function came near its time limit.",
            "a-function-runs-near-its-time-limit",
            _of(which, "Duration", "Maximum"),
            slow,
        ),
    ]


ALARMS: Final = (
    *_alarms(
        "persist",
        lambda watched: watched.persist,
        persist_function.TIMEOUT_SECONDS,
        REPEATED,
        ONCE_IN_A_LONG_RUN,
    ),
    *_alarms(
        "project",
        lambda watched: watched.project,
        project_function.TIMEOUT_SECONDS,
        REPEATED_IN_A_LONG_RUN,
        ONCE_IN_A_LONG_RUN,
    ),
)
