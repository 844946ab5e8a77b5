"""The input `functions`: what an organisation asks of every Lambda function in it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NotRequired, TypedDict

import pulumi

from . import arn_patterns, checks
from .checks import has_text_keys
from .later import Later

MAX_LAYERS: Final = 4
"""A function takes five, and the domain logic is one of them."""

MAX_SUBNETS: Final = 16
MAX_SECURITY_GROUPS: Final = 5
"""Lambda's limits for the VPC of a function."""

OWN_VARIABLES: Final = frozenset(
    {
        "DOMAIN_EVENTS_TABLE",
        "DOMAIN_NAME",
        "DOMAIN_SNAPSHOTS_TABLE",
        "DOMAIN_TABLE",
        "DOMAIN_TABLE_INDEX_KEYS",
        "EVENTS_PER_SNAPSHOT",
        "EVENT_TIME_LIMIT_SECONDS",
        "INGEST_DEAD_LETTER_QUEUE_URL",
        "LOGIC_VERSION",
        "MAX_FUTURE_SKEW_SECONDS",
        "PARKED_QUEUE_URL",
    }
)
"""The variables that the component sets."""

RESERVED_VARIABLES: Final = frozenset(
    {
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
    }
)
"""The variables that Lambda sets itself and refuses
(https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html)."""

_VARIABLE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]+")
_SUBNET: Final = re.compile(r"subnet-[0-9a-f]+")
_SECURITY_GROUP: Final = re.compile(r"sg-[0-9a-f]+")


class FunctionsArgs(TypedDict):
    """What both functions get besides what the component gives them."""

    layers: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """ARNs of layer versions, at most 4, such as an agent for observability. Where two layers have a file of the same
    name, that of the later one counts; the layer with the domain logic is the last one."""

    environment: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Environment variables, by name. Not those that the component or Lambda sets."""

    subnet_ids: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """Ids of the subnets that the functions run in, at most 16. From there they must reach DynamoDB, SQS and, with
    tracing, X-Ray. Without them, the functions run in no VPC of yours."""

    security_group_ids: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """Ids of the functions' security groups, at most 5. Together with `subnet_ids`."""


@dataclass(frozen=True)
class FunctionSettings:
    """The checked input."""

    layers: pulumi.Output[list[str]] | None
    environment: Mapping[str, pulumi.Input[str]] | pulumi.Output[Mapping[str, str]]
    subnet_ids: pulumi.Output[list[str]] | None
    """None if the functions run in no VPC."""
    security_group_ids: pulumi.Output[list[str]] | None


def _variables(name: str, value: object) -> list[str]:
    problems = checks.texts(name, value)
    for variable in value if isinstance(value, Mapping) and has_text_keys(value) else ():
        if variable in OWN_VARIABLES:
            problems.append(f"{name}: {variable}: must be another name, since the component sets it; rename it")
        elif variable in RESERVED_VARIABLES:
            problems.append(f"{name}: {variable}: must be another name, since Lambda sets it; rename it")
        elif not _VARIABLE.fullmatch(variable):
            problems.append(
                f"{name}: {variable}: must be at least two ASCII letters, digits and _, the first of them a letter, "
                "as Lambda asks; rename it"
            )
    return problems


_FIELDS: Final[dict[str, checks.Check]] = {
    "layers": checks.each(
        checks.an_arn(
            arn_patterns.LAYER_VERSION,
            "the ARN of a Lambda layer version",
            "arn:aws:lambda:REGION:ACCOUNT:layer:NAME:VERSION",
        ),
        "layers",
        MAX_LAYERS,
    ),
    "environment": _variables,
    "subnet_ids": checks.each(checks.matching(_SUBNET, "the id of a subnet (subnet-...)"), "subnets", MAX_SUBNETS),
    "security_group_ids": checks.each(
        checks.matching(_SECURITY_GROUP, "the id of a security group (sg-...)"), "security groups", MAX_SECURITY_GROUPS
    ),
}


_ALL_OR_NONE: Final = frozenset({"subnet_ids", "security_group_ids"})


def functions(name: str, value: object) -> list[str]:
    """The check of the input. Which fields it has must be known, since a VPC needs further rights."""
    problems = checks.fields(_FIELDS, "what both functions get", optional=True)(name, value)
    given = {field for field in _ALL_OR_NONE if isinstance(value, Mapping) and value.get(field) is not None}
    if len(given) == 1:
        (field,) = given
        (other,) = _ALL_OR_NONE - given
        problems.append(f"{name}.{field}: must come with {other}; got it alone; give both or neither")
    return problems


def function_settings(name: str, given: FunctionsArgs) -> FunctionSettings:
    """The settings that a checked input describes."""
    later = Later({field: value for field, value in given.items() if value is not None}, _FIELDS, within=f"{name}.")
    return FunctionSettings(
        layers=later.if_given("layers"),
        environment=later.each_value("environment"),
        subnet_ids=later.if_given("subnet_ids"),
        security_group_ids=later.if_given("security_group_ids"),
    )
