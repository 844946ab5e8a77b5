"""The pipeline of the Item domain: its logic as a layer, the component, and the outputs that others need."""

from pathlib import Path

import pulumi
from cp_event_source import CpEventSource, CpEventSourceArgs, DomainPythonLayer, DomainPythonLayerArgs

here = Path(__file__).parent

layer = DomainPythonLayer("item-domain", DomainPythonLayerArgs(source_dir=str(here / "item_domain")))

pipeline = CpEventSource(
    "item",  # keep this name: for Pulumi, another name is another component with empty tables
    CpEventSourceArgs(
        cp_domain_name="Item",
        cp_domain_logic_layer=layer.arn,
        # With `pulumi config set development true` you can destroy the stack with all its events.
        development=pulumi.Config().get_bool("development") or False,
    ),
)

# For other stacks and for the operators' commands: the bus, the tables and their streams, the queues, the functions,
# and the policies to attach to the roles of producers, consumers, auditors and operators.
pipeline.export_outputs()
