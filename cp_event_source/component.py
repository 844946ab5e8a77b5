"""The component: what there is, and how it is tied together.

```
producer --PutEvents--> event bus --domain_event_rule--> ingest queue --batch--> persist function
                            ^                                                          | append
                            | event_bus_destination                                    v
                            | (results of rebuilds)                           domain events table
                            |                                                          | stream
event bus --domain_event_lambda_rule (rebuild requests)--> project function <----------+
                                                                  | domain logic layer
                                                                  +<--> domain snapshots table
                                                                  v
                                                            domain table --stream--> consumers
```
"""

import pulumi
import pulumi_aws as aws

from .inputs.arguments import MAX_NAME_LENGTH, CpEventSourceArgs, settings_from
from .inputs.checks import check_name
from .resources import functions, monitoring, permissions, routing, tables
from .resources.access import access
from .resources.encryption import encryption_key
from .resources.queues import queue_policy, queues
from .resources.scope import Scope


class CpEventSource(pulumi.ComponentResource):
    """Event sourcing for one domain: domain events from an event bus are stored, append-only and in order, and
    folded by the domain's own logic into one row per domain object, which consumers read and follow."""

    domain_event_rule: aws.cloudwatch.EventRule
    """The rule that takes the domain's events (`EventType` `DOMAIN`) from the bus to the ingest queue."""
    domain_event_lambda_rule: aws.cloudwatch.EventRule
    """The rule that invokes the project function for rebuild requests (`EventType` `REBUILD`)."""
    domain_events_table: aws.dynamodb.Table
    """All events of the domain: hash key `DomainId`, range key `EventKey`."""
    domain_table: aws.dynamodb.Table
    """The row of each domain object: hash key `DomainId`, with a stream of new and old images."""
    domain_snapshots_table: aws.dynamodb.Table
    """A few earlier states of each domain object, which late events are folded in from: hash key `DomainId`,
    range key `CpEventSourceSlot`. Derived: losing it costs only longer folds."""
    event_bus: aws.cloudwatch.EventBus | None
    """The bus that the component made; none when `cp_event_bus` was given."""
    event_bus_destination: aws.lambda_.FunctionEventInvokeConfig
    """What sends the results of rebuilds, successful or failed, to the bus."""

    domain_events_table_arn: pulumi.Output[str]
    """ARN of the domain events table."""
    domain_events_table_name: pulumi.Output[str]
    """Name of the domain events table."""
    domain_events_stream_arn: pulumi.Output[str]
    """ARN of the domain events table's stream (new images)."""
    domain_table_arn: pulumi.Output[str]
    """ARN of the domain table."""
    domain_table_name: pulumi.Output[str]
    """Name of the domain table."""
    domain_table_stream_arn: pulumi.Output[str]
    """ARN of the domain table's stream (new and old images): what consumers are triggered by."""
    domain_snapshots_table_arn: pulumi.Output[str]
    """ARN of the domain snapshots table."""
    domain_snapshots_table_name: pulumi.Output[str]
    """Name of the domain snapshots table."""
    domain_event_rule_arn: pulumi.Output[str]
    """ARN of the rule for domain events."""
    domain_event_lambda_rule_arn: pulumi.Output[str]
    """ARN of the rule for rebuild requests."""
    event_bus_arn: pulumi.Output[str]
    """ARN of the bus, given or made: what producers need the right `events:PutEvents` on."""
    event_bus_name: pulumi.Output[str]
    """Name of the bus, given or made: where producers put events."""
    event_bus_destination_arn: pulumi.Output[str]
    """ARN of where the results of rebuilds go: the bus."""
    persist_function_arn: pulumi.Output[str]
    """ARN of the function that stores events."""
    project_function_arn: pulumi.Output[str]
    """ARN of the function that computes the domain's rows."""
    ingest_queue_url: pulumi.Output[str]
    """URL of the queue of events to be stored."""
    ingest_queue_arn: pulumi.Output[str]
    """ARN of the queue of events to be stored."""
    ingest_dead_letter_queue_url: pulumi.Output[str]
    """URL of the queue of events that could not be stored, with the reason."""
    ingest_dead_letter_queue_arn: pulumi.Output[str]
    """ARN of the queue of events that could not be stored."""
    parked_queue_url: pulumi.Output[str]
    """URL of the queue that tells of domain objects parked at an event that their logic failed at."""
    parked_queue_arn: pulumi.Output[str]
    """ARN of the queue that tells of parked domain objects."""
    projection_dead_letter_queue_url: pulumi.Output[str]
    """URL of the queue that tells of stream batches given up: rows that may lack events until rebuilt."""
    projection_dead_letter_queue_arn: pulumi.Output[str]
    """ARN of the queue that tells of stream batches given up."""
    kms_key_arn: pulumi.Output[str]
    """ARN of the key, given or made, that all of it is encrypted with."""
    alarm_topic_arn: pulumi.Output[str] | None
    """ARN of the topic, given or made, that alarms notify; none where there are none."""
    dashboard_url: pulumi.Output[str] | None
    """Where the CloudWatch dashboard is; none where there is none."""
    publisher_policy_arn: pulumi.Output[str]
    """ARN of a managed policy to attach to the role of who puts events on the bus."""
    reader_policy_arn: pulumi.Output[str]
    """ARN of a managed policy to attach to the role of who reads the domain table's rows and follows its stream."""
    auditor_policy_arn: pulumi.Output[str]
    """ARN of a managed policy to attach to the role of who reads the domain events table and follows its stream."""

    def __init__(self, name: str, args: CpEventSourceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """
        Args:
            name: the resource name, at most 43 ASCII letters, digits, `-` and `_`; the children's names begin
                with it.
            args: the inputs.
            opts: as of any component; provider, protect and the like reach every child.

        Raises:
            pulumi.InputPropertiesError: a bad input, named in the message; nothing is registered then. An
                input that is known only later is checked then.
        """
        check_name(name, MAX_NAME_LENGTH)
        settings = settings_from(args, monitoring.DEFAULT_THRESHOLDS.keys())
        super().__init__("cp-event-source:index:CpEventSource", name, None, opts)

        domain = settings.domain_name
        tags = {**settings.tags, "cp-event-source:component": name, "cp-event-source:domain": domain}
        scope = Scope(name, parent=self, tags=tags)

        keep = not settings.development

        # Event bus, and the rules on it.
        routes = routing.routes(scope, settings.event_bus, domain_name=domain, keep=keep)
        bus = routes.bus
        if bus.resource is not None:
            routing.bus_policy(scope, bus.resource, settings.publishers)

        # What is stored, and what waits; encrypted.
        key = encryption_key(scope, settings.key, beside=routes.domain_events.arn, keep=keep)
        safety = tables.Safety(key, keep)
        events_table = tables.domain_events_table(scope, safety)
        domain_table = tables.domain_table(scope, safety)
        snapshots_table = tables.domain_snapshots_table(scope, safety)
        queue = queues(scope, consumer_timeout_seconds=functions.PERSIST_TIMEOUT_SECONDS, key=key, keep=keep)

        # Ingest queue -> persist function -> domain events table.
        deployed = functions.Deployed(key, settings.signed_code, settings.log_retention_days, keep)
        persist_logs = functions.log_group(scope, "persist-logs", deployed)
        persist_execution = permissions.persist_execution(
            scope, log_group=persist_logs, domain_events_table=events_table, queues=queue, key=key
        )
        persist = functions.persist_function(
            scope,
            execution=persist_execution,
            logs=persist_logs,
            domain_name=domain,
            domain_events_table=events_table,
            queues=queue,
            max_future_skew_seconds=settings.max_future_skew_seconds,
            deployed=deployed,
            reserved_concurrency=settings.persist_reserved_concurrency,
        )
        functions.persist_mapping(
            scope,
            function=persist,
            execution=persist_execution,
            queues=queue,
            reserved_concurrency=settings.persist_reserved_concurrency,
        )

        # Domain events table -> stream -> project function, with the domain's logic -> domain table.
        project_logs = functions.log_group(scope, "project-logs", deployed)
        project_execution = permissions.project_execution(
            scope,
            log_group=project_logs,
            domain_events_table=events_table,
            domain_table=domain_table,
            domain_snapshots_table=snapshots_table,
            queues=queue,
            event_bus_arn=bus.arn,
            key=key,
        )
        project = functions.project_function(
            scope,
            execution=project_execution,
            logs=project_logs,
            domain_name=domain,
            logic_layer=settings.logic_layer,
            domain_events_table=events_table,
            domain_table=domain_table,
            domain_snapshots_table=snapshots_table,
            queues=queue,
            events_per_snapshot=settings.events_per_snapshot,
            deployed=deployed,
            reserved_concurrency=settings.project_reserved_concurrency,
        )
        functions.project_mapping(
            scope,
            function=project,
            execution=project_execution,
            domain_events_table=events_table,
            queues=queue,
        )
        destination = functions.event_bus_destination(
            scope, function=project, execution=project_execution, event_bus_arn=bus.arn
        )

        # Who may write where; only then the rules' targets: event bus -> ingest queue, rebuild requests -> project
        # function.
        ingest_policy = queue_policy(scope, "ingest", queue.ingest, writers=[routes.domain_events])
        dead_letter_policy = queue_policy(
            scope, "ingest-dead-letter", queue.ingest_dead_letter, writers=[routes.domain_events, routes.rebuilds]
        )
        queue_policy(scope, "parked", queue.parked)
        queue_policy(scope, "projection-dead-letter", queue.projection_dead_letter)
        permission = routing.invoke_permission(scope, "rebuild", function=project, rule=routes.rebuilds)
        routing.target(
            scope,
            "domain-event",
            bus=bus,
            rule=routes.domain_events,
            arn=queue.ingest.arn,
            queues=queue,
            depends_on=[ingest_policy, dead_letter_policy],
        )
        routing.target(
            scope,
            "rebuild",
            bus=bus,
            rule=routes.rebuilds,
            arn=project.arn,
            queues=queue,
            depends_on=[permission, dead_letter_policy],
        )

        # What people are told, and see.
        watched = monitoring.Watched(
            domain_name=domain,
            queues=queue,
            persist=persist,
            project=project,
            domain_events_table=events_table,
            domain_table=domain_table,
            domain_snapshots_table=snapshots_table,
            bus=bus,
            domain_event_rule=routes.domain_events,
            rebuild_rule=routes.rebuilds,
        )
        alarm_topic_arn = settings.alarm_topic
        alarms = []
        if settings.alarms:
            if alarm_topic_arn is None:
                alarm_topic_arn = monitoring.alarm_topic(scope, key_arn=key.arn, keep=keep).arn
            alarms = monitoring.alarms(
                scope,
                watched,
                topic_arn=alarm_topic_arn,
                actions=settings.alarm_actions,
                thresholds=settings.alarm_thresholds,
            )
        dashboard = monitoring.dashboard(scope, watched, alarms=alarms) if settings.dashboard else None

        # What other stacks may do here.
        policies = access(scope, bus=bus, domain_events_table=events_table, domain_table=domain_table, key=key)

        self.domain_event_rule = routes.domain_events
        self.domain_event_lambda_rule = routes.rebuilds
        self.domain_events_table = events_table
        self.domain_table = domain_table
        self.domain_snapshots_table = snapshots_table
        self.event_bus = bus.resource
        self.event_bus_destination = destination
        outputs = {
            "domain_events_table_arn": events_table.arn,
            "domain_events_table_name": events_table.name,
            "domain_events_stream_arn": events_table.stream_arn,
            "domain_table_arn": domain_table.arn,
            "domain_table_name": domain_table.name,
            "domain_table_stream_arn": domain_table.stream_arn,
            "domain_snapshots_table_arn": snapshots_table.arn,
            "domain_snapshots_table_name": snapshots_table.name,
            "domain_event_rule_arn": routes.domain_events.arn,
            "domain_event_lambda_rule_arn": routes.rebuilds.arn,
            "event_bus_arn": bus.arn,
            "event_bus_name": bus.name,
            "event_bus_destination_arn": bus.arn,
            "persist_function_arn": persist.arn,
            "project_function_arn": project.arn,
            "ingest_queue_url": queue.ingest.url,
            "ingest_queue_arn": queue.ingest.arn,
            "ingest_dead_letter_queue_url": queue.ingest_dead_letter.url,
            "ingest_dead_letter_queue_arn": queue.ingest_dead_letter.arn,
            "parked_queue_url": queue.parked.url,
            "parked_queue_arn": queue.parked.arn,
            "projection_dead_letter_queue_url": queue.projection_dead_letter.url,
            "projection_dead_letter_queue_arn": queue.projection_dead_letter.arn,
            "kms_key_arn": key.arn,
            "alarm_topic_arn": alarm_topic_arn,
            "dashboard_url": monitoring.dashboard_url(dashboard) if dashboard else None,
            "publisher_policy_arn": policies.publisher.arn,
            "reader_policy_arn": policies.reader.arn,
            "auditor_policy_arn": policies.auditor.arn,
        }
        for output, value in outputs.items():
            setattr(self, output, value)
        self.register_outputs(outputs)
