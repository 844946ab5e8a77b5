"""A deployed CpEventSource, seen from outside: its bus, its tables, its queues, its functions."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from cp_event_source.deployed.clients import Clients
from cp_event_source.deployed.errors import CommandError
from cp_event_source.deployed.queue_messages import Message, peek, waiting
from cp_event_source.handler.events.stored_event import StoredEvent
from cp_event_source.handler.projection.rows import DomainRow

COMPONENT_TYPE: Final = "cp-event-source:index:CpEventSource"


OUTPUTS: Final = frozenset(
    {
        "domain_name",
        "domain_events_table_arn",
        "domain_events_table_name",
        "domain_events_stream_arn",
        "domain_table_arn",
        "domain_table_name",
        "domain_table_stream_arn",
        "domain_snapshots_table_arn",
        "domain_snapshots_table_name",
        "domain_event_rule_arn",
        "domain_event_lambda_rule_arn",
        "event_bus_arn",
        "event_bus_name",
        "event_bus_destination_arn",
        "persist_function_arn",
        "project_function_arn",
        "ingest_queue_url",
        "ingest_queue_arn",
        "ingest_dead_letter_queue_url",
        "ingest_dead_letter_queue_arn",
        "parked_queue_url",
        "parked_queue_arn",
        "projection_dead_letter_queue_url",
        "projection_dead_letter_queue_arn",
        "kms_key_arn",
        "alarm_topic_arn",
        "dashboard_url",
        "publisher_policy_arn",
        "reader_policy_arn",
        "auditor_policy_arn",
        "operator_policy_arn",
        "decider_policy_arn",
        "decider_settings",
    }
)
"""The names of all outputs of the component."""


class MissingOutputError(CommandError):
    """A command needs an output of the component that it does not have."""


@dataclass(frozen=True)
class Pipeline:
    """A CpEventSource of a deployed program."""

    name: str
    """The component's logical name, or what else the user knows it by."""
    outputs: Mapping[str, str]
    """The component's outputs, by name."""
    clients: Clients

    def output(self, name: str) -> str:
        """One of the component's outputs.

        Raises:
            MissingOutputError: it is not known.
        """
        value = self.outputs.get(name)
        if not value:
            raise MissingOutputError(
                f"{name}: must be an output of the pipeline {self.name!r}; got none; export it, as in Python"
                " CpEventSource.export_outputs does with all outputs of this version"
            )
        return value

    @cached_property
    def domain_name(self) -> str:
        """The domain whose events it stores."""
        return self.output("domain_name")

    @property
    def events_table(self) -> str:
        """The name of the domain events table."""
        return self.output("domain_events_table_name")

    @property
    def domain_table(self) -> str:
        """The name of the domain table."""
        return self.output("domain_table_name")

    @property
    def bus_name(self) -> str:
        return self.output("event_bus_name")

    @property
    def project_function(self) -> str:
        """The name of the function that folds and rebuilds."""
        return self.output("project_function_arn").rsplit(":", 1)[-1]

    def logic(self) -> str:
        """What decides how the project function folds: its code, its layers and its environment, as a text."""
        now = self.clients("lambda").get_function_configuration(FunctionName=self.project_function)
        layers = [layer["Arn"] for layer in now.get("Layers", [])]
        return json.dumps([now["CodeSha256"], layers, now.get("Environment", {}).get("Variables", {})])

    def events(self) -> list[StoredEvent]:
        """All stored events, in the order of DomainId and EventKey."""
        items = self._items(self.events_table)
        return sorted((StoredEvent.of(item) for item in items), key=lambda e: (e.domain_id, e.key))

    def rows(self) -> dict[str, DomainRow]:
        """All domain rows, by DomainId."""
        items = self._items(self.domain_table)
        rows = (DomainRow.from_item(item) for item in items)
        return {row.domain_id: row for row in sorted(filter(None, rows), key=lambda row: row.domain_id)}

    def ingesting(self) -> int:
        """How many messages wait to be stored."""
        return waiting(self.clients("sqs"), self.output("ingest_queue_url"))

    def quarantined(self) -> list[Message]:
        """The messages that were not stored, each with a reason."""
        return peek(self.clients("sqs"), self.output("ingest_dead_letter_queue_url"))

    def quarantined_count(self) -> int:
        """How many messages were not stored."""
        return waiting(self.clients("sqs"), self.output("ingest_dead_letter_queue_url"))

    def parking_notices(self) -> list[Message]:
        """The messages in the parked queue: one for each domain object and cause."""
        return peek(self.clients("sqs"), self.output("parked_queue_url"))

    def expired_batches(self) -> list[Message]:
        """The messages in the projection dead-letter queue: the position in the stream of each batch that was given
        up."""
        return peek(self.clients("sqs"), self.output("projection_dead_letter_queue_url"))

    def expired_count(self) -> int:
        """How many batches were given up."""
        return waiting(self.clients("sqs"), self.output("projection_dead_letter_queue_url"))

    def _items(self, table: str) -> Iterator[dict[str, Any]]:
        pages = self.clients("dynamodb").get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
        for page in pages:
            yield from page["Items"]
