"""What programs in other languages see: the schema that the plugin serves, made of the annotations and docstrings."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from pulumi.provider.experimental.component import ComponentProvider

from cp_event_source import CpEventSource, DomainPythonLayer
from cp_event_source.inputs.spelling import in_schema
from cp_event_source.package_schema import ABOUT
from cp_event_source.plugin import Provider

from .test_component import OUTPUTS, POLICIES

SEEDS_PROPERTIES = {
    "domainEventRule": "cloudwatch%2FeventRule:EventRule",
    "domainEventLambdaRule": "cloudwatch%2FeventRule:EventRule",
    "domainEventsTable": "dynamodb%2Ftable:Table",
    "domainTable": "dynamodb%2Ftable:Table",
    "eventBus": "cloudwatch%2FeventBus:EventBus",
    "eventBusDestination": "lambda%2FfunctionEventInvokeConfig:FunctionEventInvokeConfig",
}


def schema_of(provider: type[ComponentProvider]) -> dict[str, Any]:
    made = provider([CpEventSource, DomainPythonLayer], "cp-event-source", version="1.2.3")
    parsed = json.loads(made.schema or "")
    assert isinstance(parsed, dict)
    return parsed


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return schema_of(Provider)


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
        "maxFutureSkewSeconds": ("integer", None),
        "eventsPerSnapshot": ("integer", None),
        "domainTableIndexes": ("array", None),
        "tags": ("object", None),
        "development": ("boolean", True),
        "publishers": ("array", None),
        "kmsKeyArn": ("string", None),
        "monitoring": ("Monitoring", True),
        "functions": ("Functions", True),
        "permissionsBoundary": ("string", None),
        "region": ("string", None),
        "domainTableTtlAttribute": ("string", None),
        "domainEventsTableClass": ("string", None),
    }
    assert sorted(component["requiredInputs"]) == ["cpDomainLogicLayer", "cpDomainName"]


def test_an_index_is_described_by_a_type_of_its_own(schema: dict[str, Any]) -> None:
    of_component = resource(schema, "CpEventSource")["inputProperties"]["domainTableIndexes"]
    assert of_component["items"]["$ref"] == "#/types/cp-event-source:index:Index"
    index = schema["types"]["cp-event-source:index:Index"]
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
    assert all("plain" not in each and each["description"] for each in index["properties"].values())


def test_every_output_of_the_component_is_there(schema: dict[str, Any]) -> None:
    properties = resource(schema, "CpEventSource")["properties"]
    strings = {name for name, each in properties.items() if each.get("type") == "string"}
    documents = {f"{kind}PolicyDocument" for kind in POLICIES}
    assert strings == {in_schema(name) for name in OUTPUTS} | documents
    references = {name: each["$ref"].split("aws:")[-1] for name, each in properties.items() if "$ref" in each}
    assert references == SEEDS_PROPERTIES | {"domainSnapshotsTable": "dynamodb%2Ftable:Table"}
    assert properties.keys() == strings | references.keys()


def test_all_outputs_are_certain_but_those_of_what_can_be_left_out(schema: dict[str, Any]) -> None:
    component = resource(schema, "CpEventSource")
    uncertain = component["properties"].keys() - set(component["required"])
    assert uncertain == {"eventBus", "alarmTopicArn", "dashboardUrl"}


def test_the_layers_inputs_and_outputs(schema: dict[str, Any]) -> None:
    layer = resource(schema, "DomainPythonLayer")
    assert layer["inputProperties"].keys() == {"region", "sourceDir"}
    assert layer["requiredInputs"] == ["sourceDir"]
    assert layer["properties"].keys() == {"arn", "layerName", "version"}


def test_no_input_or_output_is_a_union(schema: dict[str, Any]) -> None:
    assert "oneOf" not in json.dumps(schema)


def test_no_type_ends_as_the_types_of_inputs_do_in_sdks_which_would_end_twice_so(schema: dict[str, Any]) -> None:
    names = [*schema["types"], *(each["$ref"] for each in shapes(schema) if "$ref" in each)]
    assert [name for name in names if name.endswith("Args")] == []
    assert schema["types"].keys() == {
        f"cp-event-source:index:{name}" for name in ("Functions", "Index", "Monitoring", "SignedCode")
    }


def test_no_list_of_objects_is_plain_since_sdks_for_go_would_not_compile(schema: dict[str, Any]) -> None:
    """Their generator gives such an input a type that it does not generate."""
    inputs = [each for resource in schema["resources"].values() for each in resource["inputProperties"].values()]
    lists = [each for each in inputs if each.get("items", {}).get("$ref", "").startswith("#/types/")]
    assert lists
    assert not [each for each in lists if each.get("plain") or each["items"].get("plain")]


def test_each_reference_to_a_type_of_the_package_has_its_type(schema: dict[str, Any]) -> None:
    references = [each["$ref"] for each in shapes(schema) if each.get("$ref", "").startswith("#")]
    assert references
    assert [each for each in references if each.removeprefix("#/types/") not in schema["types"]] == []


def test_the_schema_differs_from_what_pulumi_infers_only_in_what_it_says(schema: dict[str, Any]) -> None:
    inferred = without_descriptions(schema_of(ComponentProvider))
    renamed = json.loads(
        json.dumps(inferred)
        .replace("index:SignedCodeArgs", "index:SignedCode")
        .replace("index:IndexArgs", "index:Index")
        .replace("index:FunctionsArgs", "index:Functions")
        .replace("index:MonitoringArgs", "index:Monitoring")
    )
    added = {"functions", *ABOUT}
    assert without_descriptions({name: part for name, part in schema.items() if name not in added}) == renamed


class TestAboutThePackage:
    def test_it_says_what_the_distribution_says(self, schema: dict[str, Any]) -> None:
        project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
        assert schema["description"] == project["description"]
        assert schema["license"] == project["license"]
        assert [word for word in schema["keywords"] if "/" not in word] == project["keywords"]

    def test_its_reserved_keywords_are_those_that_pulumi_defines(self, schema: dict[str, Any]) -> None:
        assert [word for word in schema["keywords"] if "/" in word] == ["category/cloud", "kind/component"]

    def test_it_names_no_address_since_the_package_has_none(self, schema: dict[str, Any]) -> None:
        assert schema.keys() & {"homepage", "repository", "logoUrl", "pluginDownloadURL"} == set()

    def test_it_names_no_organization_so_that_every_one_can_publish_it_in_its_registry(
        self, schema: dict[str, Any]
    ) -> None:
        assert schema.keys() & {"publisher", "namespace"} == set()

    def test_sdks_of_all_languages_have_its_version(self, schema: dict[str, Any]) -> None:
        assert schema["language"].keys() == {"nodejs", "python", "csharp", "java", "go"}
        assert [each for each in schema["language"].values() if each != {"respectSchemaVersion": True}] == []


METASCHEMA: Final = {
    *("name", "displayName", "version", "description", "keywords", "license"),
    *("types", "resources", "functions", "dependencies", "language"),
}
"""Of the properties that Pulumi's metaschema knows, those in use. It refuses others."""

