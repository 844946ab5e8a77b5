"""Guarantee: the example in Go uses what the package has, by the names that Pulumi gives it in Go.

Its compilation needs Go and pulumi-aws's module for Go, some hundred megabytes: it is not a test. Pulumi derives the
names from the package's schema, so that is what they are compared with.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "go"
PROGRAM = (FOLDER / "main.go").read_text()
RESOURCES: dict[str, Any] = json.loads((ROOT / "tests" / "component" / "golden" / "schema.json").read_text())[
    "resources"
]


def in_go(names: dict[str, Any]) -> set[str]:
    """Schema's names with a first capital letter."""
    return {name[0].upper() + name[1:] for name in names}


def resource(name: str) -> dict[str, Any]:
    found: dict[str, Any] = RESOURCES[f"cp-event-source:index:{name}"]
    return found


@pytest.mark.parametrize("name", ["CpEventSource", "DomainPythonLayer"])
def test_arguments_are_inputs_and_none_that_is_required_is_missing(name: str) -> None:
    (block,) = re.findall(rf"&cpeventsource\.{name}Args\{{\n(.*?)\n\t\t\}}\)", PROGRAM, re.DOTALL)
    given = set(re.findall(r"^\s+(\w+):", block, re.MULTILINE))
    assert given <= in_go(resource(name)["inputProperties"])
    assert given >= in_go(dict.fromkeys(resource(name)["requiredInputs"]))


def test_exports_are_outputs_under_their_own_names() -> None:
    exports = re.findall(r'ctx\.Export\("(\w+)", files\.(\w+)\)', PROGRAM)
    assert exports
    assert {name for name, _ in exports} <= resource("CpEventSource")["properties"].keys()
    assert [in_go({name: None}) for name, _ in exports] == [{output} for _, output in exports]


def test_the_package_is_the_one_of_this_repository() -> None:
    project = yaml.safe_load((FOLDER / "Pulumi.yaml").read_text())
    assert (FOLDER / project["packages"]["cp-event-source"]).resolve() == ROOT / "cp_event_source"
    module = "example.com/pulumi-cp-event-source/sdk/go"
    assert f'"{module}/cpeventsource"' in PROGRAM
    assert f"replace {module} => ./sdks/cp-event-source\n" in (FOLDER / "go.mod").read_text()
    (layer,) = re.findall(r'SourceDir: "(.*)"', PROGRAM)
    assert (FOLDER / layer / "domain_handler.py").is_file()
