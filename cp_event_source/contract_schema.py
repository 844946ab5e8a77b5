"""The contract of a domain event as a JSON Schema: `domain_event_schema("File")`. Needs no Pulumi."""

from .pages.contract_schema import domain_event_schema

__all__ = ["domain_event_schema"]
