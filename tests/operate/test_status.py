"""`status` on a deployed pipeline: it reads every part, sees what stops the events, and its exit code says so."""

from typing import Any

from cp_event_source.local import LocalRun, Pipeline
from cp_event_source.operate.overview.assessment import PARTS
from cp_event_source.version import VERSION
from tests.e2e.events import new_id, uploaded
from tests.operate.conftest import Cli


def unknown_in(value: Any) -> list[str]:
    if isinstance(value, list):
        return [why for each in value for why in unknown_in(each)]
    if not isinstance(value, dict):
        return []
    return [*([value["unknown"]] if "unknown" in value else []), *unknown_in(list(value.values()))]


def test_all_parts_of_a_pipeline_are_read(run: LocalRun, files: Pipeline, cli_on: Cli) -> None:
    run.publish([uploaded(new_id(), 1)])
    run.drain()

    done = cli_on("status", "--json")

    document = done.document
    assert document["domain_name"] == "File"
    (why,) = unknown_in(document)
    assert "persist, project" in why, "the emulator has no metrics that functions send in their logs"
    assert done.exit_code == (1 if document["findings"] else 0)
    assert document["flow"]["rules"] == {"domain_events": "ENABLED", "rebuild_requests": "ENABLED"}
    functions = document["flow"]["functions"]
    assert {each["event_source_mapping"]["state"] for each in functions.values()} == {"Enabled"}
    assert {each["function"]["state"] for each in functions.values()} == {"Active"}
    assert document["versions"]["command"] == VERSION
    assert document["versions"]["project"]["logic_version"] in document["versions"]["project"]["layers"]
    assert len(document["alarms"]) > 20
    items = {line["item"]: line["quantity"] for line in document["cost"]["lines"]}
    assert items["project function: invocations"] > 0


def test_a_mapping_that_is_off_stops_the_events(run: LocalRun, files: Pipeline, cli_on: Cli) -> None:
    functions = run.client("lambda")
    (mapping,) = functions.list_event_source_mappings(FunctionName=files.outputs["project_function_arn"])[
        "EventSourceMappings"
    ]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    try:
        done = cli_on("status")
    finally:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)

    assert done.exit_code == 1
    assert done.output.startswith("File: Not flowing: the event source mapping from the stream to the project function")
    assert "#stored-but-not-projected" in done.output
    assert [part for part in PARTS if part.replace("_", " ").capitalize() not in done.output] == []
