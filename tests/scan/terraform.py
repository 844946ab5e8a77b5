"""Writes registered resources in Terraform's language, which scanners read.

pulumi-aws is generated from Terraform's provider. Types and properties have the same names in another spelling, and
repeated blocks have plural names. The output is complete; otherwise this module raises an error.
"""

import json
import re
from collections.abc import Iterable
from typing import Any

import pulumi

from tests.component.deployment import Registration

BLOCKS = {
    "attributes": "attribute",
    "deadLetterConfig": "dead_letter_config",
    "destinationConfig": "destination_config",
    "environment": "environment",
    "filterCriteria": "filter_criteria",
    "filters": "filter",
    "globalSecondaryIndexes": "global_secondary_index",
    "keySchemas": "key_schema",
    "loggingConfig": "logging_config",
    "metric": "metric",
    "metricQueries": "metric_query",
    "onFailure": "on_failure",
    "onSuccess": "on_success",
    "pointInTimeRecovery": "point_in_time_recovery",
    "retryPolicy": "retry_policy",
    "scalingConfig": "scaling_config",
    "serverSideEncryption": "server_side_encryption",
    "tracingConfig": "tracing_config",
    "vpcConfig": "vpc_config",
}
"""Properties that hold other properties, and Terraform's name of the block."""

MAPS = frozenset({"dimensions", "tags", "variables"})
"""Properties whose keys are names that the user chooses."""

RENAMED = {
    ("Permission", "function"): "function_name",
    ("Function", "code"): "filename",
    ("LayerVersion", "code"): "filename",
}
"""Properties that have another name in Terraform, by the resource's type."""


def render(resources: Iterable[Registration]) -> str:
    """The resources as a Terraform configuration.

    Raises:
        ValueError: this module does not know a type or property.
    """
    return "\n".join(
        f'resource "{terraform_type(each.type)}" "{each.name}" {{\n{_body(each.type, each.inputs, "  ")}}}\n'
        for each in resources
    )


def terraform_type(token: str) -> str:
    """Terraform's name for a type of pulumi-aws.

    >>> terraform_type("aws:cloudwatch/eventBusPolicy:EventBusPolicy")
    'aws_cloudwatch_event_bus_policy'
    """
    parts = re.fullmatch(r"aws:(\w+)/(\w+):\w+", token)
    if parts is None:
        raise ValueError(f"{token}: not a type of pulumi-aws")
    return f"aws_{parts[1]}_{_snake(parts[2])}"


def _body(token: str, properties: dict[str, Any], indent: str) -> str:
    return "".join(_property(token, name, value, indent) for name, value in sorted(properties.items()))


def _property(token: str, name: str, value: Any, indent: str) -> str:
    if name in BLOCKS:
        blocks = value if isinstance(value, list) else [value]
        return "".join(f"{indent}{BLOCKS[name]} {{\n{_body(token, each, indent + '  ')}{indent}}}\n" for each in blocks)
    if _holds_others(value) and name not in MAPS:
        raise ValueError(f"{token}: {name} holds other properties; add it to BLOCKS or MAPS")
    terraform_name = RENAMED.get((token.rpartition(":")[2], name), _snake(name))
    return f"{indent}{terraform_name} = {_value(value)}\n"


def _holds_others(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(each, dict) for each in value))


def _value(value: Any) -> str:
    if isinstance(value, pulumi.Archive):
        return '"code.zip"'
    if isinstance(value, float) and value.is_integer():  # over gRPC every number is a float
        return str(int(value))
    # In Terraform's strings, these characters begin an expression.
    return json.dumps(value).replace("${", "$${").replace("%{", "%%{")


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])[A-Z]", lambda capital: f"_{capital[0].lower()}", name)
