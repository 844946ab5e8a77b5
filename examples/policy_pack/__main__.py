"""A policy pack: each control of the compliance page is a policy on the pipelines of a stack.

`cp_event_source.policies` has the policies. This program hands them to Pulumi, under the names and with the reasons of
the compliance page. What a default deployment satisfies is mandatory; what needs an input is disabled until you turn it
on.
"""

from pulumi_policy import (
    EnforcementLevel,
    PolicyConfigSchema,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from cp_event_source.pages.compliance import CONTROLS, Control, Default
from cp_event_source.policies import (
    POLICIES,
    EachPolicy,
    Finding,
    NotKnown,
    PipelinePolicy,
    Policy,
    Resource,
    findings_in,
)


def in_pulumi(control: Control) -> ResourceValidationPolicy | StackValidationPolicy:
    """A control's policy, as Pulumi's."""
    policy = POLICIES[control.key]
    described = {
        "name": control.key,
        "description": f"{control.asks}. {control.why}",
        "enforcement_level": (
            EnforcementLevel.MANDATORY if isinstance(control.status, Default) else EnforcementLevel.DISABLED
        ),
        "remediation_steps": control.property,
    }
    if isinstance(policy, EachPolicy):
        return ResourceValidationPolicy(validate=on_each(policy), **described)
    schema = PolicyConfigSchema(properties=dict(policy.settings)) if policy.settings else None
    return StackValidationPolicy(validate=on_the_stack(policy), config_schema=schema, **described)


def on_each(policy: EachPolicy):
    """Pulumi calls it before it creates or changes a resource."""

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        resource = Resource(
            type=args.resource_type,
            name=args.name,
            urn=args.urn,
            parent=args.opts.parent or "",
            protect=args.opts.protect,
            properties=args.props,
        )
        for finding in found(policy, [resource], args):
            report(finding.message, None)

    return validate


def on_the_stack(policy: PipelinePolicy):
    """Pulumi calls it with all resources, after the last one."""

    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        resources = [
            Resource(
                type=each.resource_type,
                name=each.name,
                urn=each.urn,
                parent=each.parent.urn if each.parent else "",
                protect=each.opts.protect,
                properties=each.props,
            )
            for each in args.resources
        ]
        for finding in found(policy, resources, args):
            report(finding.message, finding.resource.urn)

    return validate


def found(
    policy: Policy, resources: list[Resource], args: ResourceValidationArgs | StackValidationArgs
) -> list[Finding]:
    """What a policy finds. At preview many values are unknown: what needs them is decided during the update."""
    try:
        return findings_in(policy, resources, args.get_config())
    except (NotKnown, UnknownValueError):
        args.not_applicable("it needs values that are known during the update only")
        return []


PolicyPack("cp-event-source", policies=[in_pulumi(control) for control in CONTROLS if control.key in POLICIES])
