"""Guarantee: a bus given in place of the component's own, and tables that exist already, cost no event.

Each fixture is an operation on one stack, and begins where the one before it ended.
"""

import re
from typing import Any

import pytest
from pulumi import automation as auto

from cp_event_source.local.events_file import entries
from tests.e2e.events import new_id, uploaded

from .harness import LAYER_FOLDER, Engine, Outcome, RefusedError, Stack, python_program

FILE = new_id()

PROGRAM = f"""
import pulumi
import pulumi_aws as aws
from cp_event_source import CpEventSource, CpEventSourceArgs, DomainPythonLayer, DomainPythonLayerArgs

config = pulumi.Config()
layer = DomainPythonLayer("file-domain", DomainPythonLayerArgs(source_dir={str(LAYER_FOLDER)!r}))
company = aws.cloudwatch.EventBus("company")
bus = {{"cp_event_bus": company.name}} if config.get_bool("company_bus") else {{}}
files = CpEventSource(
    "files",
    CpEventSourceArgs(
        cp_domain_name="File",
        cp_domain_logic_layer=layer.arn,
        monitoring={{"alarms": False, "dashboard": False}},
        **bus,
    ),
)
files.export_outputs()
"""


@pytest.fixture(scope="module")
def stack(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """A stack with an event in it."""
    stack = engine.stack(python_program(tmp_path_factory.mktemp("later"), PROGRAM))
    stack.up()
    stack.send(entries([uploaded(FILE, 1)]), stack.pipeline())
    return stack


@pytest.fixture(scope="module")
def stopped(stack: Stack) -> str:
    """The answer to a preview with another bus."""
    stack.set("company_bus", "true")
    with pytest.raises(RefusedError) as raised:
        stack.run("preview")
    return str(raised.value)


@pytest.fixture(scope="module")
def moved(stack: Stack, stopped: str) -> Outcome:
    """After the commands that the reference names."""
    (urn,) = re.findall(r"urn:\S*aws:cloudwatch/eventBus:EventBus::\S*-bus\b", stack.run("stack", "--show-urns"))
    stack.run("state", "unprotect", urn, "--yes")
    return stack.up()


@pytest.fixture(scope="module")
def forgotten(stack: Stack, moved: Outcome) -> dict[str, str]:
    """The state has lost the tables: their names and URNs."""
    lost = {each["id"]: each["urn"] for each in stack.resources() if each["type"].endswith(":Table")}
    exported = stack.automation.export_stack()
    assert exported.deployment is not None
    kept = [each for each in exported.deployment["resources"] if each["urn"] not in lost.values()]
    for resource in kept:
        resource["dependencies"] = [urn for urn in resource.get("dependencies", []) if urn not in lost.values()]
        for name, urns in resource.get("propertyDependencies", {}).items():
            resource["propertyDependencies"][name] = [urn for urn in urns or [] if urn not in lost.values()]
    deployment = {**exported.deployment, "resources": kept}
    stack.automation.import_stack(auto.Deployment(exported.version, deployment))
    return lost


@pytest.fixture(scope="module")
def imported(stack: Stack, forgotten: dict[str, str]) -> Outcome:
    """After `pulumi import` of the tables, and `pulumi up`."""
    component = stack.resource("CpEventSource", "files")["urn"]
    tables: list[Any] = [
        {"type": "aws:dynamodb/table:Table", "name": urn.rpartition("::")[2], "id": name, "parent": "files"}
        for name, urn in forgotten.items()
    ]
    stack.automation.import_resources(
        resources=tables, name_table={"files": component}, protect=True, generate_code=False
    )
    return stack.up()


@pytest.fixture(scope="module")
def left(stack: Stack, imported: Outcome) -> set[str]:
    """The types of what `destroy` without a preview leaves, as the Automation API runs it."""
    with pytest.raises(RefusedError):
        stack.destroy(continue_on_error=True)
    return {each["type"].rpartition(":")[2] for each in stack.resources()}


def test_the_preview_is_stopped_by_the_bus_that_would_go(stopped: str) -> None:
    assert set(re.findall(r'::([\w-]+)" cannot be deleted', stopped)) == {"files-bus"}


def test_once_unprotected_it_goes_and_the_rules_move_to_the_given_bus(moved: Outcome) -> None:
    assert {name for type_, name in moved.of("delete") if type_.startswith("EventBus")} == {"files-bus"}
    replaced = moved.of("replace")
    assert {("EventRule", "files-domain-event"), ("EventRule", "files-rebuild")} <= replaced
    assert not {"Table", "Queue", "Key", "LogGroup"} & {type_ for type_, _ in replaced}


def test_events_on_the_given_bus_come_after_those_that_were_stored(stack: Stack, moved: Outcome) -> None:
    pipeline = stack.pipeline()
    assert pipeline.bus_name.startswith("company-")
    file = new_id()
    stack.send(entries([uploaded(file, 1)]), pipeline)
    assert {FILE, file} <= {event.domain_id for event in pipeline.events()}


def test_imported_tables_are_the_components_own_again(
    stack: Stack, forgotten: dict[str, str], imported: Outcome
) -> None:
    tables = {each["id"] for each in stack.resources() if each["type"].endswith(":Table")}
    assert tables == forgotten.keys()
    assert imported.ops() <= {"same", "update"}
    assert FILE in {event.domain_id for event in stack.pipeline().events()}


def test_an_imported_table_needs_no_change(imported: Outcome) -> None:
    assert "Table" not in {type_ for type_, _ in imported.of("update")}


def test_destroy_without_a_preview_deletes_what_is_not_protected_and_up_makes_it_again(
    stack: Stack, left: set[str]
) -> None:
    assert {"Table", "Queue", "Key", "LogGroup"} <= left
    assert not {"EventTarget", "Function"} & left
    assert {("EventTarget", "files-domain-event"), ("Function", "files-persist")} <= stack.up().of("create")
    assert FILE in {event.domain_id for event in stack.pipeline().events()}
