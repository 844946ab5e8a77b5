"""A pipeline with enforced permissions: the grants of its roles, and users of its policies for other stacks."""

import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
from botocore.exceptions import ClientError

from cp_event_source.local import LocalRun, Stack
from cp_event_source.local.updates import Registered

Clients = Callable[[str], Any]
"""Makes an AWS client by its service's name."""


@dataclass(frozen=True, order=True)
class Grant:
    """One action that a function's role allows on one resource."""

    function: str
    """The suffix of the function's name."""
    sid: str
    action: str
    resource: str
    """The suffix of the resource's name, and then the part of the ARN after the resource, if any."""

    def __str__(self) -> str:
        return f"{self.function}-{self.sid}-{self.action}-{self.resource}"


class Deployed:
    """One pipeline whose functions run under their own roles."""

    def __init__(self, run: LocalRun, stack: Stack) -> None:
        self.run = run
        (self.pipeline,) = stack.pipelines
        self._resources = stack.resources
        self._iam = run.client("iam")
        self.refused_without_tls = self._lift_tls()
        self.neighbour = cache(self._neighbour)

    def grants(self, function: str) -> set[Grant]:
        """The grants of the function's role, as registered."""
        return set(self._statements(function))

    @contextmanager
    def without(self, grant: Grant) -> Iterator[None]:
        """Remove one grant from the function's role for a time."""
        statements = self._statements(grant.function)
        del statements[grant]
        role = self._of("aws:iam/rolePolicy:RolePolicy", f"{grant.function}-role").properties
        policy = {"RoleName": role["role"], "PolicyName": role["name"]}
        document = {"Version": "2012-10-17", "Statement": list(statements.values())}
        self._iam.put_role_policy(**policy, PolicyDocument=json.dumps(document))
        try:
            yield
        finally:
            self._iam.put_role_policy(**policy, PolicyDocument=role["policy"])

    def _neighbour(self, policy: str) -> Clients:
        """Clients of a user in the same account who has only one of the component's policies for other stacks."""
        user: Any = self.user(policy)
        session: Any = boto3.Session(**user, region_name=self._iam.meta.region_name)
        return cache(lambda service: session.client(service, endpoint_url=self.run.endpoint))

    def user(self, policy: str) -> dict[str, str]:
        """The credentials of a new user who has only this policy."""
        name = f"{policy}-{secrets.token_hex(4)}"
        self._iam.create_user(UserName=name)
        arn = self.pipeline.outputs[f"{policy}_policy_arn"]
        self._iam.attach_user_policy(UserName=name, PolicyArn=arn)
        renamed = [each for each in map(_as_the_emulator_names_it, self._policy(arn)) if each]
        if renamed:
            document = json.dumps({"Version": "2012-10-17", "Statement": renamed})
            self._iam.put_user_policy(UserName=name, PolicyName="renamed", PolicyDocument=document)
        key = self._iam.create_access_key(UserName=name)["AccessKey"]
        return {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}

    def _policy(self, arn: str) -> list[dict[str, Any]]:
        version = self._iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        document = self._iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
        statements: list[dict[str, Any]] = document["Statement"]
        return statements

    def errors(self, function: str, domain_id: str) -> list[str]:
        """The classes of the errors that the function logged about a domain object."""
        group = self._of("aws:cloudwatch/logGroup:LogGroup", f"{function}-logs").id
        pages = self.run.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
        messages = [event["message"] for page in pages for event in page["events"] if domain_id in event["message"]]
        lines = [json.loads(message) for message in messages if message.startswith("{")]
        return [line["error"] for line in lines if line.get("level") == "ERROR"]

    def _statements(self, function: str) -> dict[Grant, dict[str, Any]]:
        policy = self._of("aws:iam/rolePolicy:RolePolicy", f"{function}-role").properties["policy"]
        names = self._names()
        return {
            Grant(function, statement["Sid"], action, _name(resource, names)): {
                **{name: value for name, value in statement.items() if name != "Sid"},
                "Action": action,
                "Resource": resource,
            }
            for statement in json.loads(policy)["Statement"]
            for action in _listed(statement["Action"])
            for resource in _listed(statement["Resource"])
        }

    def _names(self) -> dict[str, str]:
        """The resources' suffixes by their ARNs."""
        # In reverse: other resources also have its ARN as an input named `arn`, and are registered after it.
        return {
            each.properties["arn"]: self._suffix(each) for each in reversed(self._resources) if "arn" in each.properties
        }

    def _of(self, type_token: str, suffix: str) -> Registered:
        (found,) = [each for each in self._resources if each.type == type_token and self._suffix(each) == suffix]
        return found

    def _suffix(self, resource: Registered) -> str:
        return resource.name.removeprefix(f"{self.pipeline.name}-")

    def _lift_tls(self) -> dict[str, bool]:
        """Allow plain HTTP for the queues, which their policies refuse: the emulator has no TLS.

        Returns:
            For each queue, by its suffix: True if it refused plain HTTP before.
        """
        policies = [each for each in self._resources if each.type == "aws:sqs/queuePolicy:QueuePolicy"]
        sqs = self.run.client("sqs")
        refused = {self._suffix(policy): _is_refused(sqs, policy.properties["queueUrl"]) for policy in policies}
        # The queues also refuse to set a policy without TLS, so this pretends to be a proxy that ends TLS.
        sqs.meta.events.register("before-sign.sqs", _say_it_came_by_tls)
        for policy in policies:
            statements = [each for each in json.loads(policy.properties["policy"])["Statement"] if not _is_tls(each)]
            document = json.dumps({"Version": "2012-10-17", "Statement": statements}) if statements else ""
            sqs.set_queue_attributes(QueueUrl=policy.properties["queueUrl"], Attributes={"Policy": document})
        sqs.meta.events.unregister("before-sign.sqs", _say_it_came_by_tls)
        return refused


