"""A pipeline on a bus that the program already has: only rules are added to it, no second bus is made."""

from pathlib import Path

import pulumi
import pulumi_aws as aws

from cp_event_source import CpEventSource, CpEventSourceArgs, DomainPythonLayer, DomainPythonLayerArgs

here = Path(__file__).parent

# `pulumi config set development true`: a stack that may be destroyed with all its events.
development = pulumi.Config().get_bool("development") or False

company_bus = aws.cloudwatch.EventBus(
    "company",
    description="All the company's domain events",
    # PutEvents to a bus that is gone reports success: nobody would notice that it was deleted.
    opts=pulumi.ResourceOptions(protect=not development),
)

layer = DomainPythonLayer("account-domain", DomainPythonLayerArgs(source_dir=str(here / "account_domain")))

accounts = CpEventSource(
    "accounts",
    CpEventSourceArgs(
        cp_domain_name="Account",
        cp_domain_logic_layer=layer.arn,
        cp_event_bus=company_bus.name,
        development=development,
    ),
)

pulumi.export("event_bus_name", accounts.event_bus_name)
pulumi.export("event_bus_arn", accounts.event_bus_arn)
pulumi.export("domain_table_name", accounts.domain_table_name)
pulumi.export("domain_table_arn", accounts.domain_table_arn)
pulumi.export("domain_table_stream_arn", accounts.domain_table_stream_arn)
pulumi.export("domain_events_table_name", accounts.domain_events_table_name)
pulumi.export("domain_events_table_arn", accounts.domain_events_table_arn)
