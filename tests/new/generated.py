"""Generated projects, and what the pipeline makes of them."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from cp_event_source.handler.domain.fold import Folded, fold
from cp_event_source.handler.domain.logic import DomainLogic
from cp_event_source.handler.domain.state import INITIAL_STATE
from cp_event_source.handler.events.domain_event import parse_domain_event
from cp_event_source.handler.events.stored_event import StoredEvent, to_item
from cp_event_source.handler.values import exact_json
from cp_event_source.new.names import Names

LATEST = "2026-12-31T00:00:00.000000000Z"


def write(folder: Path, files: dict[str, str]) -> Path:
    """The folder with the files."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def logic_of(names: Names, files: dict[str, str]) -> DomainLogic:
    """The generated logic, as the function loads it."""
    module = ModuleType("generated_domain_handler")
    sys.modules[module.__name__] = module  # a dataclass looks for its module
    exec(files[f"{names.snake}_domain/domain_handler.py"], module.__dict__)
    return DomainLogic(module)


def sample_events(names: Names, files: dict[str, str]) -> list[StoredEvent]:
    """The sample events in the order of their arrival, each checked against the contract."""
    return [
        StoredEvent.of(to_item(parse_domain_event(event, domain_name=names.domain, latest=LATEST), {}))
        for event in exact_json.loads(files["events.json"])
    ]


def rows(names: Names, files: dict[str, str]) -> dict[str, Folded]:
    """The fold of each object's sample events."""
    logic = logic_of(names, files)
    events = sorted(sample_events(names, files), key=lambda event: event.key)
    return {
        domain_id: fold(
            logic, INITIAL_STATE, [each for each in events if each.domain_id == domain_id], seconds_per_event=10
        )
        for domain_id in {event.domain_id for event in events}
    }


def attributes(folded: Folded) -> dict[str, Any]:
    """The row's attributes, all of them texts here."""
    return {name: value["S"] for name, value in folded.state.attributes.items()}
