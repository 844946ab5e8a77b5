"""Folds events, in EventKey order, into a domain object's state. Only the domain logic can have side effects."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from decimal import Context, localcontext
from typing import Any, NamedTuple

from ..events.stored_event import StoredEvent
from ..values.attribute_value import ITEM_SIZE_LIMIT, Item, differences, encode_item, item_size
from ..values.exact_numbers import MAX_DIGITS
from ..values.stored_form import NOTHING_STORED, StoredForm
from .contract import RESERVED_ATTRIBUTES
from .failure import MAX_ERROR_CHARACTERS, MAX_REASON_CHARACTERS, Cause, Failure, Phase
from .index_keys import NO_INDEX_KEYS, IndexKeys, refusals
from .logic import DomainLogic, RowItem
from .state import BOOKKEEPING_BYTES, DomainState
from .time_limit import time_limit

_MAX_ROW_BYTES = ITEM_SIZE_LIMIT - BOOKKEEPING_BYTES

_ARITHMETIC = Context(prec=MAX_DIGITS)


def arithmetic() -> AbstractContextManager[Context]:
    """The decimal context of domain logic, for a block that calls it.

    Python's default of 28 digits would round sums that a row can hold exactly. Each block starts with this context, so
    that changes by the logic do not reach the next event of a batch, or the caller.
    """
    return localcontext(_ARITHMETIC)


class RowRefused(ValueError):
    """The value that `to_dynamo_item` returned cannot be a row of the domain table."""


class Folded(NamedTuple):
    """The result of a fold."""

    state: DomainState
    failure: Failure | None = None
    """Set if the fold stopped at an event. Then `state` is the state before that event."""


def fold(
    logic: DomainLogic,
    start: DomainState,
    events: Iterable[StoredEvent],
    *,
    seconds_per_event: float,
    index_keys: IndexKeys = NO_INDEX_KEYS,
    may_end_process: bool = True,
) -> Folded:
    """Apply `events`, in EventKey order, to the state `start`, until one fails.

    Each event starts from the stored form of the state, with a new Python object. So the result does not depend on
    which events are folded in one batch: what the row does not hold does not exist, and each value has the type that
    storage returns.

    An erased event counts, but domain logic does not get it: the state is that of the remaining events.

    Args:
        logic: the domain logic.
        start: the state before the first event.
        events: the events.
        seconds_per_event: the maximum time that the logic may take for one event.
        index_keys: the keys of the domain table's indexes.
        may_end_process: True if the process ends where the logic hangs and cannot be stopped.
    """
    step = _Step()
    stored: StoredForm | None = None
    applied: list[str] = []
    checkpoint = start.checkpoint
    failure: Failure | None = None
    with time_limit(seconds_per_event, may_end_process=may_end_process) as limit:
        for event in events:
            is_erased = event.is_erased
            if not is_erased:
                try:
                    with arithmetic(), limit:
                        stored = _next_stored(logic, start if stored is None else stored, event, step, index_keys)
                except KeyboardInterrupt:  # a person raised it, not domain logic
                    raise
                except BaseException as error:  # noqa: BLE001  domain logic may raise anything
                    failure = _failure(event, error, step, logic.folder)
                    break
            applied.append(event.counted if is_erased else event.key)
            checkpoint = event.key
    if not applied:
        return Folded(start, failure)
    attributes = start.attributes if stored is None else stored.attributes
    return Folded(DomainState(attributes, checkpoint, start.applied.plus(*applied)), failure)


@dataclass(slots=True)
class _Step:
    """What the fold does at the moment. It says where the domain logic failed."""

    phase: Phase = ""
    function: Callable[..., Any] | None = None


def _next_stored(
    logic: DomainLogic, before: DomainState | StoredForm, event: StoredEvent, step: _Step, index_keys: IndexKeys
) -> StoredForm:
    """The stored form after an event, from the state at the fold's start or the stored form before the event."""
    if before.attributes:
        step.phase, step.function = "from_dynamo_item", logic.from_dynamo_item
        stored = before if isinstance(before, StoredForm) else StoredForm.read(before.attributes)
        domain_object = logic.from_dynamo_item(RowItem(stored.values()))
    else:
        step.phase, step.function = "create_new", logic.create_new
        stored = NOTHING_STORED
        domain_object = logic.create_new(event)
    apply = logic.applier(domain_object, returned_by=step.phase)
    step.phase, step.function = "apply", apply
    after = logic.apply(domain_object, event)
    step.phase, step.function = "to_dynamo_item", logic.to_dynamo_item
    try:
        stored = stored.followed_by(_checked_row(logic.to_dynamo_item(after)))
        _check_domain_id(stored.attributes, event.domain_id)
    except Exception:
        if not logic.can_apply(after):  # then this is the cause
            step.phase, step.function = "apply", apply
            logic.applier(after, returned_by=step.phase)
        raise
    if not stored.fits(_MAX_ROW_BYTES):
        raise _too_large(stored.attributes)
    if index_keys:
        _check_index_keys(stored.attributes, index_keys)
    step.phase, step.function = "from_dynamo_item", logic.from_dynamo_item
    read = logic.from_dynamo_item(RowItem(stored.values()))
    step.phase, step.function = "to_dynamo_item", logic.to_dynamo_item
    again = logic.to_dynamo_item(read)
    if not stored.is_form_of(again):
        _check_round_trip(stored.attributes, again, event.domain_id, step, logic)
    return stored


