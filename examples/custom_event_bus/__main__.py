"""A pipeline on an event bus that the program already has. The component adds only rules to it, and no second bus."""

from pathlib import Path

import pulumi
import pulumi_aws as aws

from cp_event_source import CpEventSource, CpEventSourceArgs, DomainPythonLayer, DomainPythonLayerArgs

here = Path(__file__).parent

# With `pulumi config set development true` you can destroy the stack with all its events.
development = pulumi.Config().get_bool("development") or False

company_bus = aws.cloudwatch.EventBus(
    "company",
    description="All the company's domain events",
    # PutEvents reports success even if the bus does not exist. So nobody would notice that the bus was deleted.
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

accounts.export_outputs()
