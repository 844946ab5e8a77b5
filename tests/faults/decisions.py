"""A service that decides beside the pipeline, and what its callers were told."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cp_event_source.decide.command import Command
from cp_event_source.decide.deciding import Deciding, Who
from cp_event_source.decide.errors import Contention, LogicFailed, ObjectParked, OutcomeUnknown
from cp_event_source.decide.event import Event
from cp_event_source.decide.objects import deciding
from cp_event_source.decide.settings import DeciderSettings
from cp_event_source.handler.domain.logic import DomainLogic
from cp_event_source.handler.events.event_time import instant_at

from ..doubles.aws import Clock
from ..doubles.clock import CountingClock
from ..doubles.mappings import Crashed
from .functions import DOMAIN_NAME, ENVIRONMENT, EVENTS_PER_MARK

DECIDER = "decider"
PARTS = 2
"""The events of each decision. The limit of the balance is the number of all other events."""


class Refused(Exception):
    """The decider's own: the balance is too low."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the caller of a decision was told."""

    domain_id: str
    event_ids: tuple[str, ...]
    outcome: str
    """`decided`; `unknown`, also if the process crashed; else why nothing was written."""


def service(dynamodb: Any, domain: DomainLogic, version: str, clock: Clock) -> Deciding:
    """A service with one version of the domain logic."""
    skew = float(ENVIRONMENT["MAX_FUTURE_SKEW_SECONDS"])
    settings = DeciderSettings(DOMAIN_NAME, "events", "rows", "snapshots", version, 60, EVENTS_PER_MARK, skew, "{}")
    return deciding(settings, domain, dynamodb, CountingClock(clock))


def command(domain_id: str, number: int, clock: Clock) -> Command:
    return Command.of(domain_id, f"c{number}", instant_at(clock.now))


def told(domain_id: str, asked: Command, decide: Callable[[], object]) -> Told:
    """What a call is told."""
    ids = tuple(islice(asked.event_ids(), PARTS))
    try:
        decide()
    except (OutcomeUnknown, Crashed):
        return Told(domain_id, ids, "unknown")
    except (Refused, ObjectParked, LogicFailed, Contention, ClientError, BotoCoreError) as error:
        return Told(domain_id, ids, type(error).__name__)
    return Told(domain_id, ids, "decided")


def withdraw(log: Any) -> list[Event]:
    """The decider: each other event adds one to the balance, and each decided one takes one."""
    ids = [entry.partition("@")[0] for entry in log.Entries] if log is not None else []
    if len(ids) - 2 * sum(map(is_decided, ids)) < PARTS:
        raise Refused
    return [Event("Noted") for _ in range(PARTS)]


def is_decided(event_id: str) -> bool:
    return len(event_id) == 36


WHO = Who("decider")