_EMULATORS_NAMES = {
    "cloudwatch:DescribeAlarms": ["cloudwatch:DescribeAlarms"],
    "lambda:GetFunctionConcurrency": ["lambda:PutFunctionConcurrency"],
    "lambda:GetLayerVersion": ["lambda:ListLayers"],
    "sqs:ChangeMessageVisibility": ["sqs:ChangeMessageVisibilityBatch"],
    "sqs:DeleteMessage": ["sqs:DeleteMessageBatch"],
    "sqs:SendMessage": ["sqs:SendMessageBatch"],
}
"""The emulator takes the name of the call, or that of another call with the same address, for the name of the right,
and checks lists against `*`. AWS has one right for a call and its batch (SQS developer guide, "Amazon SQS API
permissions")."""


def _as_the_emulator_names_it(statement: Mapping[str, Any]) -> dict[str, Any] | None:
    """The same grant for calls whose rights the emulator calls otherwise; None if there is none."""
    actions = [each for action in _listed(statement["Action"]) for each in _EMULATORS_NAMES.get(action, [])]
    if not actions:
        return None
    is_list = actions[0] in {"cloudwatch:DescribeAlarms", "lambda:ListLayers"}
    resource = "*" if is_list else statement["Resource"]
    return {"Effect": "Allow", "Action": actions, "Resource": resource}


def _name(arn: str, names: Mapping[str, str]) -> str:
    """The suffix of an ARN's resource, and then the part of the ARN after the resource."""
    if arn == "*":
        return arn
    base = max((each for each in names if arn.startswith(each)), key=len)
    return names[base] + _without_time(arn.removeprefix(base))


def _without_time(rest: str) -> str:
    """Remove a stream's label: it is the time of its creation."""
    return "/stream" if rest.startswith("/stream/") else rest


def _listed(value: str | Sequence[str]) -> Sequence[str]:
    return [value] if isinstance(value, str) else value


def _is_tls(statement: Mapping[str, Any]) -> bool:
    return bool(statement["Effect"] == "Deny" and "aws:SecureTransport" in statement["Condition"].get("Bool", {}))


def _is_refused(sqs: Any, queue_url: str) -> bool:
    try:
        sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])
    except ClientError as error:
        return error.response["Error"]["Code"].startswith("AccessDenied")
    return False


def _say_it_came_by_tls(request: Any, **_: Any) -> None:
    request.headers["x-forwarded-proto"] = "https"
