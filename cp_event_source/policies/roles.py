"""Policies on the functions' roles and on the policies that others attach."""

from collections.abc import Iterator, Mapping
from typing import Final

from .documents import Request, actions, allows, principals, resources, statements_in
from .policy import EachPolicy, PipelinePolicy, shown
from .resource import Pipeline, Resource

_WITHOUT_RESOURCES: Final = {
    "cloudwatch:DescribeAlarms",  # it lists them
    "cloudwatch:GetMetricData",
    "dynamodb:ListStreams",
    "ec2:AssignPrivateIpAddresses",  # of functions in a VPC: Lambda asks for the right to any id
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
    "lambda:GetLayerVersion",  # versions that are still to be deployed
    "lambda:ListEventSourceMappings",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
"""Actions that take no single resource here."""

CALLS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "handler.persist_function.handle": {
        "DOMAIN_EVENTS_TABLE": ("dynamodb:PutItem",),
        "INGEST_DEAD_LETTER_QUEUE_URL": ("sqs:SendMessage",),
    },
    "handler.project_function.handle": {
        "DOMAIN_EVENTS_TABLE": ("dynamodb:Query",),
        "DOMAIN_TABLE": ("dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem"),
        "DOMAIN_SNAPSHOTS_TABLE": ("dynamodb:GetItem", "dynamodb:PutItem"),
        "PARKED_QUEUE_URL": ("sqs:SendMessage",),
    },
}
"""What each function, by its handler, does with the tables and queues that the component puts in its environment.

The component gives no rights for variables of the user's own, however they are called.
"""


def _actions_are_named(policy: Resource) -> Iterator[str]:
    for statement in statements_in(policy.known("policy")):
        if "NotAction" in statement or any("*" in each for each in actions(statement)):
            yield f"policy must name each action; found {shown(statement.get('Action', 'NotAction'))}"


def _resources_are_named(pipeline: Pipeline) -> Iterator[tuple[Resource, str]]:
    later = {f"{each}:*" for each in pipeline.by_arn("LogGroup")}  # a log group's streams
    # All indexes of the domain table, which the program may change, and of no other table.
    domain_table = f"{pipeline.component.name}-domain"
    later |= {f"{arn}/index/*" for arn, each in pipeline.by_arn("Table").items() if each.name == domain_table}
    for policy in (*pipeline.all_of("RolePolicy"), *pipeline.all_of("Policy")):
        for statement in statements_in(policy.known("policy")):
            if statement["Effect"] == "Deny":
                continue
            if "NotResource" in statement:
                yield policy, "policy must name each resource; found NotResource"
            elif not set(actions(statement)) <= _WITHOUT_RESOURCES:
                wild = {each for each in resources(statement) if "*" in each} - later
                if wild:
                    yield policy, f"policy must name each resource; found {', '.join(sorted(wild))}"


def _has_no_other_policies(pipeline: Pipeline) -> Iterator[tuple[Resource, str]]:
    for kind in ("RolePolicyAttachment", "PolicyAttachment", "RolePolicyAttachmentsExclusive"):
        for attachment in pipeline.all_of(kind):
            yield attachment, "must not exist: roles have policies of their own only"
    for role in pipeline.all_of("Role"):
        # The provider reports what a role has as outputs: its own policy, and no managed one.
        if role.get("managedPolicyArns"):
            yield role, f"managedPolicyArns must be empty; found {shown(list(role.get('managedPolicyArns')))}"


def _for_lambda_alone(role: Resource) -> Iterator[str]:
    for statement in statements_in(role.known("assumeRolePolicy")):
        about = (statement.get("Principal"), statement.get("Action"))
        if about != ({"Service": "lambda.amazonaws.com"}, "sts:AssumeRole"):
            yield f"assumeRolePolicy must let in lambda.amazonaws.com alone; found {', '.join(principals(statement))}"


def _suffice(pipeline: Pipeline) -> Iterator[tuple[Resource, str]]:
    """For all that a function's environment, mapping and logging name."""
    named = {each.known("url"): arn for arn, each in pipeline.by_arn("Queue").items()}
    named |= {each.known("name"): arn for arn, each in pipeline.by_arn("Table").items()}
    groups = {each.known("name"): arn for arn, each in pipeline.by_arn("LogGroup").items()}
    for function in pipeline.all_of("Function"):
        policy = pipeline.role_policy(function)
        variables: Mapping[str, str] = function.get("environment", "variables") or {}
        key = function.get("kmsKeyArn") or "*"
        needed = [("kms:Decrypt", key), ("kms:GenerateDataKey", key)]
        handler = function.get("handler")
        if handler not in CALLS:  # another function, or one that a transform wraps
            yield function, f"handler must be {' or '.join(CALLS)}, whose calls are known; found {shown(handler)}"
        for name, calls in CALLS.get(handler, {}).items():
            if name in variables:
                needed += [(call, named.get(variables[name], variables[name])) for call in calls]
            else:
                yield function, f"environment.variables.{name} must be given; found nothing"
        for mapping in pipeline.mappings_of(function):
            source = mapping.known("eventSourceArn")
            if "/stream/" in source:
                reads = ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator")
                needed.append(("dynamodb:ListStreams", "*"))
            else:
                reads = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
            needed += [(each, source) for each in reads]
            failed = mapping.get("destinationConfig", "onFailure", "destinationArn")
            needed += [("sqs:SendMessage", failed)] if failed else []
        group = groups.get(function.get("loggingConfig", "logGroup"))
        if group:
            needed += [(f"logs:{each}", f"{group}:log-stream:today") for each in ("CreateLogStream", "PutLogEvents")]
        for action, resource in needed:
            if not allows(policy, Request(action, resource)):
                yield function, f"its role must allow {action} on {resource}"


POLICIES: Final = (
    EachPolicy("no-wildcard-actions", ("RolePolicy", "Policy"), _actions_are_named),
    PipelinePolicy("no-wildcard-resources", _resources_are_named),
    PipelinePolicy("no-managed-policies", _has_no_other_policies),
    EachPolicy("roles-for-lambda-only", ("Role",), _for_lambda_alone),
    PipelinePolicy("roles-suffice", _suffice),
)