def _check_round_trip(attributes: Item, again: Any, domain_id: str, step: _Step, logic: DomainLogic) -> None:
    encoded = encode_item(_checked_row(again))
    _check_domain_id(encoded, domain_id)
    if encoded != attributes:
        step.phase, step.function = "round trip", logic.from_dynamo_item
        raise RowRefused(
            f"{_changes(attributes, encoded)}; the row must survive its round trip: "
            "to_dynamo_item(from_dynamo_item(item)) must equal item"
        )


def _too_large(attributes: Item) -> RowRefused:
    sizes = {name: item_size({name: value}) for name, value in attributes.items()}
    largest = max(sizes, key=sizes.__getitem__)
    return RowRefused(
        f"{largest}: takes {sizes[largest]} of the row's {item_size(attributes)} bytes; a row must take at most "
        f"{_MAX_ROW_BYTES} without the pipeline's notes; store less in it"
    )


def _check_index_keys(attributes: Item, index_keys: IndexKeys) -> None:
    reasons = [f"{name}: {reason}" for name, reason in refusals(attributes, index_keys).items()]
    if reasons:
        raise RowRefused(
            f"{', '.join(reasons)}; an attribute that is the key of an index must be such a value or be left out"
        )


def _checked_row(returned: Any) -> dict[Any, Any]:
    """What `to_dynamo_item` returned, if it is a dict that leaves the pipeline's attributes alone."""
    if not isinstance(returned, dict):
        raise RowRefused(f"to_dynamo_item must return a dict; found a {type(returned).__name__}")
    if not returned.keys().isdisjoint(RESERVED_ATTRIBUTES):
        name = next(name for name in RESERVED_ATTRIBUTES if name in returned)
        raise RowRefused(
            f"{name}: to_dynamo_item must not return this attribute, which belongs to the pipeline; rename it"
        )
    return returned


def _check_domain_id(attributes: Item, domain_id: str) -> None:
    if attributes.get("DomainId") != {"S": domain_id}:
        raise RowRefused("DomainId: to_dynamo_item must return the DomainId of the event; found another value or none")


def _changes(before: Item, after: Item) -> str:
    """The attributes that a round trip changes, each with its path, its value before and its value after."""
    changed = differences(before, after)
    listed = [f"{path}: {_shown(one)} comes back as {_shown(other)}" for path, one, other in changed[:_MAX_CHANGES]]
    more = len(changed) - len(listed)
    return ", ".join([*listed, *([f"and {more} more"] if more else [])])


_MAX_CHANGES = 5

_KINDS = {"S": "the text", "N": "the number", "BOOL": "the boolean", "B": "binary", "M": "a map", "L": "a list"}
_MAX_VALUE_CHARACTERS = 40


def _shown(attribute: Mapping[str, Any]) -> str:
    if not attribute:
        return "nothing"
    ((kind, value),) = attribute.items()
    if kind == "NULL":
        return "null"
    if kind in {"S", "N", "BOOL"}:
        return f"{_KINDS[kind]} {repr(value) if kind == 'S' else value}"[:_MAX_VALUE_CHARACTERS]
    return f"{_KINDS.get(kind, 'a set')} of {len(value)}"


def _failure(event: StoredEvent, error: BaseException, step: _Step, folder: str) -> Failure:
    from .place import place_of  # not at a cold start: few processes meet a failure

    name = type(error).__name__[:MAX_ERROR_CHARACTERS]
    return Failure(event, Cause.LOGIC, name, reason_of(error), step.phase, place_of(error, step.function, folder))


def reason_of(error: BaseException) -> str:
    """What happened, for people."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001  an exception's __str__ is domain logic too
        text = "(its text cannot be read)"
    text = text.encode("utf-8", "backslashreplace").decode()
    return f"{type(error).__name__}: {text}"[:MAX_REASON_CHARACTERS]
