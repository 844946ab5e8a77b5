"""The File domain's pipeline: one layer with the domain logic, one component, and the outputs that others need."""

from pathlib import Path

import pulumi

from cp_event_source import CpEventSource, CpEventSourceArgs, DomainPythonLayer, DomainPythonLayerArgs

here = Path(__file__).parent

layer = DomainPythonLayer("file-domain", DomainPythonLayerArgs(source_dir=str(here / "file_domain")))

files = CpEventSource(
    "files",
    CpEventSourceArgs(
        cp_domain_name="File",
        cp_domain_logic_layer=layer.arn,
        # With `pulumi config set development true` you can destroy the stack with all its events.
        development=pulumi.Config().get_bool("development") or False,
    ),
)

# For producers: the bus to put events on, and the policy to attach to their role.
pulumi.export("event_bus_name", files.event_bus_name)
pulumi.export("event_bus_arn", files.event_bus_arn)
pulumi.export("publisher_policy_arn", files.publisher_policy_arn)

# For consumers and auditors: the policies to attach to their roles, the tables of rows and events, and their streams.
pulumi.export("reader_policy_arn", files.reader_policy_arn)
pulumi.export("auditor_policy_arn", files.auditor_policy_arn)
pulumi.export("domain_table_name", files.domain_table_name)
pulumi.export("domain_table_arn", files.domain_table_arn)
pulumi.export("domain_table_stream_arn", files.domain_table_stream_arn)
pulumi.export("domain_events_table_name", files.domain_events_table_name)
pulumi.export("domain_events_table_arn", files.domain_events_table_arn)
pulumi.export("domain_events_stream_arn", files.domain_events_stream_arn)

# For operators: the topic to subscribe to, the dashboard, the queues and the functions.
pulumi.export("alarm_topic_arn", files.alarm_topic_arn)
pulumi.export("dashboard_url", files.dashboard_url)
pulumi.export("ingest_queue_arn", files.ingest_queue_arn)
pulumi.export("ingest_dead_letter_queue_url", files.ingest_dead_letter_queue_url)
pulumi.export("ingest_dead_letter_queue_arn", files.ingest_dead_letter_queue_arn)
pulumi.export("parked_queue_url", files.parked_queue_url)
pulumi.export("projection_dead_letter_queue_url", files.projection_dead_letter_queue_url)
pulumi.export("persist_function_arn", files.persist_function_arn)
pulumi.export("project_function_arn", files.project_function_arn)
