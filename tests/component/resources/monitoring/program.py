"""A program with what is watched, and the monitoring of it; nothing else of the component."""

from collections.abc import Callable, Sequence

import pulumi
import pulumi_aws as aws

from cp_event_source.inputs.functions import PERSIST_MEMORY_MB, PROJECT_MEMORY_MB
from cp_event_source.resources.monitoring import Watched
from cp_event_source.resources.queues import Queues
from cp_event_source.resources.routing import EventBus, Routes
from cp_event_source.resources.scope import Scope
from cp_event_source.resources.tables import Tables

from ...deployment import Deployment, deploy, in_program

TAGS: dict[str, pulumi.Input[str]] = {"team": "files"}

Monitoring = Callable[[Scope, Watched], object]


def deployed(monitoring: Monitoring, *, bus: str = "files", preview: bool = False) -> Deployment:
    """What a program registers that watches the domain `File` on a bus."""

    def program() -> None:
        parent = pulumi.ComponentResource("test:index:Parent", "files")
        scope = Scope("files", "File", parent, TAGS, keep=True)
        monitoring(scope, watched_on(bus))

    return deploy(in_program(program), preview=preview)


def watched_on(bus: str) -> Watched:
    return Watched(
        domain_name="File",
        routes=Routes(
            bus=EventBus(None, pulumi.Output.from_input(bus), pulumi.Output.from_input("arn")),
            domain_event_rule=aws.cloudwatch.EventRule("files-domain-event"),
            rebuild_rule=aws.cloudwatch.EventRule("files-rebuild"),
        ),
        queues=Queues(
            ingest=aws.sqs.Queue("files-ingest"),
            ingest_dead_letter=aws.sqs.Queue("files-ingest-dead-letter"),
            parked=aws.sqs.Queue("files-parked"),
            projection_dead_letter=aws.sqs.Queue("files-projection-dead-letter"),
        ),
        tables=Tables(
            domain_events=aws.dynamodb.Table("files-domain-events"),
            domain=aws.dynamodb.Table("files-domain"),
            domain_snapshots=aws.dynamodb.Table("files-domain-snapshots"),
        ),
        persist=aws.lambda_.Function("files-persist", role="role", memory_size=PERSIST_MEMORY_MB),
        project=aws.lambda_.Function("files-project", role="role", memory_size=PROJECT_MEMORY_MB),
    )


def known(make: Callable[[Scope, Watched], Sequence[pulumi.Output[str]]]) -> list[str]:
    """The values of outputs, once all is deployed."""
    values: list[str] = []

    def monitoring(scope: Scope, watched: Watched) -> None:
        for output in make(scope, watched):
            output.apply(values.append)

    deployed(monitoring)
    return values
