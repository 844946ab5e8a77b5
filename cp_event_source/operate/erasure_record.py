"""The record of what was erased, as a file with one JSON object a line. It has ids and times, and no payload."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cp_event_source.deployed.errors import CommandError
from cp_event_source.handler.events.event_time import instant_at
from cp_event_source.handler.values.clock import Clock
from cp_event_source.operate.checks import broken_rule


@dataclass(frozen=True)
class Key:
    """The key of an event."""

    domain_id: str
    event_key: str


@dataclass
class Recorded:
    """What a record says of one domain."""

    keys: list[Key] = field(default_factory=list)
    whole: dict[str, str] = field(default_factory=dict)
    """The objects of which all events were erased, each with the instant: later events are others."""
    others: int = 0
    """The lines of other domains."""
    torn: list[int] = field(default_factory=list)
    """The numbers of lines that are none of a record. A command that is killed within a line has erased nothing."""


def add_to_record(record: Path, domain_name: str, keys: Sequence[Key], *, whole: str | None) -> None:
    """Add keys to a record, which may be new, and bring it to the disk.

    Args:
        record: the file. Only its owner may read a new one.
        domain_name: the domain of the keys.
        keys: the events that will be erased.
        whole: the object of which all events will be; events that the table lacks today are meant, too.

    Raises:
        CommandError: it cannot be written, or it is another file.
    """
    clock = Clock()
    common = {"DomainName": domain_name, "RecordedAt": clock.text()}
    lines = [{**common, "DomainId": key.domain_id, "EventKey": key.event_key} for key in keys]
    if whole is not None:
        lines.append({**common, "DomainId": whole, "AllBefore": instant_at(clock.now())})
    try:
        descriptor = os.open(record, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "r+b") as file:
            file.write(_end_of_last_line(record, file) + "".join(f"{json.dumps(line)}\n" for line in lines).encode())
            file.flush()
            os.fsync(file.fileno())
        folder = os.open(record.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise CommandError(f"--record: {record} cannot be written: {error.strerror}; nothing is erased") from error


def read_record(record: Path, domain_name: str) -> Recorded:
    """What a record says of a domain.

    Raises:
        CommandError: it cannot be read.
    """
    recorded = Recorded()
    try:
        with record.open("rb") as file:
            for number, line in enumerate(file, 1):
                value = _line(line)
                if value is None:
                    recorded.torn.append(number)
                elif value["DomainName"] != domain_name:
                    recorded.others += 1
                elif "EventKey" in value:
                    recorded.keys.append(Key(value["DomainId"], value["EventKey"]))
                else:
                    recorded.whole[value["DomainId"]] = value["AllBefore"]
    except OSError as error:
        raise CommandError(f"--again: {record} cannot be read: {error.strerror}; nothing is erased") from error
    return recorded


def _end_of_last_line(record: Path, file: Any) -> bytes:
    """A line's end, if the last line has none, since its writer was killed; else nothing."""
    first = file.readline()
    if not first:
        return b""
    is_torn = not first.endswith(b"\n") and first.startswith(b'{"DomainName"')
    if _line(first) is None and not is_torn:
        raise CommandError(f"--record: {record} must be a record of erasures, or a new file; nothing is erased")
    file.seek(-1, os.SEEK_END)
    return b"" if file.read(1) == b"\n" else b"\n"


def _line(line: bytes) -> dict[str, str] | None:
    try:
        value: Any = json.loads(line)
        texts = [value["DomainName"], value["DomainId"], value.get("EventKey") or value["AllBefore"]]
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    if not all(isinstance(text, str) for text in texts) or broken_rule(value["DomainId"]):
        return None
    return value  # type: ignore[no-any-return]
