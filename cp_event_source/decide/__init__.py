"""Decide: a service appends events to a domain object only if the object still is what it decided on.

accounts = Objects.from_environment()
done = accounts.decide("account-7", withdraw(30), user_id="ada")

It needs boto3 and the domain's logic, and no Pulumi.
"""

from typing import TYPE_CHECKING, Final

from cp_event_source.late_names import late_names

from .errors import (
    Contention,
    DecisionError,
    EventInvalid,
    LogicFailed,
    ObjectParked,
    OutcomeUnknown,
)
from .event import Event

if TYPE_CHECKING:
    from cp_event_source.handler.domain.logic import BrokenDomainLogic

    from .deciding import Decided, Decider
    from .objects import Objects
    from .settings import BrokenSettings

__all__ = [
    "BrokenDomainLogic",
    "BrokenSettings",
    "Contention",
    "Decided",
    "Decider",
    "DecisionError",
    "Event",
    "EventInvalid",
    "LogicFailed",
    "ObjectParked",
    "Objects",
    "OutcomeUnknown",
]

_MODULES: Final = {
    "BrokenDomainLogic": "logic",
    "BrokenSettings": "settings",
    "Decided": "deciding",
    "Decider": "deciding",
    "Objects": "objects",
}
"""What is imported when it is first used: a module of deciders, and its tests, need only `Event`."""


__getattr__, __dir__ = late_names(__name__, globals(), _MODULES)
