"""A deployed CpEventSource, seen from outside: its bus, its tables, its queues."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from cp_event_source.handler.events.stored_event import StoredEvent
from cp_event_source.handler.projection.rows import DomainRow
from cp_event_source.inputs.arn_patterns import event_bus_name
from cp_event_source.local.clients import Clients
from cp_event_source.local.errors import LocalRunError
from cp_event_source.local.events_file import Entry
from cp_event_source.local.queue_messages import Message, peek, waiting

COMPONENT_TYPE: Final = "cp-event-source:index:CpEventSource"

_OUTPUTS: Final = (
    "domain_event_rule_arn",
    "domain_events_table_name",
    "domain_table_name",
    "event_bus_name",
    "ingest_dead_letter_queue_url",
    "ingest_queue_url",
    "parked_queue_url",
    "persist_function_arn",
    "project_function_arn",
    "projection_dead_letter_queue_url",
)
"""The component's outputs that the local run uses."""


@dataclass(frozen=True)
class Pipeline:
    """A CpEventSource of a deployed program."""

    name: str
    """The component's logical name."""
    outputs: Mapping[str, str]
    clients: Clients

    def __post_init__(self) -> None:
        missing = [name for name in _OUTPUTS if not self.outputs.get(name)]
        if missing:
            raise LocalRunError(
                f"{COMPONENT_TYPE} {self.name!r} must register the outputs of this version; got no"
                f" {', '.join(missing)}; install the same version of the command and of the component"
            )

    @cached_property
    def domain_name(self) -> str:
        """The domain whose events match its rule."""
        rule = self.outputs["domain_event_rule_arn"].rsplit("/", 1)[-1]
        answer = self.clients("events").describe_rule(Name=rule, EventBusName=self.bus_name)
        return str(json.loads(answer["EventPattern"])["detail"]["DomainName"][0])

    @property
    def bus_name(self) -> str:
        return self.outputs["event_bus_name"]

    @property
    def project_function(self) -> str:
        """The name of the function that folds and rebuilds."""
        return self.outputs["project_function_arn"].rsplit(":", 1)[-1]

    def stores(self, entry: Entry) -> bool:
        """Whether the pipeline stores this event, if the event is put on its bus."""
        return self._is_of_type(entry, "DOMAIN")

    def rebuilds(self, entry: Entry) -> bool:
        """Whether this event is a rebuild request for the pipeline, if the event is put on its bus."""
        return self._is_of_type(entry, "REBUILD")

    def hears(self, entry: Entry) -> bool:
        """Whether the entry matches one of the pipeline's rules on the bus that it names, or on the pipeline's."""
        on_its_bus = entry.bus is None or event_bus_name(entry.bus) == self.bus_name
        return on_its_bus and (self.stores(entry) or self.rebuilds(entry))

    def logic(self) -> str:
        """What decides how the project function folds: its code, its layers and its environment, as a text."""
        now = self.clients("lambda").get_function_configuration(FunctionName=self.project_function)
        layers = [layer["Arn"] for layer in now.get("Layers", [])]
        return json.dumps([now["CodeSha256"], layers, now.get("Environment", {}).get("Variables", {})])

    def _is_of_type(self, entry: Entry, event_type: str) -> bool:
        return (entry.text("EventType"), entry.text("DomainName")) == (event_type, self.domain_name)

    def events(self) -> list[StoredEvent]:
        """All stored events, in the order of DomainId and EventKey."""
        items = self._items(self.outputs["domain_events_table_name"])
        return sorted((StoredEvent.of(item) for item in items), key=lambda e: (e.domain_id, e.key))

    def rows(self) -> dict[str, DomainRow]:
        """All domain rows, by DomainId."""
        items = self._items(self.outputs["domain_table_name"])
        rows = (DomainRow.from_item(item) for item in items)
        return {row.domain_id: row for row in sorted(filter(None, rows), key=lambda row: row.domain_id)}

    def ingesting(self) -> int:
        """How many messages wait to be stored."""
        return waiting(self.clients("sqs"), self.outputs["ingest_queue_url"])

    def quarantined(self) -> list[Message]:
        """The messages that were not stored, each with a reason."""
        return peek(self.clients("sqs"), self.outputs["ingest_dead_letter_queue_url"])

    def quarantined_count(self) -> int:
        """How many messages were not stored."""
        return waiting(self.clients("sqs"), self.outputs["ingest_dead_letter_queue_url"])

    def parking_notices(self) -> list[Message]:
        """The messages in the parked queue: one for each domain object and cause."""
        return peek(self.clients("sqs"), self.outputs["parked_queue_url"])

    def expired_batches(self) -> list[Message]:
        """The messages in the projection dead-letter queue: the position in the stream of each batch that was given
        up."""
        return peek(self.clients("sqs"), self.outputs["projection_dead_letter_queue_url"])

    def expired_count(self) -> int:
        """How many batches were given up."""
        return waiting(self.clients("sqs"), self.outputs["projection_dead_letter_queue_url"])

    def _items(self, table: str) -> Iterator[dict[str, Any]]:
        pages = self.clients("dynamodb").get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
        for page in pages:
            yield from page["Items"]
