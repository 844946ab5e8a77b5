"""The parts of an alarm: the metric that it watches, when it goes off, what it means, and where to read what to do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from .metrics import Metric
from .watched import Watched

RUNBOOK: Final = "docs/runbook.md"

Severity = Literal["warning", "critical"]
"""`critical`: events are lost, or rows lack them, or soon will: wake somebody. `warning`: look on the next working
day."""


@dataclass(frozen=True)
class Expression:
    """A number computed from several metrics, at most ten (CloudWatch's limit for an alarm)."""

    result: str
    """The number that the alarm watches, in CloudWatch's metric math."""
    metrics: Mapping[str, Metric]
    """By the names that they have in the result and in the steps."""
    steps: Mapping[str, str] = field(default_factory=dict)
    """Intermediate results, by name."""


@dataclass(frozen=True)
class Evaluation:
    """The periods that CloudWatch evaluates every minute: the last ones."""

    period_seconds: int
    periods: int
    breaching: int
    """How many of the periods must be above the threshold."""


AT_ONCE: Final = Evaluation(300, 1, 1)
"""For what is never right, and for levels (a queue's length, an age): the first value is enough."""

LASTING: Final = Evaluation(300, 3, 3)
"""For what AWS retries, and what matters only if it lasts for 15 minutes."""

REPEATED: Final = Evaluation(300, 3, 2)
"""For what is retried and may succeed: a single failure needs nobody. With little work, the next attempt may be two
periods later."""

ONCE_IN_A_LONG_RUN: Final = Evaluation(300, 6, 1)
"""For long invocations: Lambda records an invocation's metrics at the time of its start. The project function may run
for 15 minutes, so that its end is recorded in an earlier period. This looks back 30 minutes."""

REPEATED_IN_A_LONG_RUN: Final = Evaluation(300, 6, 2)
"""Both of the two above."""

QUARTERS_OF_AN_HOUR: Final = Evaluation(900, 2, 1)
"""For what the project function reports once in an invocation, so at least every 15 minutes while it has work: a gap
between two attempts ends no alarm."""


@dataclass(frozen=True)
class Alarm:
    """An alarm. It goes off above its threshold, which is the highest value that is still right."""

    name: str
    """In kebab-case; unique. Never change it: users name thresholds by it."""
    severity: Severity
    threshold: float
    """The default, in the metric's unit."""
    meaning: str
    """One sentence, for somebody who was just woken."""
    section: str
    """The runbook's section: the part of its link after `#`."""
    watches: Callable[[Watched], Metric | Expression]
    evaluation: Evaluation

    def description(self, domain_name: str) -> str:
        """What CloudWatch shows and sends; at most 1,024 characters (CloudWatch's limit).

        It begins with the severity, since a subscription to the topic can filter by the beginning of the text.
        """
        return f"{self.severity}: {self.meaning} Domain: {domain_name}. What to do: {RUNBOOK}#{self.section}"
