"""The component: what it registers, in the order of the flow.

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

from .inputs.arguments import MAX_NAME_LENGTH, CpEventSourceArgs, registered_inputs, settings_from
from .inputs.checks import check_name
from .inputs.later import readable_twice
from .inputs.spelling import in_schema
from .resources import persist_function
from .resources.access import Watchable, create_access_policies
from .resources.deciders import decider_settings
from .resources.encryption import create_encryption_key
from .resources.monitoring import DEFAULT_THRESHOLDS, Watched, create_monitoring
from .resources.persist_function import create_persist_function
from .resources.project_function import create_project_function
from .resources.queues import create_queues
from .resources.routing import connect_routes, create_routes
from .resources.scope import Scope, with_own
from .resources.tables import create_tables


class CpEventSource(pulumi.ComponentResource):
    """Event sourcing for one domain: domain events from an event bus are stored, append-only and in order, and
    folded by the domain's own logic into one row per domain object, which consumers read and follow."""

    pulumi_type = "cp-event-source:index:CpEventSource"

    domain_event_rule: aws.cloudwatch.EventRule
    """The rule that takes the domain's events (`EventType` `DOMAIN`) from the bus to the ingest queue."""
    domain_event_lambda_rule: aws.cloudwatch.EventRule
    """The rule that invokes the project function for rebuild requests (`EventType` `REBUILD`)."""
    domain_events_table: aws.dynamodb.Table
    """All events of the domain: hash key `DomainId`, range key `EventKey`."""
    domain_table: aws.dynamodb.Table
    """The row of each domain object: hash key `DomainId`, with a stream of new and old images."""
    domain_snapshots_table: aws.dynamodb.Table
    """A few earlier states of each domain object, from which late events are folded in: hash key `DomainId`, range key
    `CpEventSourceSlot`. Derived: losing it costs only longer folds."""
    event_bus: aws.cloudwatch.EventBus | None
    """The bus that the component made; absent if `cp_event_bus` was given."""
    event_bus_destination: aws.lambda_.FunctionEventInvokeConfig
    """The configuration that sends the results of rebuilds, successful or failed, to the bus."""

    domain_name: pulumi.Output[str]
    """The input `cp_domain_name`: the domain whose events the component stores."""
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
    """ARN of the domain table's stream (new and old images), which triggers consumers."""
    domain_snapshots_table_arn: pulumi.Output[str]
    """ARN of the domain snapshots table."""
    domain_snapshots_table_name: pulumi.Output[str]
    """Name of the domain snapshots table."""
    domain_event_rule_arn: pulumi.Output[str]
    """ARN of the rule for domain events."""
    domain_event_lambda_rule_arn: pulumi.Output[str]
    """ARN of the rule for rebuild requests."""
    event_bus_arn: pulumi.Output[str]
    """ARN of the bus, given or made. Producers need the right `events:PutEvents` on it."""
    event_bus_name: pulumi.Output[str]
    """Name of the bus, given or made: where producers put events."""
    event_bus_destination_arn: pulumi.Output[str]
    """ARN of the bus, to which the results of rebuilds go."""
    persist_function_arn: pulumi.Output[str]
    """ARN of the function that stores events."""
    project_function_arn: pulumi.Output[str]
    """ARN of the function that computes the domain's rows."""
    ingest_queue_url: pulumi.Output[str]
    """URL of the queue of events that wait to be stored."""
    ingest_queue_arn: pulumi.Output[str]
    """ARN of the queue of events that wait to be stored."""
    ingest_dead_letter_queue_url: pulumi.Output[str]
    """URL of the queue of events that could not be stored, with the reason."""
    ingest_dead_letter_queue_arn: pulumi.Output[str]
    """ARN of the queue of events that could not be stored."""
    parked_queue_url: pulumi.Output[str]
    """URL of the queue with a message for each event that a domain object is parked at."""
    parked_queue_arn: pulumi.Output[str]
    """ARN of the queue with a message for each event that a domain object is parked at."""
    projection_dead_letter_queue_url: pulumi.Output[str]
    """URL of the queue with a message for each stream batch that was given up: rows may lack its events until they are
    rebuilt."""
    projection_dead_letter_queue_arn: pulumi.Output[str]
    """ARN of the queue with a message for each stream batch that was given up."""
    kms_key_arn: pulumi.Output[str]
    """ARN of the key, given or made, that encrypts everything."""
    alarm_topic_arn: pulumi.Output[str] | None
    """ARN of the topic, given or made, that alarms notify; absent if there are no alarms."""
    dashboard_url: pulumi.Output[str] | None
    """URL of the CloudWatch dashboard in AWS's console; absent if there is no dashboard."""
    publisher_policy_arn: pulumi.Output[str]
    """ARN of a managed policy to attach to the role of whoever puts events on the bus."""
    reader_policy_arn: pulumi.Output[str]
    """ARN of a managed policy to attach to the role of whoever reads the domain table's rows and follows its stream."""
    auditor_policy_arn: pulumi.Output[str]
    """ARN of a managed policy to attach to the role of whoever reads the domain events table and follows its stream.
    The operators' commands that change nothing need no more."""
    operator_policy_arn: pulumi.Output[str]
    """ARN of a managed policy to attach to the role of whoever runs the operators' commands."""
    decider_policy_arn: pulumi.Output[str]
    """ARN of a managed policy to attach to the role of a service that decides with `cp_event_source.decide`."""
    decider_settings: pulumi.Output[str]
    """One line of JSON for `cp_event_source.decide`: the tables, and the version of the domain logic. Give it to a
    service that decides as its environment variable `CP_EVENT_SOURCE_DECIDER`."""
    publisher_policy_document: pulumi.Output[str]
    """The document of the publishers' policy, as JSON, for a policy of the role's own: a role takes ten managed
    policies."""
    reader_policy_document: pulumi.Output[str]
    """The document of the readers' policy, as JSON."""
    auditor_policy_document: pulumi.Output[str]
    """The document of the auditors' policy, as JSON."""
    operator_policy_document: pulumi.Output[str]
    """The document of the operators' policy, as JSON."""
    decider_policy_document: pulumi.Output[str]
    """The document of the deciders' policy, as JSON."""

    def __init__(self, name: str, args: CpEventSourceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """
        Args:
            name: the resource name, at most 43 ASCII letters, digits, `-` and `_`; the children's names begin with it.
            args: the inputs.
            opts: the options that any component takes; provider, protect and the like reach every child.

        Raises:
            pulumi.InputPropertiesError: a bad input, named in the message; nothing is registered then. An input that is
                known only later is checked then.
        """
        check_name(name, MAX_NAME_LENGTH)
        args = readable_twice(args)
        settings = settings_from(args, DEFAULT_THRESHOLDS.keys())
        super().__init__(self.pulumi_type, name, registered_inputs(args), opts)
        scope = Scope(
            name,
            settings.domain_name,
            parent=self,
            tags=with_own(
                settings.tags,
                {"cp-event-source:component": name, "cp-event-source:domain": settings.domain_name},
            ),
            region=settings.region,
            permissions_boundary=settings.permissions_boundary,
            keep=not settings.development,
        )

        # Event bus, with a rule for domain events and one for rebuild requests.
        routes = create_routes(scope, settings.event_bus, settings.publishers)

        # What is stored and what waits, all encrypted with one key.
        key_arn = create_encryption_key(
            scope, settings.key, beside=routes.domain_event_rule.arn, has_topic=settings.monitoring.makes_topic
        )
        tables = create_tables(
            scope,
            indexes=settings.domain_table_indexes,
            ttl_attribute=settings.domain_table_ttl_attribute,
            events_table_class=settings.domain_events_table_class,
            key_arn=key_arn,
        )
        queues = create_queues(
            scope,
            ingest_timeout_seconds=persist_function.TIMEOUT_SECONDS,
            ingest_window_seconds=settings.functions.batching_window_seconds,
            key_arn=key_arn,
        )

        # Ingest queue -> persist function -> domain events table.
        persist = create_persist_function(scope, settings, tables=tables, queues=queues, key_arn=key_arn)

        # Domain events table -> stream -> project function, with the domain's logic -> domain table.
        project = create_project_function(
            scope, settings, tables=tables, queues=queues, event_bus_arn=routes.bus.arn, key_arn=key_arn
        )

        # Event bus -> ingest queue; rebuild requests -> project function; what cannot be delivered -> dead letters.
        connect_routes(scope, routes, queues, project.function)

        # What people are notified of and what they see.
        watched = Watched(settings.domain_name, routes, queues, tables, persist, project.function)
        monitoring = create_monitoring(scope, settings.monitoring, watched, key_arn=key_arn)

        # What other stacks may do here.
        policies = create_access_policies(
            scope,
            event_bus_arn=routes.bus.arn,
            tables=tables,
            has_indexes=settings.domain_table_indexes is not None,
            watchable=Watchable(
                queues,
                persist,
                project.function,
                settings.logic_layer,
                [routes.domain_event_rule, routes.rebuild_rule],
            ),
            key_arn=key_arn,
        )

        outputs = {
            "domain_name": pulumi.Output.from_input(settings.domain_name),
            "domain_events_table_arn": tables.domain_events.arn,
            "domain_events_table_name": tables.domain_events.name,
            "domain_events_stream_arn": tables.domain_events.stream_arn,
            "domain_table_arn": tables.domain.arn,
            "domain_table_name": tables.domain.name,
            "domain_table_stream_arn": tables.domain.stream_arn,
            "domain_snapshots_table_arn": tables.domain_snapshots.arn,
            "domain_snapshots_table_name": tables.domain_snapshots.name,
            "domain_event_rule_arn": routes.domain_event_rule.arn,
            "domain_event_lambda_rule_arn": routes.rebuild_rule.arn,
            "event_bus_arn": routes.bus.arn,
            "event_bus_name": routes.bus.name,
            "event_bus_destination_arn": routes.bus.arn,
            "persist_function_arn": persist.arn,
            "project_function_arn": project.function.arn,
            "ingest_queue_url": queues.ingest.url,
            "ingest_queue_arn": queues.ingest.arn,
            "ingest_dead_letter_queue_url": queues.ingest_dead_letter.url,
            "ingest_dead_letter_queue_arn": queues.ingest_dead_letter.arn,
            "parked_queue_url": queues.parked.url,
            "parked_queue_arn": queues.parked.arn,
            "projection_dead_letter_queue_url": queues.projection_dead_letter.url,
            "projection_dead_letter_queue_arn": queues.projection_dead_letter.arn,
            "kms_key_arn": key_arn,
            "alarm_topic_arn": monitoring.alarm_topic_arn,
            "dashboard_url": monitoring.dashboard_url,
            "publisher_policy_arn": policies.publisher.arn,
            "reader_policy_arn": policies.reader.arn,
            "auditor_policy_arn": policies.auditor.arn,
            "operator_policy_arn": policies.operator.arn,
            "decider_policy_arn": policies.decider.arn,
            "decider_settings": decider_settings(scope, settings, tables),
        }
        resources = {
            "domain_event_rule": routes.domain_event_rule,
            "domain_event_lambda_rule": routes.rebuild_rule,
            "domain_events_table": tables.domain_events,
            "domain_table": tables.domain,
            "domain_snapshots_table": tables.domain_snapshots,
            "event_bus": routes.bus.resource,
            "event_bus_destination": project.event_bus_destination,
        }
        documents = {
            "publisher_policy_document": policies.publisher.policy,
            "reader_policy_document": policies.reader.policy,
            "auditor_policy_document": policies.auditor.policy,
            "operator_policy_document": policies.operator.policy,
            "decider_policy_document": policies.decider.policy,
        }
        for output, value in (outputs | documents | resources).items():
            setattr(self, output, value)
        self._outputs = outputs
        self.register_outputs({in_schema(output): value for output, value in (outputs | documents | resources).items()})

    def export_outputs(self, prefix: str = "") -> None:
        """Export all outputs of the component from the program, for other stacks and for the operators' commands. The
        documents of policies, which are long, are left out.

        Args:
            prefix: what each exported name begins with; a program with several components gives each its own.
        """
        for output, value in self._outputs.items():
            if value is not None:
                pulumi.export(f"{prefix}{output}", value)
