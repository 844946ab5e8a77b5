"""The schema that a program in YAML is checked by has what AWS's package has, as far as the program needs it."""

import json
from pathlib import Path
from typing import Any

import pulumi_aws
import pytest

from cp_event_source.local.lookups import LOOKUPS
from cp_event_source.local.resources import CREATORS
from cp_event_source.local.runtimes.aws_schema import aws_schema


def schema(*texts: str) -> Any:
    return json.loads(aws_schema(texts))


def test_it_has_all_that_a_local_run_knows_with_its_properties() -> None:
    found = schema()

    assert found["resources"].keys() == CREATORS.keys()
    assert found["functions"].keys() == LOOKUPS.keys()
    bus = found["resources"]["aws:cloudwatch/eventBus:EventBus"]
    assert {"arn", "name", "kmsKeyIdentifier", "tagsAll"} <= bus["properties"].keys()
    assert bus["inputProperties"] == bus["properties"]
    caller = found["functions"]["aws:index/getCallerIdentity:getCallerIdentity"]
    assert caller["outputs"]["properties"].keys() == {"accountId", "arn", "id", "userId"}
    assert "region" in found["provider"]["inputProperties"]


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ("type: aws:sfn:Activity", "aws:sfn/activity:Activity"),
        ("type: aws:sfn/activity:Activity", "aws:sfn/activity:Activity"),
        ("type: aws:lambda:Alias", "aws:lambda/alias:Alias"),
        ("function: aws:getAvailabilityZones", "aws:index/getAvailabilityZones:getAvailabilityZones"),
        ("function: aws:sfn:getActivity", "aws:sfn/getActivity:getActivity"),
    ],
)
def test_it_has_what_a_program_names_beside_that(text: str, token: str) -> None:
    """So the local run itself refuses it, and says what to do."""
    found = schema("name: x", text)

    assert ({*found["resources"], *found["functions"]}) - {*CREATORS, *LOOKUPS} == {token}


@pytest.mark.parametrize(
    "text", ["arn:aws:iam::aws:policy/ReadOnly", "aws:nothing:Thing", "aws:sqs:Nothing", "aws:region"]
)
def test_what_is_no_type_adds_nothing(text: str) -> None:
    assert schema(text) == schema()


def test_its_version_is_the_packages() -> None:
    """The package's own schema refers to this version."""
    plugin = json.loads((Path(pulumi_aws.__file__).parent / "pulumi-plugin.json").read_text())
    assert schema()["version"] == plugin["version"]
