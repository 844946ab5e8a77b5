"""Guarantee: what a function cannot have is refused with the field's name, at once or when it is known."""

from typing import Any

import pulumi
import pytest

from cp_event_source.handler.aws import settings
from cp_event_source.inputs.functions import LEVELS, OWN_VARIABLES, RESERVED_VARIABLES

from ..deployment import LAYER, component, deploy, deployed_with, in_program
from .test_arguments import refused

VPC = {"subnet_ids": ["subnet-0a"], "security_group_ids": ["sg-0a"]}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "functions: must be a dictionary with log_retention_days, persist_reserved_concurrency, "),
        ({"layer": [LAYER]}, "functions.layer: is not an input; did you mean layers?"),
        (
            {"batching_window_seconds": 61},
            "functions.batching_window_seconds: must be a whole number of seconds from 0 to 60; got 61",
        ),
        ({"tracing": "Off"}, "functions.tracing: must be one of Active, PassThrough; got 'Off'"),
        ({"log_level": "DEBUG"}, "functions.log_level: must be one of INFO, WARNING, ERROR; got 'DEBUG'"),
        ({"system_log_level": 1}, "functions.system_log_level: must be one of DEBUG, INFO, WARN; got 1"),
        (
            {"persist_memory_mb": 256},
            "functions.persist_memory_mb: must be a whole number of MB from 512 to 10240; got",
        ),
        ({"project_memory_mb": 512}, "functions.project_memory_mb: must be a whole number of MB from 1769 to 10240; "),
        ({"layers": LAYER}, "functions.layers: must be a list of layers; got "),
        ({"layers": [LAYER, "agent"]}, "functions.layers[1]: must be the ARN of a Lambda layer version (arn:"),
        ({"layers": [LAYER] * 5}, "functions.layers: must have at most 4 layers; got 5"),
        (
            {"environment": ["STAGE"]},
            "functions.environment: must be a dictionary with strings for keys; got ['STAGE']",
        ),
        ({"environment": {"STAGE": 1}}, "functions.environment.STAGE: must be a string; got 1"),
        (
            VPC | {"subnet_ids": ["vpc-0a"]},
            "functions.subnet_ids[0]: must be the id of a subnet (subnet-...); got 'vpc-",
        ),
        (
            VPC | {"security_group_ids": []},
            "functions.security_group_ids: must have at least 1 of the security groups; got none; leave it out",
        ),
        (VPC | {"security_group_ids": [7]}, "functions.security_group_ids[0]: must be the id of a security group (sg-"),
        (
            {"subnet_ids": ["subnet-0a"]},
            "functions.subnet_ids: must come with security_group_ids; got it alone; give both or neither",
        ),
        (
            {"security_group_ids": ["sg-0a"], "subnet_ids": None},
            "functions.security_group_ids: must come with subnet_ids; got it alone; give both or neither",
        ),
    ],
)
def test_a_bad_field_is_named(value: Any, message: str) -> None:
    assert refused(functions=value).startswith(message)


@pytest.mark.parametrize("name", ["", "A", "1A", "A-B", "A B", *sorted(OWN_VARIABLES | RESERVED_VARIABLES)])
def test_a_variable_has_a_name_that_lambda_takes_and_nobody_else_sets(name: str) -> None:
    (message,) = refused(functions={"environment": {"STAGE": "test", name: "x"}}).splitlines()
    assert message.startswith(f"functions.environment.{name}: must be ")
    assert message.endswith("; rename it")


def test_the_variables_that_nobody_else_may_set_are_those_of_the_component() -> None:
    with_all = deployed_with(
        domain_table_indexes=[{"name": "by-status", "hash_key": "Status"}], domain_table_ttl_attribute="ExpiresAt"
    )
    functions = [each for each in with_all.resources if each.type.endswith(":Function")]
    assert {name for each in functions for name in each.inputs["environment"]["variables"]} == OWN_VARIABLES


@pytest.mark.parametrize(
    ("field", "value", "path"),
    [
        ("layers", ["agent"], "functions.layers\\[0\\]"),
        ("environment", {"DOMAIN_NAME": "x"}, "functions.environment.DOMAIN_NAME"),
        ("security_group_ids", [], "functions.security_group_ids"),
        ("subnet_ids", ["vpc-0a"], "functions.subnet_ids\\[0\\]"),
    ],
)
def test_a_field_that_comes_later_is_checked_then(field: str, value: Any, path: str) -> None:
    with pytest.raises(pulumi.InputPropertiesError, match=rf"^{path}: "):
        deploy(in_program(lambda: component(functions={**VPC, field: pulumi.Output.from_input(value)})))


def test_the_levels_are_those_that_the_functions_know() -> None:
    assert LEVELS == settings.LEVELS
