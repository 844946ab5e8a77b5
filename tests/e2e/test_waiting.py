"""Waiting ends when everything is accounted for, and gives up with a message that says what is not."""

import pytest

from cp_event_source.local import LocalRun, Pipeline
from cp_event_source.local.errors import NotDrainedError
from tests.e2e.events import new_id, renamed, row, stored, uploaded


def test_an_event_that_is_not_stored_is_named(run: LocalRun, files: Pipeline) -> None:
    mapping = _mapping(run, files, "persist_function_arn")
    file = new_id()
    event = uploaded(file, 1)
    run.client("lambda").update_event_source_mapping(UUID=mapping, Enabled=False)
    try:
        run.publish([event])

        with pytest.raises(NotDrainedError) as gave_up:
            run.drain(patience=0.5)

        message = str(gave_up.value)
        assert "Nothing has changed for 0.5 s" in message
        assert "domain 'File' (component 'files')" in message
        assert "stay in the ingest queue" in message
        assert event["EventId"] in message
    finally:
        run.client("lambda").update_event_source_mapping(UUID=mapping, Enabled=True)
    run.drain()
    assert len(stored(files, file)) == 1


def test_a_domain_whose_row_is_behind_is_named(run: LocalRun, files: Pipeline) -> None:
    file = new_id()
    run.publish([uploaded(file, 1)])
    run.drain()
    mapping = _mapping(run, files, "project_function_arn")
    run.client("lambda").update_event_source_mapping(UUID=mapping, Enabled=False)
    try:
        run.publish([renamed(file, 2, "later")])

        with pytest.raises(NotDrainedError, match=f"DomainId {file}: 2 events stored, 1 in its row"):
            run.drain(patience=2)
    finally:
        run.client("lambda").update_event_source_mapping(UUID=mapping, Enabled=True)
    run.drain()
    assert row(files, file).state.applied.count == 2


def _mapping(run: LocalRun, pipeline: Pipeline, function: str) -> str:
    name = pipeline.outputs[function].split(":")[-1]
    (mapping,) = run.client("lambda").list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    return str(mapping["UUID"])
