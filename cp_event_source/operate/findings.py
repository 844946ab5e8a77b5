"""What `verify` finds, and what to do about each kind."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final


class Kind(Enum):
    """What is wrong with a domain object."""

    UNKNOWN_OBJECT = "unknown-object"
    NO_ROW = "no-row"
    FOREIGN_ROW = "foreign-row"
    UNREADABLE_ROW = "unreadable-row"
    NO_EVENTS = "no-events"
    BEHIND = "behind"
    LACKS_EVENTS = "lacks-events"
    MISSING_EVENTS = "missing-events"
    OTHER_EVENTS = "other-events"
    ERASED_EVENTS = "erased-events"
    WRONG_CHECKPOINT = "wrong-checkpoint"
    WAITS_FOR_MISSING = "waits-for-missing"
    PARKED_AT_ERASED = "parked-at-erased"
    UNKNOWN_EVENTS = "unknown-events"
    REPEATED_ID = "repeated-id"
    DRIFT = "drift"
    NOT_DETERMINISTIC = "not-deterministic"
    FOLD_FAILS = "fold-fails"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with one domain object."""

    domain_id: str
    kind: str
    text: str
    """What was found. It holds ids, names and numbers, never a value of a payload or a row."""
    remedy: str
    is_rebuildable: bool
    """True if a rebuild of the object brings it right."""


def finding(domain_id: str, kind: Kind, text: str, *, is_rebuildable: bool) -> Finding:
    """A finding with its remedy."""
    remedy = _REMEDIES.get((kind, is_rebuildable)) or _REMEDIES.get(kind) or _REBUILD
    named = f"{'-- ' if domain_id.startswith('-') else ''}{shlex.quote(domain_id)}"
    return Finding(domain_id, kind.value, text, remedy.format(id=named), is_rebuildable)


_REBUILD: Final = "cp-event-source rebuild {id}"
_PUT_BACK: Final = (
    "find out who removed the events; put them back, or, if they were removed on purpose,"
    " cp-event-source rebuild --accept-missing-events {id}"
)
_FIX_FIRST: Final = "fix what parks it, then cp-event-source rebuild {id}"

_REMEDIES: Final[Mapping[Kind | tuple[Kind, bool], str]] = {
    Kind.UNKNOWN_OBJECT: "check the DomainId; a new object's first event may not have arrived yet",
    (Kind.FOREIGN_ROW, False): "find out who wrote the item; keep it in another table, and delete it here",
    (Kind.UNREADABLE_ROW, False): "put the events back, or delete the row and its snapshots",
    Kind.NO_EVENTS: "put the events back, or, if they were removed on purpose, delete the row and its snapshots, too",
    Kind.MISSING_EVENTS: _PUT_BACK,
    (Kind.OTHER_EVENTS, False): _PUT_BACK,
    (Kind.ERASED_EVENTS, False): _PUT_BACK,
    (Kind.WRONG_CHECKPOINT, False): "cp-event-source rebuild --accept-missing-events {id}",
    Kind.BEHIND: "if many objects are behind, see why the projection is; else cp-event-source rebuild {id}",
    Kind.WAITS_FOR_MISSING: _PUT_BACK,
    Kind.UNKNOWN_EVENTS: _FIX_FIRST,
    Kind.REPEATED_ID: (
        "ask the producer; if it is one event, put a tombstone over all but one of these keys, then"
        " cp-event-source rebuild {id}; if not, each event must get an id of its own"
    ),
    Kind.NOT_DETERMINISTIC: (
        "fix the logic: no clock, no random numbers, no order of a set; deploy it, then cp-event-source rebuild {id}"
    ),
    Kind.FOLD_FAILS: "cp-event-source rebuild --dry-run {id} shows where; fix the logic",
}
"""By kind, or by kind and whether a rebuild brings it right; all others need a rebuild and nothing else."""
