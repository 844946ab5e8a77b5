"""Guarantee: the requirement's own example of a domain layer works unchanged on a running pipeline."""

from pathlib import Path

from cp_event_source.local import LocalRun
from tests.e2e.events import attributes, domain_event, new_id, row
from tests.local.programs_on_disk import write_program

LAYER = Path(__file__).parents[1] / "fixtures" / "seed_layer"

PROGRAM = f"""
from cp_event_source import CpEventSource, CpEventSourceArgs, DomainPythonLayer, DomainPythonLayerArgs

layer = DomainPythonLayer("seed", DomainPythonLayerArgs(source_dir={str(LAYER)!r}))
CpEventSource("seed", CpEventSourceArgs(cp_domain_name="Seed", cp_domain_logic_layer=layer.arn))
"""


def test_the_printed_layer_works_unchanged(run: LocalRun, tmp_path: Path) -> None:
    (pipeline,) = run.deploy(write_program(tmp_path / "seed", PROGRAM)).pipelines
    file = new_id()
    events = [
        domain_event(file, second, "FileScanned", {"Name": f"name-{second}"}, DomainName="Seed") for second in (3, 1, 2)
    ]

    for event in events:
        run.publish([event])
        run.drain()

    found = attributes(pipeline, file)
    assert (found["DomainId"], found["OwnerId"], found["Name"]) == (file, "somebody", "name-3")
    assert found["UpdatedAt"] == events[0]["EventTime"]
    assert row(pipeline, file).state.applied.count == 3
    assert row(pipeline, file).parked is None
