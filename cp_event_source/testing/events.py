"""Events as a test writes them, and as the store has them."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from ..decide.event import no_event
from ..handler.events.domain_event import DOMAIN, ContractViolation, Violation, parse_domain_event
from ..handler.events.event_time import UnreadableTime, instant
from ..handler.events.stored_event import StoredEvent, Unstorable, same_content, to_item
from ..handler.values import exact_json
from ..producer.event import DomainEvent
from ..producer.payload import exact_payload

_LATEST: Final = "9999-12-31T23:59:59.999999999Z"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = 1_000_000_000
_FIRST_TIME: Final = 1_767_225_600 * _SECOND
"""The time of the first event if no event has one: 2026-01-01T00:00:00Z."""
_NO_FIELDS: Final[dict[str, Any]] = {}
DOMAIN_ID: Final = "object-1"
DOMAIN_NAME: Final = "Domain"


@dataclass(frozen=True, slots=True, eq=False)
class ShortEvent:
    """An event in short form. `event` makes it; what it does not say, `given` and the checks fill in."""

    event_name: str
    payload: Any
    at: str | None
    fields: Mapping[str, Any]
    """The other fields that the test gave, by their names in the contract."""


AnyEvent = ShortEvent | DomainEvent | Mapping[str, Any]
"""An event in short form, as a producer makes it, or as JSON has it."""


def event(
    event_name: str,
    payload: Any = _NO_FIELDS,
    *,
    at: str | None = None,
    domain_id: str | None = None,
    event_id: str | None = None,
    user_id: str = "user-1",
    version: int = 1,
    correlation_id: str | None = None,
    ip_address: str | None = None,
    domain_name: str | None = None,
) -> ShortEvent:
    """An event in short form.

    The same object given twice is one event sent twice; two objects are two events.

    Args:
        event_name: what happened.
        payload: the content, any JSON value; by default an empty object.
        at: when it happened, ISO 8601. By default one second after the event written before it, or less if the event
            written after it is nearer.
        domain_id: the domain object; by default that of the event written before it, and of the first `object-1`.
        event_id: by default made from the event's place in the call.
        user_id: who caused the event.
        version: the version of the event's schema.
        correlation_id: the id that related events share.
        ip_address: the address that caused the event.
        domain_name: the domain; by default that of the other events of the call.
    """
    fields = {
        "DomainId": domain_id,
        "EventId": event_id,
        "UserId": user_id,
        "Version": version,
        "CorrelationId": correlation_id,
        "IpAddress": ip_address,
        "DomainName": domain_name,
    }
    given = {name: value for name, value in fields.items() if value is not None}
    return ShortEvent(event_name, payload, at, given)


def read_events(path: str | os.PathLike[str], *, domain_name: str | None = None) -> list[dict[str, Any]]:
    """The events of a JSON file, with exact numbers: the file that `cp-event-source local --events` sends.

    Args:
        path: a file with an array of domain events, or of PutEvents entries with a domain event as `Detail`.
        domain_name: if given, only the events that the bus passes to the pipeline of this domain: those of type DOMAIN
            with this DomainName.

    Raises:
        OSError: the file cannot be read.
        ValueError: the file is not a JSON array of objects.
    """
    try:
        entries = exact_json.loads(Path(path).read_text("utf-8"))
    except (exact_json.InvalidJson, exact_json.UnreadableNumber) as error:
        raise ValueError(f"{path}: must be JSON; {error}") from error
    if not isinstance(entries, list):
        raise ValueError(f"{path}: must be an array of events; got a {type(entries).__name__}")  # noqa: TRY004
    events = [_detail(entry, f"{path}: event {number}") for number, entry in enumerate(entries, 1)]
    if domain_name is None:
        return events
    return [each for each in events if (each.get("EventType"), each.get("DomainName")) == (DOMAIN, domain_name)]


def stored_events(events: Iterable[Any]) -> list[StoredEvent]:
    """The events as the store has them, in the order given, each once.

    They take the way of production: exact JSON, the check of the contract, and the item of the events table.

    Args:
        events: events, and lists or tuples of events.

    Raises:
        ContractViolation: (a ValueError) with everything that is wrong in any event.
        ValueError: there is no event, an event cannot be stored, or two events have one key but other content.
    """
    details = _details(list(_flat(events)))
    if not details:
        raise ValueError("must be at least one event; got none")
    domain_name = next((name for each in details if isinstance(name := each.get("DomainName"), str)), DOMAIN_NAME)
    violations: list[Violation] = []
    stored: dict[tuple[str, str], StoredEvent] = {}
    for number, detail in enumerate(details, 1):
        label = _label(number, detail)
        try:
            each = _stored(detail, domain_name)
        except ContractViolation as broken:
            violations += [Violation(f"{label}: {one.field}", one.rule, one.found) for one in broken.violations]
            continue
        except Unstorable as error:
            raise ValueError(f"{label}: {error}") from error
        first = stored.setdefault((each.domain_id, each.key), each)
        if not same_content(first.item, each.item):
            raise ValueError(
                f"{label}: must have another EventId or EventTime than an event before it, which has other content; "
                "the pipeline stores the first of them and quarantines the other as a conflict"
            )
    if violations:
        raise ContractViolation(violations)
    return list(stored.values())


def histories(events: Iterable[Any]) -> dict[str, list[StoredEvent]]:
    """The history of each domain object, in EventKey order. Raises as `stored_events` does."""
    found: dict[str, list[StoredEvent]] = {}
    for each in sorted(stored_events(events), key=lambda one: one.key):
        found.setdefault(each.domain_id, []).append(each)
    return found


def describe(each: StoredEvent) -> str:
    """An event in a message."""
    return f"{each.event_name} ({each.event_time}, {each.event_id})"


def _flat(events: Iterable[Any]) -> Iterator[AnyEvent]:
    for each in events:
        if isinstance(each, ShortEvent | DomainEvent | Mapping):
            yield each
        elif isinstance(each, Iterable) and not isinstance(each, str | bytes):
            yield from _flat(each)
        else:
            raise TypeError(f"must be an event: event(...), a DomainEvent or a dict; got {no_event(each)}")


def _detail(entry: Any, label: str) -> dict[str, Any]:
    detail = entry.get("Detail", entry) if isinstance(entry, dict) else entry
    if isinstance(detail, str) and detail is not entry:
        try:
            detail = exact_json.loads(detail)
        except (exact_json.InvalidJson, exact_json.UnreadableNumber) as error:
            raise ValueError(f"{label}: Detail: must be JSON; {error}") from error
    if not isinstance(detail, dict):
        raise ValueError(f"{label}: must be an object; got a {type(detail).__name__}")  # noqa: TRY004
    return detail


def _label(number: int, detail: Mapping[str, Any]) -> str:
    name = detail.get("EventName")
    return f"event {number} ({name})" if isinstance(name, str) else f"event {number}"


def _stored(detail: dict[str, Any], domain_name: str) -> StoredEvent:
    content = exact_payload(detail)
    if content.violations:
        not_json = [
            Violation(each.field.removeprefix("Payload."), each.rule, each.found) for each in content.violations
        ]
        raise ContractViolation(_broken_rules(detail, domain_name, {each.field for each in not_json}) + not_json)
    sent = exact_json.loads(exact_json.dumps(content.value))
    return StoredEvent.of(to_item(parse_domain_event(sent, domain_name=domain_name, latest=_LATEST), {}))


def _broken_rules(detail: dict[str, Any], domain_name: str, without: set[str]) -> list[Violation]:
    try:
        parse_domain_event(detail, domain_name=domain_name, latest=_LATEST)
    except ContractViolation as broken:
        return [each for each in broken.violations if each.field not in without]
    return []


def _details(events: list[AnyEvent]) -> list[dict[str, Any]]:
    """The events as JSON has them; those in short form get what they do not say."""
    sent = [_sent(each) for each in events]
    numbers: dict[int, int] = {}  # the place of each object's first appearance
    for index, each in enumerate(events):
        numbers.setdefault(id(each), index)
    firsts = [index for index in range(len(events)) if numbers[id(events[index])] == index]
    times = dict(zip(firsts, _times([sent[index].get("EventTime") for index in firsts]), strict=True))
    domain_ids = _domain_ids(sent)
    domain_name = next((each["DomainName"] for each in sent if "DomainName" in each), DOMAIN_NAME)
    filled = []
    for index, each in enumerate(events):
        first = numbers[id(each)]
        made = {
            "EventTime": times[first],
            "EventId": f"event-{first + 1:04}",
            "DomainId": domain_ids[first],
            "DomainName": domain_name,
        }
        filled.append({**made, **sent[index]} if isinstance(each, ShortEvent) else sent[index])
    return filled


def _sent(each: AnyEvent) -> dict[str, Any]:
    match each:
        case ShortEvent():
            time = {} if each.at is None else {"EventTime": each.at}
            named = {"EventName": each.event_name, "EventType": DOMAIN, "Payload": each.payload}
            return {**named, **each.fields, **time}
        case DomainEvent():
            if each.unsupported is not None:
                raise ValueError(each.unsupported)
            detail: dict[str, Any] = exact_json.loads(each.detail)
            return detail
        case _:
            return dict(each)


def _domain_ids(sent: list[dict[str, Any]]) -> list[Any]:
    """For each event its DomainId, or else that of the event before it."""
    domain_id: Any = DOMAIN_ID
    return [domain_id := each.get("DomainId", domain_id) for each in sent]


def _times(given: list[Any]) -> list[Any]:
    """The times of events, given those that say theirs.

    An event without a time is between the events written around it, at most a second after the one before it.
    """
    known = [_nanoseconds(time) for time in given]
    times: list[Any] = list(given)
    after: int | None = None  # the nearest event after this one that says its time
    nexts: list[int | None] = []
    for index in reversed(range(len(known))):
        nexts.append(after)
        after = index if known[index] is not None else after
    before: int | None = None
    for index, after in enumerate(reversed(nexts)):
        at = known[index]
        if at is None and given[index] is None:
            at = known[index] = _between(index, before, after, known)
            times[index] = _time_text(at)
        before = index if at is not None else before
    return times


def _between(index: int, before: int | None, after: int | None, known: list[int | None]) -> int:
    earlier = known[before] if before is not None else None
    later = known[after] if after is not None else None
    if before is None or earlier is None:
        return _FIRST_TIME + _SECOND * index if after is None or later is None else later - _SECOND * (after - index)
    if after is None or later is None or later <= earlier:
        return earlier + _SECOND
    return earlier + max(1, min(_SECOND, (later - earlier) // (after - before)))


def _nanoseconds(time: Any) -> int | None:
    """Nanoseconds since 1970; None if it is no time, which the check of the contract will say."""
    try:
        text = instant(time)
    except (TypeError, UnreadableTime):
        return None
    leap = text[17:19] == "60"
    to_the_second = datetime.fromisoformat(f"{text[:17]}59" if leap else text[:19]).replace(tzinfo=UTC)
    return ((to_the_second - _EPOCH) // timedelta(seconds=1) + leap) * _SECOND + int(text[20:29])


def _time_text(nanoseconds: int) -> str:
    seconds, fraction = divmod(nanoseconds, _SECOND)
    try:
        text = (_EPOCH + timedelta(seconds=seconds)).replace(tzinfo=None).isoformat()
    except OverflowError as error:
        raise ValueError("at: must be given; the events beside it leave no time in the years 1 to 9999") from error
    return f"{text}.{fraction:09}Z" if fraction else f"{text}Z"
