"""Guarantee: the examples in other languages use what the package's schema has, and the files that they name exist."""

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

ROOT: Final = Path(__file__).parents[2]
EXAMPLES: Final = ROOT / "examples"
RESOURCES: Final = {
    token.rpartition(":")[2]: resource
    for token, resource in json.loads((ROOT / "tests" / "component" / "golden" / "schema.json").read_text())[
        "resources"
    ].items()
}
TYPESCRIPT: Final = (EXAMPLES / "typescript" / "index.ts").read_text()
YAML: Final[dict[str, Any]] = yaml.safe_load((EXAMPLES / "yaml" / "Pulumi.yaml").read_text())


@pytest.mark.parametrize("name", YAML["resources"])
def test_the_example_in_yaml_gives_inputs_that_there_are(name: str) -> None:
    resource = YAML["resources"][name]
    schema = RESOURCES[resource["type"].rpartition(":")[2]]
    assert set(schema["requiredInputs"]) <= resource["properties"].keys() <= schema["inputProperties"].keys()


@pytest.mark.parametrize("value", [*YAML["outputs"].values(), "${layer.arn}"])
def test_the_example_in_yaml_reads_outputs_that_there_are(value: str) -> None:
    name, output = value.removeprefix("${").removesuffix("}").split(".")
    assert output in RESOURCES[YAML["resources"][name]["type"].rpartition(":")[2]]["properties"]


def test_the_example_in_typescript_gives_inputs_and_reads_outputs_that_there_are() -> None:
    found = re.findall(r"new (\w+)\(\"[\w-]+\", \{(.*?)\}\);", TYPESCRIPT, re.DOTALL)
    assert [name for name, _ in found] == ["DomainPythonLayer", "CpEventSource"]
    for name, inputs in found:
        assert set(re.findall(r"(\w+): ", inputs)) <= RESOURCES[name]["inputProperties"].keys()
        assert set(RESOURCES[name]["requiredInputs"]) <= set(re.findall(r"(\w+): ", inputs))
    (outputs,) = re.findall(r"export const \{ (.*) \} = files;", TYPESCRIPT)
    assert set(outputs.split(", ")) == YAML["outputs"].keys() <= RESOURCES["CpEventSource"]["properties"].keys()


def test_both_take_the_package_and_the_logic_from_this_repository() -> None:
    (source_dir,) = re.findall(r'sourceDir: "(.*?)"', TYPESCRIPT)
    assert source_dir == YAML["resources"]["layer"]["properties"]["sourceDir"]
    for folder in (EXAMPLES / "typescript", EXAMPLES / "yaml"):
        assert (folder / source_dir / "domain_handler.py").is_file()
        packages = yaml.safe_load((folder / "Pulumi.yaml").read_text())["packages"]
        assert (folder / packages["cp-event-source"] / "PulumiPlugin.yaml").is_file()
