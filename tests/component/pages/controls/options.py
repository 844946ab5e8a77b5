"""Checks of the controls that an input asks for."""

from collections.abc import Mapping
from dataclasses import replace

from cp_event_source.policies.documents import Request, allows, denies, statements_in
from cp_event_source.policies.policy import ENCRYPTED

from ...deployment import PARTITION, Deployment, arn
from ...removals import Removal, dropped, no_statement, other_statement, put, unset
from .check import (
    OTHER_ACCOUNT,
    OTHER_ROOT,
    ROOT,
    Check,
    all_of,
    each_has,
    encrypted,
    kept,
    key_of,
    other_key,
    some_of,
)

GIVEN_KEY = arn("kms", "key/0b1f6a9e-1a2b-4c3d-8e9f-0123456789ab")
GIVEN_TOPIC = arn("sns", "all-alarms")
SIGNED_CODE = {
    "code_signing_config_arn": arn("lambda", "code-signing-config:csc-0123456789abcdef0"),
    "s3_bucket": "signed-code",
    "s3_key": "handler.zip",
    "s3_object_version": "3HL4kqtJvjVBH40Nrjfkd",
}
VPC = {"subnet_ids": ["subnet-0a", "subnet-0b"], "security_group_ids": ["sg-0a"]}
BOUNDARY = f"arn:{PARTITION}:iam::{OTHER_ACCOUNT}:policy/boundary"
PUBLISHERS = [OTHER_ACCOUNT, f"arn:{PARTITION}:iam::{OTHER_ACCOUNT}:role/producer"]


def code_is_signed(deployment: Deployment) -> None:
    each_has("Function", SIGNED_CODE["code_signing_config_arn"], "codeSigningConfigArn")(deployment)
    for name, of in {"s3Bucket": "s3_bucket", "s3Key": "s3_key", "s3ObjectVersion": "s3_object_version"}.items():
        each_has("Function", SIGNED_CODE[of], name)(deployment)
    each_has("Function", {}, "code")(deployment)


def given_key_is_used(deployment: Deployment) -> None:
    assert key_of(deployment) == GIVEN_KEY
    assert not all_of(deployment, "Key")
    for type_, path in ENCRYPTED.items():
        encrypted(type_, *path)(deployment)


def given_topic_is_notified(deployment: Deployment) -> None:
    assert not all_of(deployment, "Topic")
    each_has("MetricAlarm", [GIVEN_TOPIC], "alarmActions")(deployment)


def functions_run_in_a_vpc(deployment: Deployment) -> None:
    """And their roles, but not their code, may make what connects them with it."""
    each_has("Function", VPC["subnet_ids"], "vpcConfig", "subnetIds")(deployment)
    each_has("Function", VPC["security_group_ids"], "vpcConfig", "securityGroupIds")(deployment)
    interfaces = arn("ec2", "network-interface/eni-0a")
    for policy in some_of(deployment, "RolePolicy"):
        document = statements_in(policy.inputs["policy"])
        for action in ("CreateNetworkInterface", "DeleteNetworkInterface", "DescribeNetworkInterfaces"):
            lambdas = Request(f"ec2:{action}", interfaces)
            assert allows(document, lambdas), policy.name
            codes = replace(lambdas, context={"lambda:SourceFunctionArn": arn("lambda", "function:files")})
            assert denies(document, codes), policy.name


CHECKS: Mapping[str, Check] = {
    "reserved-concurrency": Check(
        each_has("Function", lambda found: found in (3, 5), "reservedConcurrentExecutions"),
        (Removal("without", "Function", unset("reservedConcurrentExecutions")),),
        inputs={"functions": {"persist_reserved_concurrency": 3, "project_reserved_concurrency": 5}},
    ),
    "signed-code": Check(
        code_is_signed,
        (
            Removal("unchecked", "Function", unset("codeSigningConfigArn")),
            Removal("whatever lies there", "Function", unset("s3ObjectVersion")),
        ),
        inputs={"functions": {"signed_code": SIGNED_CODE}},
    ),
    "backup-plan": Check(
        each_has("Table", "daily", "tags", "backup"),
        (Removal("without the tag", "Table", unset("tags", "backup")),),
        inputs={"tags": {"backup": "daily"}},
    ),
    "given-key": Check(
        given_key_is_used,
        tuple(removal for type_ in ENCRYPTED for removal in other_key(type_)),
        inputs={"kms_key_arn": GIVEN_KEY},
    ),
    "named-publishers": Check(
        kept("bus-policy", publishers=PUBLISHERS),
        (
            Removal("without", "EventBusPolicy", dropped),
            Removal("open", "EventBusPolicy", other_statement("Publish", Principal="*")),
            Removal("one alone", "EventBusPolicy", other_statement("Publish", Principal={"AWS": [ROOT, OTHER_ROOT]})),
        ),
        inputs={"publishers": PUBLISHERS},
    ),
    "given-topic": Check(
        given_topic_is_notified,
        (Removal("another", "MetricAlarm", put([arn("sns", "another")], "alarmActions")),),
        inputs={"monitoring": {"alarm_topic_arn": GIVEN_TOPIC}},
    ),
    "vpc": Check(
        functions_run_in_a_vpc,
        (
            Removal("in none", "Function", unset("vpcConfig")),
            Removal("for the code, too", "RolePolicy", no_statement("NotFromCode")),
            Removal("without the right", "RolePolicy", no_statement("KeepInterfaces")),
        ),
        inputs={"functions": VPC},
    ),
    "permissions-boundary": Check(
        each_has("Role", BOUNDARY, "permissionsBoundary"),
        (Removal("unbounded", "Role", unset("permissionsBoundary")),),
        inputs={"permissions_boundary": BOUNDARY},
    ),
}
