"""The names of a pipeline's resources, as CloudWatch and EventBridge know them."""

from dataclasses import dataclass
from typing import Final

from cp_event_source.deployed.pipeline import Pipeline

DEFAULT_BUS: Final = "default"

INGEST: Final = "ingest"
INGEST_DEAD_LETTERS: Final = "ingest_dead_letter"
PARKED: Final = "parked"
PROJECTION_DEAD_LETTERS: Final = "projection_dead_letter"
QUEUES: Final = (INGEST, INGEST_DEAD_LETTERS, PARKED, PROJECTION_DEAD_LETTERS)
"""The queues, as the outputs name them: the output's name without `_queue_url`."""

PERSIST: Final = "persist"
PROJECT: Final = "project"
FUNCTIONS: Final = (PERSIST, PROJECT)

TABLES: Final = ("domain_events", "domain", "domain_snapshots")

DOMAIN_EVENTS: Final = "domain_events"
REBUILDS: Final = "rebuild_requests"
RULES: Final = {DOMAIN_EVENTS: "domain_event_rule_arn", REBUILDS: "domain_event_lambda_rule_arn"}
"""The rules, and the outputs that name them."""


@dataclass(frozen=True)
class Rule:
    """A rule on a bus."""

    name: str
    bus: str

    @property
    def dimensions(self) -> dict[str, str]:
        """Of its metrics. EventBridge names the bus unless it is the default bus
        (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html)."""
        return {"RuleName": self.name} if self.bus == DEFAULT_BUS else {"EventBusName": self.bus, "RuleName": self.name}


def queue_url(pipeline: Pipeline, queue: str) -> str:
    """The URL of one of QUEUES."""
    return pipeline.output(f"{queue}_queue_url")


def queue_name(pipeline: Pipeline, queue: str) -> str:
    """The name of one of QUEUES."""
    return queue_url(pipeline, queue).rpartition("/")[2]


def function_name(pipeline: Pipeline, function: str) -> str:
    """The name of one of FUNCTIONS."""
    return pipeline.output(f"{function}_function_arn").rpartition(":")[2]


def table_name(pipeline: Pipeline, table: str) -> str:
    """The name of one of TABLES."""
    return pipeline.output(f"{table}_table_name")


def rule_of(pipeline: Pipeline, rule: str) -> Rule:
    """One of RULES. A rule on the default bus has no bus in its ARN."""
    _, *bus, name = pipeline.output(RULES[rule]).rpartition(":")[2].split("/")
    return Rule(name, "/".join(bus) or DEFAULT_BUS)
