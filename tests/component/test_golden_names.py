"""Guarantee: logical names, types and parents of registered resources stay as they are.

Pulumi knows a resource by them: one that changes without an alias is deleted and made again, a table with its events.
`golden/resources.json` holds them. After a change that is meant, write it with
`python -m tests.component.test_golden_names`.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from pulumi_aws.cloudwatch import EventBus

from cp_event_source import DomainPythonLayer, DomainPythonLayerArgs

from .deployment import ACCOUNT, arn, component, deploy, in_program

GOLDEN: Final = Path(__file__).parent / "golden" / "resources.json"
LAYER_FOLDER: Final = Path(__file__).resolve().parents[2] / "examples" / "default" / "file_domain"

PROGRAMS: Final[dict[str, Callable[[], object]]] = {
    "default": component,
    "development": lambda: component(development=True),
    "development with alarms": lambda: component(development=True, alarms=True),
    "a given bus": lambda: component(cp_event_bus=EventBus("bus").name),
    "a given key": lambda: component(kms_key_arn=arn("kms", "key/1234")),
    "a given topic": lambda: component(alarm_topic_arn=arn("sns", "alarms")),
    "no alarms": lambda: component(alarms=False),
    "publishers": lambda: component(publishers=[ACCOUNT]),
    "another name": lambda: component("orders"),
    "the layer": lambda: DomainPythonLayer("file-domain", DomainPythonLayerArgs(source_dir=str(LAYER_FOLDER))),
}


def registered(program: Callable[[], object]) -> list[str]:
    """Type, name and parent of each resource: the parent by the end of its URN."""
    resources = deploy(in_program(program)).resources
    return sorted(f"{each.type} {each.name} in {each.parent.rpartition('::')[2]}" for each in resources)


@pytest.mark.parametrize("name", PROGRAMS)
def test_names_types_and_parents_are_those_of_the_golden_file(name: str) -> None:
    assert registered(PROGRAMS[name]) == json.loads(GOLDEN.read_text())[name]


def test_the_golden_file_has_these_programs() -> None:
    assert json.loads(GOLDEN.read_text()).keys() == PROGRAMS.keys()


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps({name: registered(make) for name, make in PROGRAMS.items()}, indent=1) + "\n")
