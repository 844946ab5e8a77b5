"""The contract of a domain event as a JSON Schema (draft 2020-12), for producers in any language.

`domain-event.schema.json` in the package is the schema of any domain; `cp-event-source schema File` prints that of one.
"""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from ..handler.events import domain_event, event_time
from ..handler.events import fields as event_fields

SCHEMA_FILE: Final = Path(__file__).parents[1] / "domain-event.schema.json"
"""The schema of any domain's events, as the package has it."""

_ID: Final = "urn:cp-event-source:domain-event"


def domain_event_schema(domain_name: str | None = None) -> dict[str, Any]:
    """The JSON Schema of a domain event, made from the table that the pipeline checks events by.

    What it refuses, the pipeline refuses. It accepts what no schema can express: a text within `maxLength` that is
    longer in bytes, lone surrogates, a date that does not exist, a time in the future.

    Args:
        domain_name: pins DomainName to a pipeline's `cp_domain_name`; without it the schema is for any domain.

    Raises:
        ContractViolation: no event can have this DomainName.
    """
    fields = event_fields.FIELDS
    examples = {field.name: deepcopy(field.example) for field in fields}
    rules = {field.name: field.rule for field in fields}
    if domain_name is not None:
        examples["DomainName"] = domain_event.check_field("DomainName", domain_name)
        rules["DomainName"] = event_fields.Exactly(domain_name)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": _ID if domain_name is None else f"{_ID}:{quote(domain_name, safe='')}",
        "title": "Domain event" if domain_name is None else f"Domain event of {domain_name}",
        "description": (
            "The detail of an event on the bus. The pipeline refuses what this schema refuses, and what no schema can "
            "express, such as too many bytes of UTF-8 or a date that does not exist. Fields that are not named here "
            "are kept with the event."
        ),
        "type": "object",
        "required": [field.name for field in fields if field.required],
        "properties": {
            field.name: _property(field, rules[field.name]) | {"examples": [examples[field.name]]} for field in fields
        },
        "additionalProperties": True,
        "examples": [examples],
    }


def _property(field: event_fields.Field, rule: event_fields.Rule) -> dict[str, Any]:
    said, more = _constraints(rule)
    if not field.required:
        said |= {"type": [said["type"], "null"]}
    return {"title": field.title, "description": f"{field.description}{more}", **said}


def _constraints(rule: event_fields.Rule) -> tuple[dict[str, Any], str]:
    """A rule in the schema's keywords, and in words what these cannot express."""
    match rule:
        case event_fields.Text(max_bytes=most, may_be_empty=may_be_empty):
            said = {"type": "string", "minLength": 0 if may_be_empty else 1, "maxLength": most}
            return said, f" At most {most:,} bytes of UTF-8 (maxLength counts characters), without lone surrogates."
        case event_fields.Time():
            return {"type": "string", "pattern": event_time.FORM}, ""
        case event_fields.Exactly(text=text):
            return {"type": "string", "const": text}, ""
        case event_fields.WholeNumber(max_digits=most):
            return {"type": "integer", "minimum": 1 - 10**most, "maximum": 10**most - 1}, ""
        case event_fields.AnyJson():
            return {}, ""
    raise TypeError(f"no schema is known for {rule!r}")


def schema_text(domain_name: str | None = None) -> str:
    """`domain_event_schema` as ASCII JSON."""
    return json.dumps(domain_event_schema(domain_name), indent=2) + "\n"
