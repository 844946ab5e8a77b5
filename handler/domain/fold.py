"""The fold: a domain's state from its events, in EventKey order. Pure but for the domain's own logic."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Context, localcontext
from typing import Any

from ..events.stored_event import StoredEvent
from ..values.attribute_value import ITEM_SIZE_LIMIT, Item, decode_item, differences, encode_item, item_size
from ..values.exact_numbers import MOST_DIGITS
from .contract import RESERVED_ATTRIBUTES
from .failure import MAX_ERROR_CHARACTERS, MAX_REASON_CHARACTERS, Cause, Failure
from .logic import DomainLogic, RowItem
from .state import BOOKKEEPING_BYTES, DomainState
from .time_limit import time_limit

_LARGEST_ROW = ITEM_SIZE_LIMIT - BOOKKEEPING_BYTES

_ARITHMETIC = Context(prec=MOST_DIGITS)
"""What the domain's logic computes Decimals with. Python's own 28 digits would round sums that a row holds exactly; and
each event begins with it anew, so that a context which the logic changes cannot reach the next event of a batch."""


class RowRefused(ValueError):
    """What `to_dynamo_item` returned cannot be a row of the domain table."""


@dataclass(frozen=True, slots=True)
class Folded:
    """How far a fold came."""

    state: DomainState
    failure: Failure | None = None
    """Set where it stopped before the end: `state` is what stood before the failing event."""


def fold(logic: DomainLogic, start: DomainState, events: Iterable[StoredEvent], *, seconds_per_event: float) -> Folded:
    """`events`, in EventKey order, applied to `start`, up to the first that fails.

    Each event begins from the state's stored form, with an object of its own, so that it cannot matter which events
    were folded in one batch: what the row does not hold does not exist, and a value has the type that storage gives
    back.

    An erased event counts, but the domain's logic is not given it: the state is that of the events that remain.
    """
    state = start
    with time_limit(seconds_per_event) as limit:
        for event in events:
            if event.is_erased:
                state = state.after(event, state.attributes)
                continue
            try:
                with localcontext(_ARITHMETIC), limit:
                    attributes = _next_attributes(logic, state, event)
            except KeyboardInterrupt:  # the one that comes from a person, not from the domain's logic
                raise
            except BaseException as error:  # noqa: BLE001  whatever the domain's logic raises
                name = type(error).__name__[:MAX_ERROR_CHARACTERS]
                return Folded(state, Failure(event, Cause.LOGIC, name, _reason(error)))
            state = state.after(event, attributes)
    return Folded(state)


def _next_attributes(logic: DomainLogic, state: DomainState, event: StoredEvent) -> Item:
    domain = _read(logic, state.attributes) if state.attributes else logic.create_new(event)
    attributes = _row_attributes(logic.to_dynamo_item(logic.apply(domain, event)), event.domain_id)
    size = item_size(attributes)
    if size > _LARGEST_ROW:
        sizes = {name: item_size({name: value}) for name, value in attributes.items()}
        largest = max(sizes, key=sizes.__getitem__)
        raise RowRefused(
            f"{largest}: takes {sizes[largest]} of the row's {size} bytes; a row holds {_LARGEST_ROW} beside the "
            "pipeline's notes"
        )
    again = _row_attributes(logic.to_dynamo_item(_read(logic, attributes)), event.domain_id)
    if again != attributes:
        changed = ", ".join(differences(attributes, again))
        raise RowRefused(
            f"{changed}: the row does not survive its own round trip; to_dynamo_item(from_dynamo_item(item)) changes it"
        )
    return attributes


def _read(logic: DomainLogic, attributes: Item) -> Any:
    return logic.from_dynamo_item(RowItem(decode_item(attributes)))


def _row_attributes(returned: Any, domain_id: str) -> Item:
    if not isinstance(returned, dict):
        raise RowRefused(f"to_dynamo_item must return a dict, not a {type(returned).__name__}")
    for name in RESERVED_ATTRIBUTES:
        if name in returned:
            raise RowRefused(f"{name}: to_dynamo_item returned this attribute, which is the pipeline's own")
    attributes = encode_item(returned)
    if attributes.get("DomainId") != {"S": domain_id}:
        raise RowRefused("DomainId: to_dynamo_item must return that of the events' own domain")
    return attributes


def _reason(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:  # noqa: BLE001  an exception's own __str__ is the domain's code, too
        text = "(its text cannot be read)"
    text = text.encode("utf-8", "backslashreplace").decode()
    return f"{type(error).__name__}: {text}"[:MAX_REASON_CHARACTERS]
