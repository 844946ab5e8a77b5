"""What can be seen of a deployed pipeline at one moment. What cannot be seen is unknown, with the reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cp_event_source.operate.overview.metric_data import Series


@dataclass(frozen=True)
class Unknown:
    """A part that could not be read."""

    why: str


@dataclass(frozen=True)
class Source:
    """An event source mapping: what hands events to a function."""

    uuid: str
    state: str
    reason: str
    """Why the state changed last."""
    last_result: str
    """How the last batch ended; empty for a queue, of which Lambda does not say it."""


@dataclass(frozen=True)
class Function:
    """A function's configuration."""

    state: str
    state_code: str
    """Why it has this state, such as `Idle`; empty if it is active."""
    update: str
    """How its last update ended."""
    memory_mb: int
    code_sha256: str
    layers: Sequence[str]
    log_group: str
    logic_version: str | None
    """The variable LOGIC_VERSION; None if it cannot be read."""
    logic_version_error: str
    """Why it cannot be read."""
    modified: str
    """When it was updated last."""


@dataclass(frozen=True)
class Stage:
    """A function, and what hands events to it."""

    function: Function | Unknown
    source: Source | Unknown | None
    """None if there is no mapping."""
    reserved_concurrency: int | Unknown | None
    """None if nothing is reserved."""


@dataclass(frozen=True)
class Depth:
    """How many messages a queue has, approximately."""

    visible: int
    in_flight: int
    delayed: int

    @property
    def total(self) -> int:
        return self.visible + self.in_flight + self.delayed


@dataclass(frozen=True)
class Parked:
    """The parked domain objects."""

    count: int
    is_all: bool
    """False if there are more than were counted."""
    oldest_since: str | None
    """Since when the one is parked that is parked longest, of those counted; None if none is parked."""


@dataclass(frozen=True)
class Alarm:
    """An alarm on one of the pipeline's resources."""

    name: str
    state: str
    since: str
    severity: str | None
    section: str | None
    """The section of the runbook that its description names; None for an alarm of somebody's own."""


@dataclass(frozen=True)
class Snapshot:
    """All parts."""

    domain_name: str
    at: float
    """POSIX seconds."""
    rules: Mapping[str, str | Unknown]
    """The state of each rule."""
    stages: Mapping[str, Stage]
    """By the function's name here: persist, project."""
    metrics: Mapping[str, Series] | Unknown
    queues: Mapping[str, Depth | Unknown]
    parked: Parked | Unknown
    alarms: Sequence[Alarm] | Unknown
    is_emulated: bool = False
    """True if it is no pipeline on AWS: an emulator lacks the metrics that functions send in their logs."""
