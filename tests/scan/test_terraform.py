"""Guarantee: every registered resource is written completely in Terraform's language."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pulumi
import pytest

from tests.component.deployment import Deployment, deployed_with
from tests.component.pages.controls import CHECKS
from tests.scan.terraform import MAPS, render, terraform_type


@pytest.fixture(scope="module")
def deployment() -> Deployment:
    """A deployment with all options."""
    options = ("signed-code", "reserved-concurrency", "backup-plan", "named-publishers")
    inputs = {name: value for key in options for name, value in CHECKS[key].inputs.items()}
    return deployed_with(**inputs)


def test_the_output_has_exactly_the_registered_resources_and_values(deployment: Deployment) -> None:
    for each in deployment.children():
        text = render([each])
        assert text.startswith(f'resource "{terraform_type(each.type)}" "{each.name}" {{\n')
        written = [json.loads(value) for value in re.findall(r" = (.*)$", text, re.MULTILINE)]
        assert sorted(map(as_text, written)) == sorted(map(as_text, values(each.inputs))), text
    assert render(deployment.children()).count('resource "') == len(deployment.children())


def values(given: Any, name: str = "") -> Iterator[Any]:
    """The values in a resource's properties, at any depth."""
    if isinstance(given, dict) and name not in MAPS:
        for key, each in given.items():
            yield from values(each, key)
    elif isinstance(given, list) and given and isinstance(given[0], dict):
        for each in given:
            yield from values(each)
    else:
        yield "code.zip" if isinstance(given, pulumi.Archive) else given


def as_text(value: Any) -> str:
    return json.dumps(int(value) if isinstance(value, float) and value.is_integer() else value, sort_keys=True)


@pytest.mark.parametrize(
    ("token", "name"),
    [
        ("aws:cloudwatch/eventBusPolicy:EventBusPolicy", "aws_cloudwatch_event_bus_policy"),
        ("aws:dynamodb/table:Table", "aws_dynamodb_table"),
        ("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", "aws_lambda_function_event_invoke_config"),
        ("aws:sqs/queue:Queue", "aws_sqs_queue"),
    ],
)
def test_a_type_gets_terraforms_name(token: str, name: str) -> None:
    assert terraform_type(token) == name


def test_values_have_terraforms_form(deployment: Deployment) -> None:
    (queue,) = [each for each in deployment.children() if each.name == "files-parked" and each.type.endswith(":Queue")]
    text = render([replace(queue, inputs={"maxMessageSize": 1048576.0, "name": "${env}%{if}", "fifoQueue": False})])
    assert text.splitlines()[1:-1] == [
        "  fifo_queue = false",
        "  max_message_size = 1048576",
        '  name = "$${env}%%{if}"',
    ]


@pytest.mark.parametrize("value", [{"enabled": True}, [{"enabled": True}]])
def test_an_unknown_block_is_refused(deployment: Deployment, value: Any) -> None:
    (table, *_) = [each for each in deployment.children() if each.type.endswith(":Table")]
    with pytest.raises(ValueError, match="aws:dynamodb/table:Table: replicas holds other properties"):
        render([replace(table, inputs={"replicas": value})])


@pytest.mark.parametrize("token", ["pulumi:providers:aws", "aws-native:sqs:Queue"])
def test_a_type_of_another_provider_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match=f"{token}: not a type of pulumi-aws"):
        terraform_type(token)
