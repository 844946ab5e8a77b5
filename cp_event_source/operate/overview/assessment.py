"""What is not as it should be in a pipeline, and the verdict on all of it."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

FLOW: Final = "flow"
LAG: Final = "lag"
QUEUES: Final = "queues"
PARKED: Final = "parked"
ALARMS: Final = "alarms"
VERSIONS: Final = "versions"
LAST_DAY: Final = "last_day"
COST: Final = "cost"
PARTS: Final = (FLOW, LAG, QUEUES, PARKED, ALARMS, VERSIONS, LAST_DAY, COST)
"""The parts of the screen, from top to bottom."""


class Level(IntEnum):
    """How bad it is."""

    FINE = 0
    ATTENTION = 1
    UNKNOWN = 2
    STOPPED = 3


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be, or that cannot be known."""

    part: str
    level: Level
    text: str
    section: str | None = None
    """The runbook's section that says what to do."""

    @property
    def weight(self) -> Level:
        """What it means for the whole: only the flow decides whether events flow."""
        return self.level if self.part == FLOW else min(self.level, Level.ATTENTION)


@dataclass(frozen=True)
class Assessment:
    """All findings, the worst first."""

    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Level:
        """The worst; FINE if nothing was found."""
        return max((each.weight for each in self.findings), default=Level.FINE)

    @property
    def reasons(self) -> list[str]:
        """The findings that the verdict follows from."""
        return [each.text for each in self.findings if each.weight is self.verdict]

    def level_of(self, part: str) -> Level:
        """The worst in one part."""
        return max((each.level for each in self.findings if each.part == part), default=Level.FINE)
