"""The names in a new project, which follow from its domain and its events."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ..handler.events.domain_event import ContractViolation, check_field
from ..inputs.domain_name import domain_name_problem

MAX_IDENTIFIER_LENGTH: Final = 40
"""The name of the component, from which names of functions and roles are made, has at most 43 characters."""

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])[0-9]*|[A-Z]?[a-z]+[0-9]*|[0-9]+")
_DEFAULT_EVENTS: Final = ("Created", "Renamed", "Closed")


class BadNames(ValueError):
    """The domain or an event cannot have its name. The message has a line for each problem."""


@dataclass(frozen=True, slots=True)
class Names:
    """A domain and its events, and what they are called in Python, in Pulumi and on disk."""

    domain: str
    """As in `DomainName`: "Purchase Order"."""
    events: tuple[str, ...]
    """The EventNames, at least one. The first one creates an object."""

    @property
    def words(self) -> list[str]:
        return _WORD.findall(self.domain)

    @property
    def pascal(self) -> str:
        """As in the name of a class: "PurchaseOrder"."""
        return "".join(word[0].upper() + word[1:] for word in self.words)

    @property
    def snake(self) -> str:
        """As in the name of a module: "purchase_order"."""
        return "_".join(self.words).lower()

    @property
    def kebab(self) -> str:
        """As in the name of a resource: "purchase-order"."""
        return "-".join(self.words).lower()

    def sets_name(self, event: str) -> bool:
        """True if the generated logic takes a name from the event's payload."""
        return event == self.events[0] or event.endswith("Renamed")

    def status_after(self, event: str) -> str | None:
        """What an object has become: "SHIPPED" by "OrderShipped" of the domain "Order". None if it stays as it is."""
        if event != self.events[0] and self.sets_name(event):
            return None
        rest = event.removeprefix(self.pascal) or event
        words = re.findall(r"[^\W_]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", rest))
        return "_".join(words).upper() or event

    def unknown_event(self) -> str:
        """A name that no event here has."""
        name = f"{self.pascal}Archived"
        while name in self.events:
            name += "Again"
        return name


def names_of(domain: str, events: Sequence[str] = ()) -> Names:
    """The names of a project.

    Args:
        domain: the DomainName.
        events: the EventNames; without any, three that follow from the domain.

    Raises:
        BadNames: a name breaks a rule of the project; all such names are in the message.
    """
    names = Names(domain, tuple(events))
    problem = _domain_problem(domain)
    problems = [] if problem is None else [f"--domain: {problem}"]
    problems += [problem for event in dict.fromkeys(events) if (problem := _event_problem(event)) is not None]
    problems += [
        f"--event: must name each event once; got {event!r} {events.count(event)} times; leave out the repetitions"
        for event in dict.fromkeys(events)
        if events.count(event) > 1
    ]
    if problems:
        raise BadNames("\n".join(problems))
    return names if events else Names(domain, tuple(f"{names.pascal}{suffix}" for suffix in _DEFAULT_EVENTS))


def _domain_problem(domain: str) -> str | None:
    problem = domain_name_problem(domain)
    if problem is not None:
        return problem
    names = Names(domain, ())
    remedy = "name, and set cp_domain_name in the new __main__.py to this one"
    if not names.pascal[:1].isalpha():
        return (
            f"must begin with a letter, since a class and a folder are named after it; got {domain!r}; give another "
            f"{remedy}"
        )
    longest = max(domain, names.kebab, key=len)
    if len(longest) > MAX_IDENTIFIER_LENGTH:
        return (
            f"must have at most {MAX_IDENTIFIER_LENGTH} characters here, since resources are named after it; got "
            f"{len(longest)} ({longest!r}); give a shorter {remedy}"
        )
    return None


def _event_problem(event: str) -> str | None:
    try:
        check_field("EventName", event)
    except ContractViolation as violation:
        return f"--event: {violation}; give another name, such as 'FileRenamed'"
    return None
