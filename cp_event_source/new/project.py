"""The files of a new project."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import Template
from typing import Any, Final

from ..handler.events.fields import DOMAIN
from ..version import VERSION
from .names import Names

_TEMPLATES: Final = Path(__file__).parent / "templates"
_FIRST_DAY: Final = datetime(2026, 3, 2, 9, tzinfo=UTC)


def project_files(names: Names, folder_name: str) -> dict[str, str]:
    """The text of each file of a project, by its path in the project's folder.

    Args:
        names: the domain and its events.
        folder_name: the name of the project's folder. The Pulumi project is named after it, as far as Pulumi allows.
    """
    history = _history(names, names.events if len(names.events) > 1 else names.events * 2, number=1)
    values = {
        "domain": names.domain,
        "pascal": names.pascal,
        "snake": names.snake,
        "kebab": names.kebab,
        "project": re.sub(r"[^A-Za-z0-9_.-]+", "-", folder_name).strip("-.")[:100] or names.kebab,
        "versions": compatible_versions(VERSION),
        "cases": "\n".join(_case(names, event) for event in names.events),
        "given": "\n".join(map(_given, history)),
        "first": _given(history[0]),
        "unknown": names.unknown_event(),
        "later": history[1].time,
        "created_at": history[0].time,
        "updated_at": history[-1].time,
        "name": [sent.payload["Name"] for sent in history if sent.payload][-1],
        "status": _literal([status for sent in history if (status := names.status_after(sent.name))][-1]),
    }
    templates = {
        "Pulumi.yaml": "Pulumi.yaml",
        "__main__.py": "__main__.py",
        f"{names.snake}_domain/domain_handler.py": "domain_handler.py",
        f"tests/test_{names.snake}_domain.py": "test_domain.py",
        "README.md": "README.md",
        "requirements.txt": "requirements.txt",
        "pyproject.toml": "pyproject.toml",
        ".gitignore": "gitignore",
    }
    files = {
        path: Template((_TEMPLATES / f"{template}.template").read_text("utf-8")).substitute(values)
        for path, template in templates.items()
    }
    return files | {"events.json": _events_json(names, history)}


def what_to_run(names: Names, folder: Path) -> str:
    """What to do next with a project, for people."""
    logic = f"{names.snake}_domain"
    return f"""\
{folder}: the domain {names.domain} with {", ".join(names.events)}

In this folder:
  pytest                                                  tests the domain logic
  cp-event-source check {logic:<34}finds what would fail on AWS
  cp-event-source local . --events events.json --watch    runs the pipeline here, without an AWS account
  pulumi up                                               deploys it; README.md says what that needs

Begin in {logic}/domain_handler.py.
"""


def compatible_versions(version: str) -> str:
    """The range from a version up to the next that may break what it does: ">=0.1.0,<0.2"."""
    major, minor = re.findall(r"\d+", version)[:2]
    return f">={version},<" + (f"0.{int(minor) + 1}" if major == "0" else f"{int(major) + 1}")


@dataclass(frozen=True, slots=True)
class _Sent:
    """One sample event."""

    domain_id: str
    name: str
    payload: dict[str, str]
    time: str


def _history(names: Names, events: Sequence[str], number: int) -> list[_Sent]:
    """Sample events of one object, in order of time."""
    begin = _FIRST_DAY + timedelta(days=number - 1)
    return [
        _Sent(
            f"{names.kebab}-{number}",
            event,
            {"Name": "final" if index else "draft"} if names.sets_name(event) else {},
            f"{begin + timedelta(hours=index):%Y-%m-%dT%H:%M:%SZ}",
        )
        for index, event in enumerate(events)
    ]


def _events_json(names: Names, history: Sequence[_Sent]) -> str:
    """Three objects' events. The first object's second event arrives before its first."""
    first, second, *rest = history
    third, fourth = _history(names, (names.events[0], names.events[-1]), number=2)
    (fifth,) = _history(names, names.events[:1], number=3)
    arriving: list[dict[str, Any]] = [
        {
            "DomainId": sent.domain_id,
            "EventTime": sent.time,
            "EventId": f"e-{number}",
            "UserId": "ada",
            "EventType": DOMAIN,
            "EventName": sent.name,
            "DomainName": names.domain,
            "Payload": sent.payload,
            "Version": 1,
        }
        for number, sent in enumerate((second, third, first, *rest, fifth, fourth), start=1)
    ]
    return json.dumps(arriving, indent=2, ensure_ascii=False) + "\n"


def _case(names: Names, event: str) -> str:
    lines = [f"            case {_literal(event)}:"]
    if names.sets_name(event):
        lines.append('                self.Name = payload["Name"]')
    status = names.status_after(event)
    if status is not None:
        lines.append(f"                self.Status = {_literal(status)}")
    return "\n".join(lines)


def _given(sent: _Sent) -> str:
    return f'        event({_literal(sent.name)}, {json.dumps(sent.payload)}, at="{sent.time}"),'


def _literal(text: str) -> str:
    """A text as Python code, with the quotes that a formatter keeps."""
    literal = repr(text)
    return f'"{literal[1:-1]}"' if not {'"', "'"} & set(text) else literal