TOKEN: Final = re.compile(r"cp-event-source:index:[A-Za-z][A-Za-z0-9]+")


class TestMetaschema:
    """The rules of Pulumi's metaschema (pkg/codegen/schema/pulumi.json) that concern this package."""

    def test_the_package(self, schema: dict[str, Any]) -> None:
        assert schema.keys() == METASCHEMA
        assert re.fullmatch("[a-zA-Z][-a-zA-Z0-9_]*", schema["name"])
        texts = ("name", "displayName", "version", "description", "license")
        assert [name for name in texts if not isinstance(schema[name], str)] == []
        assert [word for word in schema["keywords"] if not isinstance(word, str)] == []

    def test_the_tokens(self, schema: dict[str, Any]) -> None:
        assert [
            each for each in (*schema["resources"], *schema["types"], *schema["functions"]) if not TOKEN.fullmatch(each)
        ] == []

    def test_each_property_has_a_shape(self, schema: dict[str, Any]) -> None:
        for shape in shapes(schema):
            beside = shape.keys() - {"description", "plain"}
            match shape.get("type"):
                case "boolean" | "integer" | "number" | "string":
                    assert beside == {"type"}
                case "array":
                    assert beside == {"type", "items"}
                case "object":
                    assert beside == {"type", "additionalProperties"}
                case _:
                    assert beside == {"$ref"}

    def test_what_is_required_is_there(self, schema: dict[str, Any]) -> None:
        for each in schema["resources"].values():
            assert set(each["requiredInputs"]) <= each["inputProperties"].keys()
            assert set(each.get("required", ())) <= each["properties"].keys()
        functions = schema["functions"].values()
        parts = [part for each in functions for part in (each["inputs"], each["outputs"])]
        for each in (*schema["types"].values(), *parts):
            assert set(each.get("required", ())) <= each["properties"].keys()


