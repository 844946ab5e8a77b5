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

# For other stacks and for the operators' commands: the bus, the tables and their streams, the queues, the functions,
# and the policies to attach to the roles of producers, consumers, auditors and operators.
files.export_outputs()
