"""What programs in other languages see: inferred from the annotations and docstrings."""

import json
import re
from typing import Any

import pytest
from pulumi.provider.experimental.component import ComponentProvider

from cp_event_source import CpEventSource, DomainPythonLayer

from .test_component import OUTPUTS

SEEDS_PROPERTIES = {
    "domainEventRule": "cloudwatch%2FeventRule:EventRule",
    "domainEventLambdaRule": "cloudwatch%2FeventRule:EventRule",
    "domainEventsTable": "dynamodb%2Ftable:Table",
    "domainTable": "dynamodb%2Ftable:Table",
    "eventBus": "cloudwatch%2FeventBus:EventBus",
    "eventBusDestination": "lambda%2FfunctionEventInvokeConfig:FunctionEventInvokeConfig",
}


def camel_case(name: str) -> str:
    return re.sub("_(.)", lambda match: match[1].upper(), name)


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    provider = ComponentProvider([CpEventSource, DomainPythonLayer], "cp-event-source", version="1.2.3")
    parsed = json.loads(provider.schema or "")
    assert isinstance(parsed, dict)
    return parsed


def resource(schema: dict[str, Any], name: str) -> dict[str, Any]:
    found = schema["resources"][f"cp-event-source:index:{name}"]
    assert isinstance(found, dict)
    return found


def test_the_package_offers_the_two_components_and_needs_only_aws(schema: dict[str, Any]) -> None:
    assert schema["resources"].keys() == {
        "cp-event-source:index:CpEventSource",
        "cp-event-source:index:DomainPythonLayer",
    }
    assert [each["name"] for each in schema["dependencies"]] == ["aws"]


def test_the_components_inputs_and_which_of_them_are_required(schema: dict[str, Any]) -> None:
    component = resource(schema, "CpEventSource")
    shapes = {
        name: (each.get("type") or each["$ref"].rpartition(":")[2], each.get("plain"))
        for name, each in component["inputProperties"].items()
    }
    assert shapes == {
        "cpDomainName": ("string", True),
        "cpDomainLogicLayer": ("string", None),
        "cpEventBus": ("string", None),
        "maxFutureSkewSeconds": ("integer", True),
        "eventsPerSnapshot": ("integer", True),
        "domainTableIndexes": ("array", True),
        "tags": ("object", True),
        "development": ("boolean", True),
        "publishers": ("array", True),
        "kmsKeyArn": ("string", None),
        "alarms": ("boolean", True),
        "alarmTopicArn": ("string", None),
        "alarmActions": ("array", True),
        "alarmThresholds": ("object", True),
        "dashboard": ("boolean", True),
        "logRetentionDays": ("integer", True),
        "persistReservedConcurrency": ("integer", True),
        "projectReservedConcurrency": ("integer", True),
        "signedCode": ("SignedCodeArgs", True),
    }
    assert sorted(component["requiredInputs"]) == ["cpDomainLogicLayer", "cpDomainName"]


def test_an_index_is_described_by_a_type_of_its_own(schema: dict[str, Any]) -> None:
    of_component = resource(schema, "CpEventSource")["inputProperties"]["domainTableIndexes"]
    assert of_component["items"]["$ref"] == "#/types/cp-event-source:index:IndexArgs"
    index = schema["types"]["cp-event-source:index:IndexArgs"]
    assert {name: each["type"] for name, each in index["properties"].items()} == {
        "name": "string",
        "hashKey": "string",
        "hashKeyType": "string",
        "rangeKey": "string",
        "rangeKeyType": "string",
        "projection": "string",
        "nonKeyAttributes": "array",
    }
    assert sorted(index["required"]) == ["hashKey", "name"]
    assert all(each["plain"] and each["description"] for each in index["properties"].values())


def test_every_output_of_the_component_is_there(schema: dict[str, Any]) -> None:
    properties = resource(schema, "CpEventSource")["properties"]
    strings = {name for name, each in properties.items() if each.get("type") == "string"}
    assert strings == {camel_case(name) for name in OUTPUTS}
    references = {name: each["$ref"].split("aws:")[-1] for name, each in properties.items() if "$ref" in each}
    assert references == SEEDS_PROPERTIES | {"domainSnapshotsTable": "dynamodb%2Ftable:Table"}
    assert properties.keys() == strings | references.keys()


def test_all_outputs_are_certain_but_those_of_what_can_be_left_out(schema: dict[str, Any]) -> None:
    component = resource(schema, "CpEventSource")
    uncertain = component["properties"].keys() - set(component["required"])
    assert uncertain == {"eventBus", "alarmTopicArn", "dashboardUrl"}


def test_the_layers_inputs_and_outputs(schema: dict[str, Any]) -> None:
    layer = resource(schema, "DomainPythonLayer")
    assert layer["inputProperties"].keys() == {"sourceDir"}
    assert layer["requiredInputs"] == ["sourceDir"]
    assert layer["properties"].keys() == {"arn", "layerName", "version"}


@pytest.mark.parametrize("name", ["CpEventSource", "DomainPythonLayer"])
def test_every_component_input_and_output_is_described(schema: dict[str, Any], name: str) -> None:
    found = resource(schema, name)
    described = {"the component": found} | found["inputProperties"] | found["properties"]
    assert [each for each, shape in described.items() if not (shape.get("description") or "").strip()] == []


def test_no_input_or_output_is_a_union(schema: dict[str, Any]) -> None:
    assert "oneOf" not in json.dumps(schema)
