"""What an alarm is: which metric it watches, when it goes off, what it means, and where to read what to do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from .metrics import Metric
from .watched import Watched

RUNBOOK: Final = "docs/runbook.md"

Severity = Literal["warning", "grave"]
"""`grave`: events are lost, or rows lack them, or soon will: wake somebody. `warning`: look on the next working day."""


@dataclass(frozen=True)
class Expression:
    """A number computed from several metrics, at most ten (CloudWatch's limit for an alarm)."""

    result: str
    """What the alarm watches, in CloudWatch's metric math."""
    metrics: Mapping[str, Metric]
    """By the names that the result and the steps call them."""
    steps: Mapping[str, str] = field(default_factory=dict)
    """Results on the way, by name."""


@dataclass(frozen=True)
class Evaluation:
    """Which periods CloudWatch looks at: the last ones that end now, every minute."""

    period_seconds: int
    periods: int
    breaching: int
    """Of the periods, how many must be above the threshold."""


AT_ONCE: Final = Evaluation(300, 1, 1)
"""What is never right, and what has a level (a queue's length, an age): the first reading says all there is to say."""

LASTING: Final = Evaluation(300, 3, 3)
"""What AWS mends itself by trying again, and what matters only when it goes on for a quarter of an hour."""

REPEATED: Final = Evaluation(300, 3, 2)
"""What is tried again and may go well: a single failure is no matter for a person, but where the work is little, the
next try may fall into the next period but one."""

ONCE_IN_A_LONG_RUN: Final = Evaluation(300, 6, 1)
"""Lambda notes an invocation's metrics at the time when it began. The project function's may last a quarter of an
hour, so that what they end with appears in a period long past: look back half an hour."""

REPEATED_IN_A_LONG_RUN: Final = Evaluation(300, 6, 2)
"""Both of the above."""

QUARTERS_OF_AN_HOUR: Final = Evaluation(900, 2, 1)
"""For what the project function tells once an invocation, at least every quarter of an hour while it has work: a gap
between two tries ends no alarm."""


@dataclass(frozen=True)
class Alarm:
    """One alarm. It goes off above its threshold, which is thus the most that is still right."""

    name: str
    """In kebab-case; unique. Never change it: users name thresholds by it."""
    severity: Severity
    threshold: float
    """The default, in the metric's unit."""
    meaning: str
    """In one sentence, for somebody who was just woken."""
    section: str
    """The runbook's section: the part of its link behind `#`."""
    watches: Callable[[Watched], Metric | Expression]
    evaluation: Evaluation

    def description(self, domain_name: str) -> str:
        """What CloudWatch shows and sends; at most 1,024 characters (CloudWatch's limit).

        It begins with the severity: by a text's beginning a subscription to the topic can choose.
        """
        return f"{self.severity}: {self.meaning} Domain: {domain_name}. What to do: {RUNBOOK}#{self.section}"