class TestDescriptions:
    def test_all_that_can_have_one_has_one(self, schema: dict[str, Any]) -> None:
        assert [name for name, text in descriptions(schema).items() if not text.strip()] == []

    def test_each_is_sentences(self, schema: dict[str, Any]) -> None:
        sentences = re.compile(r"[A-Z].*\.", re.DOTALL)
        assert [text for text in descriptions(schema).values() if not sentences.fullmatch(text)] == []

    def test_none_has_the_sources_layout(self, schema: dict[str, Any]) -> None:
        layout = re.compile(r"\s\s|\n|\t")
        assert [text for text in descriptions(schema).values() if layout.search(text)] == []

    def test_none_has_a_name_as_only_python_spells_it(self, schema: dict[str, Any]) -> None:
        snake_case = re.compile(r"\b[a-z0-9]+_[a-z0-9_]+\b")
        found = {match for text in descriptions(schema).values() for match in snake_case.findall(text)}
        assert found == {"cp_event_source", "domain_handler"}, "names of a library and a file in every language"

    def test_names_in_the_schemas_spelling_are_names_that_it_has(self, schema: dict[str, Any]) -> None:
        camel_cases = re.compile(r"`([a-z]+(?:[A-Z][a-z0-9]*)+)`")
        found = {match for text in descriptions(schema).values() for match in camel_cases.findall(text)}
        assert found
        assert found - property_names(schema) == set()

    @pytest.mark.parametrize("word", ["None", "dict", "Raises", "kwargs", "tuple", "int", "str", "Args", "TypedDict"])
    def test_none_has_a_word_of_python(self, schema: dict[str, Any], word: str) -> None:
        assert [text for text in descriptions(schema).values() if re.search(rf"\b{word}\b", text)] == []

    def test_none_has_code_of_python(self, schema: dict[str, Any]) -> None:
        calls = re.compile(r"\w\(")
        assert [text for text in descriptions(schema).values() if calls.search(text)] == []


def shapes(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The shape of each input and output, of each field of a type, and of what lists and maps hold."""
    waiting = [shape for part in parts(schema) for shape in part.values()]
    while waiting:
        shape = waiting.pop()
        yield shape
        waiting += [shape[inner] for inner in ("items", "additionalProperties") if inner in shape]


def parts(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Shapes by property, of each component and type."""
    for each in (*schema["resources"].values(), *schema["types"].values()):
        yield each.get("inputProperties", {})
        yield each["properties"]


def property_names(schema: dict[str, Any]) -> set[str]:
    return {name for part in parts(schema) for name in part}


def descriptions(schema: dict[str, Any]) -> dict[str, str]:
    """By place: of the package, and of all its components, types, inputs, outputs and fields."""
    found = {"": schema["description"]}
    for token, each in (*schema["resources"].items(), *schema["types"].items()):
        found[token] = each.get("description") or ""
        for kind in ("inputProperties", "properties"):
            for name, shape in each.get(kind, {}).items():
                found[f"{token} {kind} {name}"] = shape.get("description") or ""
    return found


def without_descriptions(part: Any) -> Any:
    """The schema, but for its descriptions."""
    if not isinstance(part, dict):
        return part
    return {
        name: without_descriptions(value)
        for name, value in part.items()
        if not (name == "description" and isinstance(value, str))
    }
