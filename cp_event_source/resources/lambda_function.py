"""A Lambda function with all that belongs to it: log group, role, code, and what invokes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from ..inputs.arguments import Settings
from ..inputs.functions import FunctionSettings
from . import arns, code_archive
from .policy_documents import Statement, allow, document
from .scope import Scope, with_own

_MAX_DESCRIPTION_CHARACTERS = 256


@dataclass(frozen=True)
class Description:
    """What distinguishes a function from others."""

    name: str
    """The names of its resources end with it, or have it before `-logs` or `-role`."""
    purpose: str
    """One line for people; cut at Lambda's limit."""
    handler: str
    """Module and function in the code archive."""
    memory_mb: pulumi.Output[int]
    timeout_seconds: int
    reserved_concurrency: pulumi.Input[int] | None
    environment: Mapping[str, pulumi.Input[str]]
    rights: Sequence[Statement]
    """What its role may do, besides using the key, logging and tracing.

    No wildcard stands for an action. One stands for a resource only where AWS knows no other: `dynamodb:ListStreams`.
    """
    event_source: Mapping[str, Any]
    """What invokes it: properties of its event source mapping."""
    layers: list[pulumi.Input[str]] | None = None


@dataclass(frozen=True)
class LambdaFunction:
    """A function, and the policy of its role: without the policy the role may do nothing, so depend on both."""

    function: aws.lambda_.Function
    role_policy: aws.iam.RolePolicy


def create_lambda_function(
    scope: Scope, settings: Settings, description: Description, *, key_arn: pulumi.Output[str]
) -> LambdaFunction:
    """The function that a description asks for. The key encrypts its environment and its logs."""
    logs = _log_group(scope, f"{description.name}-logs", settings.functions.log_retention_days, key_arn)
    how = settings.functions
    rights = [*description.rights, *_rights_of_any_function(logs, key_arn)]
    if how.subnet_ids is not None:
        rights += _rights_in_a_vpc(logs.arn)
    role, role_policy = _role(scope, f"{description.name}-role", rights)
    signed = how.signed_code
    function = aws.lambda_.Function(
        scope.child(description.name),
        region=scope.region,
        description=description.purpose[:_MAX_DESCRIPTION_CHARACTERS],
        runtime="python3.14",
        # Cheaper than x86_64; the code is pure Python.
        architectures=["arm64"],
        handler=description.handler,
        code=None if signed is not None else code_archive.archive(),
        s3_bucket=signed["s3_bucket"] if signed is not None else None,
        s3_key=signed["s3_key"] if signed is not None else None,
        s3_object_version=signed["s3_object_version"] if signed is not None else None,
        code_signing_config_arn=signed["code_signing_config_arn"] if signed is not None else None,
        layers=_layers(how.layers, description.layers),
        memory_size=description.memory_mb,
        timeout=description.timeout_seconds,
        reserved_concurrent_executions=description.reserved_concurrency,
        role=role.arn,
        kms_key_arn=key_arn,
        environment=aws.lambda_.FunctionEnvironmentArgs(
            variables=with_own(how.environment, {**description.environment, "LOG_LEVEL": how.log_level})
        ),
        vpc_config=_vpc(how),
        logging_config=aws.lambda_.FunctionLoggingConfigArgs(
            log_format="JSON", log_group=logs.name, system_log_level=how.system_log_level
        ),
        tracing_config=aws.lambda_.FunctionTracingConfigArgs(mode=how.tracing),
        tags=scope.tags,
        opts=scope.options(depends_on=[role_policy]),
    )
    aws.lambda_.EventSourceMapping(
        scope.child(description.name),
        region=scope.region,
        function_name=function.arn,
        function_response_types=["ReportBatchItemFailures"],
        maximum_batching_window_in_seconds=how.batching_window_seconds,
        tags=scope.tags,
        # Lambda refuses the mapping while the role may not read its source.
        opts=scope.options(depends_on=[role_policy]),
        **description.event_source,
    )
    return LambdaFunction(function, role_policy)


def _layers(
    given: pulumi.Output[list[str]] | None, own: list[pulumi.Input[str]] | None
) -> pulumi.Input[list[str]] | list[pulumi.Input[str]] | None:
    """The layers given, and then the function's own: of two files of the same name, that of the last layer counts."""
    if given is None:
        return own
    return pulumi.Output.all(given, own or []).apply(lambda known: [*known[0], *known[1]])


def _vpc(settings: FunctionSettings) -> aws.lambda_.FunctionVpcConfigArgs | None:
    if settings.subnet_ids is None or settings.security_group_ids is None:
        return None
    return aws.lambda_.FunctionVpcConfigArgs(
        subnet_ids=settings.subnet_ids, security_group_ids=settings.security_group_ids
    )


def _log_group(
    scope: Scope, suffix: str, retention_days: pulumi.Input[int], key_arn: pulumi.Output[str]
) -> aws.cloudwatch.LogGroup:
    """A function's log group. The one that Lambda itself would make keeps its logs forever.

    It is protected: the logs are the only record of what was done to an event and when, and a function whose log group
    is gone continues without logs, since its role may not create one.
    """
    return aws.cloudwatch.LogGroup(
        scope.child(suffix),
        region=scope.region,
        kms_key_id=key_arn,
        retention_in_days=retention_days,
        tags=scope.tags,
        opts=scope.options(protect=scope.keep),
    )


def _role(scope: Scope, suffix: str, rights: list[Statement]) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
    role = aws.iam.Role(
        scope.child(suffix),
        assume_role_policy=document(
            [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "lambda.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ]
        ),
        permissions_boundary=scope.permissions_boundary,
        tags=scope.tags,
        opts=scope.options(),
    )
    policy = aws.iam.RolePolicy(scope.child(suffix), role=role.name, policy=document(rights), opts=scope.options())
    return role, policy


def _rights_of_any_function(logs: aws.cloudwatch.LogGroup, key_arn: pulumi.Output[str]) -> list[Statement]:
    return [
        # To read tables, streams, queues and the function's own environment, and to write to queues.
        allow("UseKey", ["kms:Decrypt", "kms:GenerateDataKey"], key_arn),
        # A log group's streams get their names at run time.
        allow("Log", ["logs:CreateLogStream", "logs:PutLogEvents"], pulumi.Output.concat(logs.arn, ":*")),
        # X-Ray has no resources to name.
        allow("Trace", ["xray:PutTelemetryRecords", "xray:PutTraceSegments"], "*"),
    ]


_INTERFACE_ACTIONS = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:UnassignPrivateIpAddresses",
]
_LOOK_AT_INTERFACES = ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"]


def _rights_in_a_vpc(beside: pulumi.Output[str]) -> list[Statement]:
    """Lambda makes a function's network interfaces with the function's role, and before the function: so the role must
    allow it. The function's own code, whose calls have `lambda:SourceFunctionArn`, may not
    (https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html).

    Args:
        beside: the ARN of a resource in the account and region deployed to.
    """
    return [
        # Lambda asks for the right to any id: a narrower one fails.
        allow("KeepInterfaces", _INTERFACE_ACTIONS, beside.apply(arns.network_interfaces_beside)),
        # These actions take no resource but `*`.
        allow("FindInterfaces", _LOOK_AT_INTERFACES, "*"),
        {
            "Sid": "NotFromCode",
            "Effect": "Deny",
            "Action": [*_INTERFACE_ACTIONS, *_LOOK_AT_INTERFACES],
            "Resource": "*",
            "Condition": {"Null": {"lambda:SourceFunctionArn": "false"}},
        },
    ]
