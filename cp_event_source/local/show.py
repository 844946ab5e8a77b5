"""The contents of a pipeline, as tables for a terminal of any width or for a log."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cp_event_source.deployed.console import and_more, cell, make_table
from cp_event_source.deployed.counted import counted
from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.deployed.queue_messages import Message
from cp_event_source.deployed.shown import listed, short, shown
from cp_event_source.handler.values import exact_json
from cp_event_source.local.consumers import MAX_LINES, Output

if TYPE_CHECKING:
    from cp_event_source.deployed.logic_process import Stopped
    from cp_event_source.handler.projection.notes import Parked
    from cp_event_source.handler.projection.rows import DomainRow

_NARROW: Final = 100
"""With fewer columns than this, the events table has no EventId."""

_ROW_COLUMN: Final = 26
"""Columns for the attributes of one domain object: as many objects stand side by side as fit."""

_MAX_EVENTS: Final = 100
_MAX_ROWS: Final = 24
_MAX_MESSAGES: Final = 20


def pipeline_tables(pipeline: Pipeline, width: int) -> RenderableType:
    """Everything that a pipeline holds: stored events, domain rows, and the messages in the queues for failures."""
    parts: list[RenderableType] = [
        *_events(pipeline, width),
        *_rows(pipeline, width),
        *quarantined(pipeline),
        *_parked(pipeline),
        *_expired(pipeline),
    ]
    return Group(*parts)


def _events(pipeline: Pipeline, width: int) -> Iterator[RenderableType]:
    events = pipeline.events()
    yield _heading(f"Domain {pipeline.domain_name}: {counted(len(events), 'stored event')}, in EventKey order")
    if not events:
        return
    table = make_table("DomainId", "EventTime", "EventName", *([] if width < _NARROW else ["EventId"]), "Payload")
    table.columns[-1].no_wrap = True
    table.columns[-1].overflow = "ellipsis"
    table.columns[-1].ratio = 1
    table.expand = True
    first_ones = events[:_MAX_EVENTS]
    for before, event, after in zip([None, *first_ones], first_ones, [*first_ones[1:], None], strict=False):
        first = before is None or before.domain_id != event.domain_id
        last = after is None or after.domain_id != event.domain_id
        ids = [] if width < _NARROW else [short(event.event_id)]
        if event.is_erased:
            cells = [event.key.partition("#")[0], "(erased)", *ids, ""]
        else:
            cells = [event.event_time, event.event_name, *ids, _json(event.payload)]
        table.add_row(cell(short(event.domain_id)) if first else "", *map(cell, cells), end_section=last)
    yield table
    yield from and_more(len(events) - len(first_ones), "event")


def _rows(pipeline: Pipeline, width: int) -> Iterator[RenderableType]:
    rows = list(pipeline.rows().values())
    yield _heading(f"Domain {pipeline.domain_name}: {counted(len(rows), 'row')}")
    first_ones = rows[:_MAX_ROWS]
    side_by_side = max(1, (width - _ROW_COLUMN) // _ROW_COLUMN)
    for start in range(0, len(first_ones), side_by_side):
        yield _rows_side_by_side(first_ones[start : start + side_by_side])
    yield from and_more(len(rows) - len(first_ones), "row")


def _rows_side_by_side(rows: "Sequence[DomainRow]") -> Table:
    table = make_table("", *(short(row.domain_id) for row in rows))
    for column in table.columns[1:]:
        column.max_width = _ROW_COLUMN - 3  # its border and padding
        column.overflow = "fold"
    attributes = dict.fromkeys(name for row in rows for name in row.state.attributes if name != "DomainId")
    for name in attributes:
        table.add_row(cell(name), *(cell(shown(row.state.attributes.get(name))) for row in rows))
    table.add_section()
    table.add_row("events applied", *(str(row.state.applied.count) for row in rows))
    if any(row.parked for row in rows):
        table.add_row("parked at", *(cell(_parking(row), style="bold red") for row in rows))
    return table


def _parking(row: "DomainRow") -> str:
    if row.parked is None:
        return ""
    parts = [row.parked.reason, *filter(None, [place_of(row.parked), f"EventId {short(row.parked.event_id)}"])]
    return f"{row.parked.event_name} ({'; '.join(parts)})"


def place_of(parked: "Parked | Stopped") -> str:
    """Where the logic failed: phase and place, as far as they are known."""
    return _joined(parked.phase, parked.place)


def _joined(*parts: str) -> str:
    return ", ".join(filter(None, parts))


def quarantined(pipeline: Pipeline) -> Iterator[RenderableType]:
    """The messages that were not stored, and why."""
    messages = pipeline.quarantined()
    yield _heading(f"Ingest dead-letter queue: {counted(len(messages), 'message')}")
    if messages:
        table = make_table("ReasonCode", "Reason", "EventId")
        for message in messages[:_MAX_MESSAGES]:
            reason = message.attributes.get("Reason") or message.attributes.get("ERROR_MESSAGE", "not known")
            code = message.attributes.get("ReasonCode") or message.attributes.get("ERROR_CODE", "")
            table.add_row(*map(cell, (code, reason, short(_event_id(message)))))
        yield table
        yield from and_more(len(messages) - _MAX_MESSAGES, "message")


def _parked(pipeline: Pipeline) -> Iterator[RenderableType]:
    messages = pipeline.parking_notices()
    yield _heading(f"Parked queue: {counted(len(messages), 'message')}")
    if messages:
        table = make_table("DomainId", "EventName", "EventId", "Where", "Reason")
        for message in messages[:_MAX_MESSAGES]:
            notice = {name: str(value) for name, value in _object(message.body).items()}
            place = _joined(notice.get("Phase", ""), notice.get("Place", ""))
            cells = [notice.get(name, "") for name in ("DomainId", "EventName", "EventId")]
            table.add_row(*(cell(short(each)) for each in (*cells, place, notice.get("Reason", ""))))
        yield table
        yield from and_more(len(messages) - _MAX_MESSAGES, "message")


def _expired(pipeline: Pipeline) -> Iterator[RenderableType]:
    messages = pipeline.expired_batches()
    yield _heading(f"Projection dead-letter queue: {counted(len(messages), 'message')}")
    for message in messages[:_MAX_MESSAGES]:
        yield Text(message.body)
    yield from and_more(len(messages) - _MAX_MESSAGES, "message")


def output_lines(outputs: Iterable[Output]) -> RenderableType:
    """What functions wrote, each in a section of its own."""
    parts: list[RenderableType] = []
    for output in outputs:
        said = "" if output.lines else ", nothing written"
        parts.append(_heading(f"Output of {output.function}: {counted(output.invocations, 'invocation')}{said}"))
        parts += [Text(f"  {line}") for line in output.lines[:MAX_LINES]]
        parts += and_more(len(output.lines) - MAX_LINES, "line")
    return Group(*parts)


def _heading(text: str) -> Text:
    return Text(f"\n{text}", style="bold cyan")


def _json(value: Any) -> str:
    """JSON text for people: exact numbers, and letters that are not escaped."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_json(name)}: {_json(element)}" for name, element in value.items()) + "}"
    if isinstance(value, list):
        return listed(map(_json, value))
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else exact_json.dumps(value)


def _event_id(message: Message) -> str:
    """The EventId of a quarantined event, if it can be read."""
    detail = _object(message.body).get("detail")
    return str(detail.get("EventId", "")) if isinstance(detail, dict) else ""


def _object(body: str) -> dict[str, Any]:
    try:
        value = exact_json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
