"""The File domain's pipeline for each tenant, by Pulumi's Automation API: a program that deploys, without a project.

    python examples/automation preview|up|destroy TENANT [TENANT ...]

Each tenant has a stack of its own. The tenants' names and what is deployed for them can come from anywhere: a table, a
request, a queue.
"""

import sys
from pathlib import Path

from pulumi import automation

from cp_event_source import CpEventSource, CpEventSourceArgs, DomainPythonLayer, DomainPythonLayerArgs

PROJECT = "cp-event-source-automation"
LOGIC = Path(__file__).resolve().parents[1] / "default" / "file_domain"


def pipeline(tenant: str) -> None:
    """The program of a tenant's stack."""
    layer = DomainPythonLayer("file-domain", DomainPythonLayerArgs(source_dir=str(LOGIC)))
    files = CpEventSource(
        "files",
        CpEventSourceArgs(cp_domain_name="File", cp_domain_logic_layer=layer.arn, tags={"tenant": tenant}),
    )
    files.export_outputs()


def stack_of(tenant: str) -> automation.Stack:
    """A tenant's stack, made if it is not there."""
    return automation.create_or_select_stack(tenant, project_name=PROJECT, program=lambda: pipeline(tenant))


def main(command: str, *tenants: str) -> None:
    for tenant in tenants:
        stack = stack_of(tenant)
        match command:
            case "preview":
                stack.preview(on_output=print)
            case "up":
                outputs = stack.up(on_output=print).outputs
                print(f"{tenant}: publish to {outputs['event_bus_name'].value}")
            case "destroy":
                stack.destroy(on_output=print)
            case _:
                sys.exit(f"the first argument must be preview, up or destroy; got {command!r}")


if __name__ == "__main__":
    main(*sys.argv[1:])
