"""Checks of the tables' controls."""

from collections.abc import Mapping

import pulumi_aws as aws

from ...deployment import Deployment, Registration
from ...removals import Removal, put, unprotected, unset
from .check import ENCRYPTED, Check, both, each_has, encrypted, other_key, protected


def taggable(resource: Registration) -> bool:
    """Whether pulumi-aws gives the resource tags."""
    _, module, _ = resource.type.split(":")
    python_module = getattr(aws, {"lambda": "lambda_"}.get(module.partition("/")[0], module.partition("/")[0]))
    return hasattr(getattr(python_module, resource.type.rpartition(":")[2]), "tags")


def tagged(deployment: Deployment) -> None:
    for each in deployment.children():
        if taggable(each):
            tags = each.inputs.get("tags", {})
            assert tags.keys() >= {"cp-event-source:component", "cp-event-source:domain"}, each.name


CHECKS: Mapping[str, Check] = {
    "on-demand-capacity": Check(
        each_has("Table", "PAY_PER_REQUEST", "billingMode"),
        (
            Removal("provisioned", "Table", put("PROVISIONED", "billingMode")),
            Removal("by default provisioned", "Table", unset("billingMode")),
        ),
    ),
    "point-in-time-recovery": Check(
        each_has("Table", True, "pointInTimeRecovery", "enabled"),
        (
            Removal("without", "Table", unset("pointInTimeRecovery")),
            Removal("off", "Table", put(False, "pointInTimeRecovery", "enabled")),
        ),
    ),
    "deletion-protection": Check(
        both(each_has("Table", True, "deletionProtectionEnabled"), protected("Table")),
        (
            Removal("without", "Table", unset("deletionProtectionEnabled")),
            Removal("off", "Table", put(False, "deletionProtectionEnabled")),
            Removal("not protected by Pulumi", "Table", unprotected),
        ),
    ),
    "tables-encrypted": Check(
        both(encrypted("Table", *ENCRYPTED["Table"]), each_has("Table", True, "serverSideEncryption", "enabled")),
        (
            *other_key("Table"),
            Removal("not encrypted so", "Table", unset("serverSideEncryption")),
            Removal("off", "Table", put(False, "serverSideEncryption", "enabled")),
        ),
    ),
    "tags": Check(
        tagged,
        tuple(
            Removal(what, type_, change)
            for type_ in (
                *("EventBus", "EventRule", "EventSourceMapping", "Function", "Key", "LogGroup", "MetricAlarm"),
                *("Policy", "Queue", "Role", "Table", "Topic"),
            )
            for what, change in (("without", unset("tags")), ("of no domain", unset("tags", "cp-event-source:domain")))
        ),
    ),
}
