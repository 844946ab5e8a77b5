"""Guarantee: logical names, types and parents of registered resources stay as they are.

Pulumi knows a resource by them: one that changes without an alias is deleted and made again, a table with its events.
`golden/resources.json` holds them. After a change that is meant, write it with
`python -m tests.component.test_golden_names`. The states of releases, which `tests/engine` updates with Pulumi's own
engine, are compared with it here, where no engine is needed.
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
STATES: Final = Path(__file__).parents[1] / "engine" / "states"
LAYER_FOLDER: Final = Path(__file__).resolve().parents[2] / "examples" / "default" / "file_domain"

PROGRAMS: Final[dict[str, Callable[[], object]]] = {
    "default": component,
    "development": lambda: component(development=True),
    "development with alarms": lambda: component(development=True, monitoring={"alarms": True}),
    "a given bus": lambda: component(cp_event_bus=EventBus("bus").name),
    "a given key": lambda: component(kms_key_arn=arn("kms", "key/1234")),
    "a given topic": lambda: component(monitoring={"alarm_topic_arn": arn("sns", "alarms")}),
    "no alarms": lambda: component(monitoring={"alarms": False}),
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


HOLDS_DATA: Final = ("EventBus", "Key", "LogGroup", "Queue", "Table", "Topic")


def lost(before: list[str], now: list[str]) -> list[str]:
    """The resources with data of an earlier release that would be deleted."""
    return [
        each
        for each in before
        if each.split(" ")[0].endswith(tuple(f":{kind}" for kind in HOLDS_DATA)) and each not in now
    ]


def resources_in(state: Path) -> list[str]:
    """As `registered` gives them: those of the default example's component, in a state of the engine."""
    resources = json.loads(state.read_text())["deployment"]["resources"]
    ends = {each["urn"]: each["urn"].rpartition("::")[2] for each in resources}
    component = "cp-event-source:index:CpEventSource$"
    return [
        f"{each['type']} {ends[each['urn']]} in {ends[each['parent']]}"
        for each in resources
        if component in each["urn"]
    ]


@pytest.mark.parametrize("state", sorted(STATES.glob("*.json")), ids=lambda state: state.stem)
def test_what_holds_data_is_what_it_was_in_the_release(state: Path) -> None:
    before = resources_in(state)
    assert len(lost(before, [])) > 10
    assert lost(before, json.loads(GOLDEN.read_text())["default"]) == []


def test_a_table_of_another_name_is_a_lost_one_and_an_alarm_is_not() -> None:
    now = json.loads(GOLDEN.read_text())["default"]
    table = "aws:dynamodb/table:Table files-domain in files"
    assert lost([*now, table.replace("domain", "rows")], now) == [table.replace("domain", "rows")]
    assert lost([*now, "aws:cloudwatch/metricAlarm:MetricAlarm files-old in "], now) == []


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps({name: registered(make) for name, make in PROGRAMS.items()}, indent=1) + "\n")
