"""Guarantee: each example program runs, exports what others need, and has no needless rights."""

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

from ..component.deployment import deploy, in_program
from .program import Registered, run_program

EXAMPLES = Path(__file__).parents[2] / "examples"
SOURCE_OUTPUTS = {
    "event_bus_name": "files-bus",
    "publisher_policy_arn": "arn:aws:iam::111122223333:policy/files-publisher",
    "reader_policy_arn": "arn:aws:iam::111122223333:policy/files-reader",
    "domain_table_name": "files-domain",
    "domain_table_stream_arn": "arn:aws:dynamodb:eu-central-1:111122223333:table/files-domain/stream/1",
}


def run_example(name: str, **options: Any) -> Registered:
    return run_program(EXAMPLES / name, project=f"cp-event-source-{name.replace('_', '-')}", **options)


def test_the_default_example_has_its_own_bus_and_exports_what_others_need() -> None:
    registered = run_example("default")
    assert len(registered.of_type("aws:cloudwatch/eventBus:EventBus")) == 1
    assert set(SOURCE_OUTPUTS) <= set(registered.exports)
    assert all(isinstance(value, str) and value for value in registered.exports.values()), registered.exports


def test_the_custom_bus_example_has_one_bus_and_puts_its_rules_on_it() -> None:
    registered = run_example("custom_event_bus")
    bus = registered.only("aws:cloudwatch/eventBus:EventBus")
    assert bus.name == "company"
    rules = registered.of_type("aws:cloudwatch/eventRule:EventRule")
    assert {rule.inputs["eventBusName"] for rule in rules} == {"company-1a2b3c4"}
    assert registered.exports["event_bus_name"] == "company-1a2b3c4"


def test_the_custom_bus_is_protected_like_the_components_own_bus() -> None:
    program = str(EXAMPLES / "custom_event_bus" / "__main__.py")
    assert deploy(in_program(lambda: runpy.run_path(program, run_name="__main__"))).only("EventBus", "company").protect


@pytest.mark.parametrize(
    ("config", "stack"),
    [
        ({}, "organization/cp-event-source-default/local"),
        ({"source_stack": "acme/files/prod"}, "acme/files/prod"),
    ],
)
def test_the_consumer_reads_the_stack_that_its_configuration_names(config: dict[str, str], stack: str) -> None:
    registered = run_example("consumer", config=config, stack_outputs=SOURCE_OUTPUTS)
    assert registered.only("pulumi:pulumi:StackReference").name == stack


def test_the_consumer_reads_only_what_the_default_example_exports() -> None:
    run_example("consumer", stack_outputs=run_example("default").exports)


def test_only_a_stack_with_the_setting_development_is_unprotected() -> None:
    def protected(config: dict[str, str]) -> set[bool]:
        tables = run_example("default", config=config).of_type("aws:dynamodb/table:Table")
        return {table.inputs["deletionProtectionEnabled"] for table in tables}

    assert protected({}) == {True}
    assert protected({"development": "true"}) == {False}


def test_the_stream_triggers_the_consumer_and_two_policies_of_the_pipeline_give_its_rights() -> None:
    registered = run_example("consumer", stack_outputs=SOURCE_OUTPUTS)
    mapping = registered.only("aws:lambda/eventSourceMapping:EventSourceMapping").inputs
    assert mapping["eventSourceArn"] == SOURCE_OUTPUTS["domain_table_stream_arn"]
    policy = json.loads(registered.only("aws:iam/rolePolicy:RolePolicy").inputs["policy"])
    rights = {statement["Sid"]: statement for statement in policy["Statement"]}
    assert rights.keys() == {"ReportFailures", "Log"}
    attached = registered.of_type("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    assert {each.inputs["policyArn"] for each in attached} == {
        SOURCE_OUTPUTS["reader_policy_arn"],
        SOURCE_OUTPUTS["publisher_policy_arn"],
    }


@pytest.mark.parametrize("name", ["default", "custom_event_bus", "consumer", "typescript", "yaml"])
def test_a_project_file_names_its_folder(name: str) -> None:
    text = (EXAMPLES / name / "Pulumi.yaml").read_text()
    assert f"name: cp-event-source-{name.replace('_', '-')}\n" in text


def test_the_project_at_the_root_is_the_default_example() -> None:
    root = (EXAMPLES.parent / "Pulumi.yaml").read_text()
    assert "\nmain: examples/default\n" in root
    assert "name: cp-event-source-default\n" in root
