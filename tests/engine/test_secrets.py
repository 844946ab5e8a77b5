"""Guarantee: what a program marks as secret is nowhere to be read in the state or in what the engine prints."""

import json

import pytest
from pulumi import automation as auto

from .harness import LAYER_FOLDER, Engine, Stack, python_program

SECRETS = {"owner": "not-for-everybody", "skew": "54321"}

PROGRAM = f"""
import pulumi
import pulumi_aws as aws
from cp_event_source import CpEventSource, CpEventSourceArgs, DomainPythonLayer, DomainPythonLayerArgs

config = pulumi.Config()
layer = DomainPythonLayer("file-domain", DomainPythonLayerArgs(source_dir={str(LAYER_FOLDER)!r}))
bus = aws.cloudwatch.EventBus("bus")
boundary = config.require_secret("owner").apply(lambda owner: f"arn:aws:iam::000000000000:policy/{{owner}}")
files = CpEventSource(
    "files",
    CpEventSourceArgs(
        cp_domain_name="File",
        cp_domain_logic_layer=layer.arn,
        cp_event_bus=pulumi.Output.secret(bus.name),
        max_future_skew_seconds=config.require_secret("skew").apply(int),
        permissions_boundary=boundary,
        development=True,
        tags={{"owner": config.require_secret("owner")}},
    ),
)
files.export_outputs()
"""


@pytest.fixture(scope="module")
def printed() -> list[str]:
    """What the engine prints."""
    return []


@pytest.fixture(scope="module")
def stack(engine: Engine, tmp_path_factory: pytest.TempPathFactory, printed: list[str]) -> Stack:
    config = {name: auto.ConfigValue(value, secret=True) for name, value in SECRETS.items()}
    stack = engine.stack(python_program(tmp_path_factory.mktemp("secrets"), PROGRAM), config)
    printed.append(stack.run("preview", "--diff"))
    stack.up(on_output=printed.append)
    return stack


def found_in(text: str) -> list[str]:
    return [name for name, value in SECRETS.items() if value in text]


def test_a_secret_is_in_no_state(stack: Stack) -> None:
    assert found_in(json.dumps(stack.resources())) == []


def test_nor_after_a_refresh(stack: Stack) -> None:
    assert stack.refresh().ops() == {"same"}
    assert found_in(json.dumps(stack.resources())) == []


def test_a_secret_is_in_nothing_that_is_printed(stack: Stack, printed: list[str]) -> None:
    assert "files-domain" in "".join(printed)
    assert found_in("".join(printed)) == []


def test_what_is_made_of_a_secret_is_secret_for_other_stacks_too(stack: Stack) -> None:
    secret = {name for name, output in stack.automation.outputs().items() if output.secret}
    assert {"event_bus_name", "event_bus_arn"} <= secret
    assert "domain_table_name" not in secret


def test_the_resources_have_the_secrets_values(engine: Engine, stack: Stack) -> None:
    outputs = stack.outputs()
    tags = engine.clients("dynamodb").list_tags_of_resource(ResourceArn=outputs["domain_table_arn"])["Tags"]
    assert {"Key": "owner", "Value": SECRETS["owner"]} in tags
    persist = engine.clients("lambda").get_function_configuration(FunctionName=outputs["persist_function_arn"])
    assert persist["Environment"]["Variables"]["MAX_FUTURE_SKEW_SECONDS"] == SECRETS["skew"]
    role = engine.clients("iam").get_role(RoleName=persist["Role"].rpartition("/")[2])["Role"]
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"].endswith(SECRETS["owner"])


def test_up_again_changes_nothing(stack: Stack) -> None:
    assert stack.up().ops() == {"same"}
