"""The contract of a domain event as a JSON Schema (draft 2020-12), for producers in any language.

`domain-event.schema.json` beside this module is what it generates; with a DomainName it is that domain's alone:

    python -m cp_event_source.contract_schema File
"""

import argparse
import json
import sys
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from .handler.events import domain_event, event_time
from .handler.events import fields as event_fields

SCHEMA_FILE: Final = Path(__file__).with_name("domain-event.schema.json")
"""The schema of any domain's events, as it is shipped."""

_ID: Final = "urn:cp-event-source:domain-event"


def domain_event_schema(domain_name: str | None = None) -> dict[str, Any]:
    """The JSON Schema of a domain event, made from the table that the pipeline checks events by.

    Whatever it refuses, the pipeline refuses. It lets pass what no schema can tell: a text within `maxLength` that is
    longer in bytes, lone surrogates, a date that does not exist, a time in the future.

    Args:
        domain_name: pins DomainName to a pipeline's `cp_domain_name`; without it the schema is that of any domain.

    Raises:
        ContractViolation: no event can bear this DomainName.
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
            "The detail of an event on the bus. What this schema refuses, the pipeline refuses; what it cannot tell, "
            "such as bytes of UTF-8 and whether a date exists, the pipeline checks besides. Fields that are not named "
            "here are kept with the event."
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
    """A rule in the schema's terms, and in words what these cannot say."""
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


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the schema."""
    parser = argparse.ArgumentParser(
        prog="python -m cp_event_source.contract_schema", description="Print the JSON Schema of a domain event."
    )
    parser.add_argument("domain_name", nargs="?", help="the pipeline's cp_domain_name; without it: any domain's events")
    sys.stdout.write(schema_text(parser.parse_args(arguments).domain_name))


if __name__ == "__main__":
    main()
