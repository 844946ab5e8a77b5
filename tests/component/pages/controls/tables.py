"""Checks of the tables' controls."""

from collections.abc import Mapping

import pulumi_aws as aws

from ...deployment import Registration
from ...removals import Removal, put, unprotected, unset
from .check import Check, kept, other_key


def taggable(resource: Registration) -> bool:
    """Whether pulumi-aws gives the resource tags."""
    _, module, _ = resource.type.split(":")
    python_module = getattr(aws, {"lambda": "lambda_"}.get(module.partition("/")[0], module.partition("/")[0]))
    return hasattr(getattr(python_module, resource.type.rpartition(":")[2]), "tags")


CHECKS: Mapping[str, Check] = {
    "on-demand-capacity": Check(
        kept("on-demand-capacity"),
        (
            Removal("provisioned", "Table", put("PROVISIONED", "billingMode")),
            Removal("by default provisioned", "Table", unset("billingMode")),
        ),
    ),
    "point-in-time-recovery": Check(
        kept("point-in-time-recovery"),
        (
            Removal("without", "Table", unset("pointInTimeRecovery")),
            Removal("off", "Table", put(False, "pointInTimeRecovery", "enabled")),
        ),
    ),
    "deletion-protection": Check(
        kept("deletion-protection"),
        (
            Removal("without", "Table", unset("deletionProtectionEnabled")),
            Removal("off", "Table", put(False, "deletionProtectionEnabled")),
            Removal("not protected by Pulumi", "Table", unprotected),
        ),
    ),
    "tables-encrypted": Check(
        kept("tables-encrypted"),
        (
            *other_key("Table"),
            Removal("not encrypted so", "Table", unset("serverSideEncryption")),
            Removal("off", "Table", put(False, "serverSideEncryption", "enabled")),
        ),
    ),
    "tags": Check(
        kept("tags"),
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
