"""Services that decide beside the pipeline, and what each of their calls may be told."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError

from cp_event_source.decide.command import Command
from cp_event_source.decide.deciding import Deciding, Who
from cp_event_source.decide.errors import Contention, LogicFailed, ObjectParked, OutcomeUnknown
from cp_event_source.decide.event import Event
from cp_event_source.decide.objects import deciding
from cp_event_source.decide.settings import DeciderSettings
from cp_event_source.handler.events.event_time import instant_at
from cp_event_source.handler.values.clock import time_text
from tests.doubles.clients import Double, direct_dynamodb
from tests.doubles.clock import CountingClock

from .functions import DOMAIN_NAME
from .logic import Now, logic, version
from .messages import minute_of
from .scheduler import Invocation


class Refused(Exception):
    """The decider's own: the balance is too low."""


NOTHING_WRITTEN = (Refused, ObjectParked, LogicFailed, Contention, ClientError)
"""What says that a decision appended nothing."""

UNKNOWN = (OutcomeUnknown,)


@dataclass(eq=False)
class Decision:
    """One call that decides. Each event of the bus adds one to an object's balance, and each decided one takes one."""

    invocation: Invocation
    domain_id: str
    number: int
    """The version of its logic."""
    command: Command
    parts: int
    """How many events it appends. All calls with a command append as many."""
    refused_by: tuple[int, ...]
    known: list[str] = field(default_factory=list)
    """The keys of the events that the decider saw last."""
    written: list[str] = field(default_factory=list)
    """The keys of its events in the store."""

    @property
    def is_written(self) -> bool:
        return len(self.written) == self.parts

    @property
    def event_ids(self) -> set[str]:
        return set(islice(self.command.event_ids(), self.parts))

    def decide(self, log: Any) -> list[Event]:
        """The decider."""
        self.known[:] = [each.rpartition("@")[0] for each in log.Entries] if log is not None else []
        if not covers(self.known, self.parts):
            raise Refused
        return [Event("Noted", {"RefusedBy": list(self.refused_by)})] * self.parts

    def call(self, service: Deciding) -> Callable[[], Any]:
        return lambda: service.decide(self.domain_id, self.command, self.decide, Who("decider"), timeout_seconds=8)


def covers(keys: list[str], parts: int) -> bool:
    """True if the balance after these events covers so much more."""
    return len(keys) - 2 * sum(map(is_decided, keys)) >= parts


def is_decided(key: str) -> bool:
    """True if a key is that of a decided event: its id is a UUID, and those of the others are short."""
    return key.count("-") > 4


def command(domain_id: str, number: int, minute: int) -> Command:
    return Command.of(domain_id, f"c{number}", instant_at(minute_of(minute)))


def service(dynamodb: Double, number: int, events_per_snapshot: int, minute: int) -> Deciding:
    """A service with one version of the domain logic, whose clock shows a minute of the events."""
    settings = DeciderSettings(
        DOMAIN_NAME, "events", "rows", "snapshots", version(number), 60, events_per_snapshot, 3600, "{}"
    )
    return deciding(settings, logic(number), direct_dynamodb(dynamodb), _Clock(minute))


class _Clock(CountingClock):
    """Its events are of some minute; the notes in rows are of now."""

    def __init__(self, minute: int) -> None:
        super().__init__(Now.clock)
        self._minute = minute

    def now(self) -> float:
        return minute_of(self._minute)

    def text(self, *, later_by: float = 0) -> str:
        return time_text(Now.clock.now + later_by)
