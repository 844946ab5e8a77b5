"""Checks of the roles' and policies' controls."""

import json
from collections.abc import Mapping

from ...deployment import Deployment, arn, physical
from ...policies import Request, allows, principals, statements_in, values
from ...removals import Removal, further_statement, no_statement, other_statement, put
from .check import ANYBODY, ROOT, Check, all_of, arn_of, identity_policies, key_of, mappings_of, role_policy, some_of
from .options import GIVEN_KEY


def actions_are_named(deployment: Deployment) -> None:
    for name, statement in identity_policies(deployment):
        assert "NotAction" not in statement
        assert not [each for each in values(statement["Action"]) if "*" in each], name


def resources_are_named(deployment: Deployment) -> None:
    without_resources = {
        "cloudwatch:DescribeAlarms",  # it lists them
        "cloudwatch:GetMetricData",
        "dynamodb:ListStreams",
        "lambda:GetLayerVersion",  # versions that are still to be deployed
        "lambda:ListEventSourceMappings",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    }
    streams_of_logs = {f"{arn_of(each)}:*" for each in some_of(deployment, "LogGroup")}
    for name, statement in identity_policies(deployment):
        assert "NotResource" not in statement
        wild = {each for each in values(statement["Resource"]) if "*" in each}
        if not set(values(statement["Action"])) <= without_resources:
            assert wild <= streams_of_logs, f"{name}: {statement['Sid']}"


def no_policies_of_awss(deployment: Deployment) -> None:
    attachments = ("RolePolicyAttachment", "PolicyAttachment", "RolePolicyAttachmentsExclusive")
    assert [each.name for type_ in attachments for each in all_of(deployment, type_)] == []
    for role in some_of(deployment, "Role"):
        assert not role.inputs.keys() & {"managedPolicyArns", "inlinePolicies"}, role.name


def lambda_alone_assumes_roles(deployment: Deployment) -> None:
    for role in some_of(deployment, "Role"):
        statements = statements_in(role.inputs["assumeRolePolicy"])
        assert [principals(each) for each in statements] == [["lambda.amazonaws.com"]], role.name
        assert [each["Principal"].keys() for each in statements] == [{"Service"}], role.name
        assert [each["Action"] for each in statements] == ["sts:AssumeRole"], role.name


TABLE_CALLS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "files-persist": {"DOMAIN_EVENTS_TABLE": ("PutItem",)},
    "files-project": {
        "DOMAIN_EVENTS_TABLE": ("Query",),
        "DOMAIN_TABLE": ("BatchGetItem", "GetItem", "PutItem"),
        "DOMAIN_SNAPSHOTS_TABLE": ("GetItem", "PutItem"),
    },
}
"""What each function does with the tables in its environment."""


def roles_suffice(deployment: Deployment) -> None:
    """For all that a function's environment, mapping and logging name."""
    key = key_of(deployment)
    for function in some_of(deployment, "Function"):
        policy = role_policy(deployment, function)
        variables = function.inputs["environment"]["variables"]
        needed = [("kms:Decrypt", key), ("kms:GenerateDataKey", key)]
        needed += [
            ("sqs:SendMessage", arn("sqs", url.rpartition("/")[2]))
            for name, url in variables.items()
            if name.endswith("QUEUE_URL")
        ]
        needed += [
            (f"dynamodb:{action}", arn("dynamodb", f"table/{variables[name]}"))
            for name, actions in TABLE_CALLS[function.name].items()
            for action in actions
        ]
        for mapping in mappings_of(deployment, function):
            source = mapping.inputs["eventSourceArn"]
            if "/stream/" in source:
                reads = ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator")
                needed.append(("dynamodb:ListStreams", "*"))
            else:
                reads = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
            needed += [(each, source) for each in reads]
            failed = mapping.inputs.get("destinationConfig", {}).get("onFailure", {}).get("destinationArn")
            needed += [("sqs:SendMessage", failed)] if failed else []
        group = arn("logs", f"log-group:{function.inputs['loggingConfig']['logGroup']}")
        needed += [(f"logs:{each}", f"{group}:log-stream:today") for each in ("CreateLogStream", "PutLogEvents")]
        missing = [(action, resource) for action, resource in needed if not allows(policy, Request(action, resource))]
        assert missing == [], function.name


CHECKS: Mapping[str, Check] = {
    "no-wildcard-actions": Check(
        actions_are_named,
        tuple(
            Removal(f"{action} in", type_, further_statement(Sid="More", Action=action))
            for type_ in ("RolePolicy", "Policy")
            for action in ("*", "dynamodb:*", "sqs:Get*")
        ),
    ),
    "no-wildcard-resources": Check(
        resources_are_named,
        tuple(
            Removal(f"{resource} in", type_, further_statement(Sid="More", Action="kms:Decrypt", Resource=resource))
            for type_ in ("RolePolicy", "Policy")
            for resource in ("*", arn("kms", "key/*"), [GIVEN_KEY, arn("dynamodb", "table/files*")])
        ),
    ),
    "no-managed-policies": Check(
        no_policies_of_awss,
        tuple(
            Removal(f"with {name}", "Role", put([f"arn:aws:iam::aws:policy/{name}"], "managedPolicyArns"))
            for name in ("AdministratorAccess", "IAMFullAccess", "service-role/AWSLambdaBasicExecutionRole")
        ),
    ),
    "roles-for-lambda-only": Check(
        lambda_alone_assumes_roles,
        tuple(
            Removal(
                what,
                "Role",
                put(
                    json.dumps(
                        {
                            "Version": "2012-10-17",
                            "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}],
                        }
                    ),
                    "assumeRolePolicy",
                ),
            )
            for what, principal in {
                "anybody": "*",
                "any account": ANYBODY,
                "the account": {"AWS": ROOT},
                "another service too": {"Service": ["lambda.amazonaws.com", "ec2.amazonaws.com"]},
            }.items()
        ),
    ),
    "roles-suffice": Check(
        roles_suffice,
        (
            *(
                Removal(f"without {sid}", "RolePolicy", no_statement(sid))
                for sid in (
                    *("TakeEvents", "StoreEvents", "PutAside", "FollowEvents", "FindStreams", "ReadEvents", "KeepRows"),
                    *("KeepSnapshots", "Report", "UseKey", "Log"),
                )
            ),
            *(
                Removal(
                    f"no right to {queue}",
                    "RolePolicy",
                    other_statement("Report", Resource=arn("sqs", physical(other))),
                )
                for queue, other in {
                    "files-parked": "files-projection-dead-letter",
                    "files-projection-dead-letter": "files-parked",
                }.items()
            ),
            Removal("key for reading alone", "RolePolicy", other_statement("UseKey", Action="kms:Decrypt")),
        ),
    ),
}
