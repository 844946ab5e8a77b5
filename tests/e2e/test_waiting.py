"""Guarantee: `drain` ends when every event is accounted for. Otherwise it fails and names what is missing."""

import pytest

from cp_event_source.local import LocalRun, Pipeline
from cp_event_source.local.drain import Traffic
from cp_event_source.local.errors import NotDrainedError
from tests.e2e.events import domain_event, new_id, renamed, row, stored, uploaded


def test_the_error_names_an_event_that_is_not_stored(run: LocalRun, files: Pipeline) -> None:
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
        assert "1 message in the ingest queue: the persist function" in message
        assert event["EventId"] in message
    finally:
        run.client("lambda").update_event_source_mapping(UUID=mapping, Enabled=True)
    run.drain()
    assert len(stored(files, file)) == 1


def test_the_error_names_a_domain_object_whose_row_lacks_events(run: LocalRun, files: Pipeline) -> None:
    file = new_id()
    run.publish([uploaded(file, 1)])
    run.drain()
    mapping = _mapping(run, files, "project_function_arn")
    run.client("lambda").update_event_source_mapping(UUID=mapping, Enabled=False)
    try:
        run.publish([renamed(file, 2, "later")])

        with pytest.raises(NotDrainedError) as gave_up:
            run.drain(patience=2)
        assert f"DomainId {file}: 2 events stored, 1 in its row" in str(gave_up.value)
        assert "1 object not projected yet" in str(gave_up.value)
        assert "all projected" not in str(gave_up.value)
    finally:
        run.client("lambda").update_event_source_mapping(UUID=mapping, Enabled=True)
    run.drain()
    assert row(files, file).state.applied.count == 2


def test_drain_counts_parked_objects_and_their_waiting_events(run: LocalRun, files: Pipeline) -> None:
    before = Traffic(files).look()
    parked = new_id()
    run.publish(
        [
            uploaded(parked, 1),
            domain_event(parked, 2, "FileUnheardOf", {}),
            renamed(parked, 3, "a"),
            uploaded(new_id(), 1),
        ]
    )
    said: list[str] = []
    run.drain(progress=said.append)

    after = Traffic(files).look()
    assert (after.parked, after.waiting) == (before.parked + 1, before.waiting + 2)
    (of_files,) = [each for each in said[-1].split("; ") if "File" in each or ";" not in said[-1]]
    assert f"{after.stored} stored" in of_files
    assert of_files.endswith(f" parked, {after.waiting} events waiting")


def _mapping(run: LocalRun, pipeline: Pipeline, function: str) -> str:
    name = pipeline.outputs[function].split(":")[-1]
    (mapping,) = run.client("lambda").list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    return str(mapping["UUID"])
