"""Guarantees, on a deployed pipeline: `heal` heals all that new logic can apply, and removes the notices of it;
`rebuild` brings the rows of a selection to the deployed logic; `--dry-run` says before what they will do."""

import json
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cp_event_source import cli
from cp_event_source.deployed.verify import verify
from cp_event_source.local import LocalRun, Pipeline
from cp_event_source.operate.rebuilding import Engine
from tests.e2e.events import attributes, domain_event, new_id, notices, row
from tests.e2e.test_healing import LAYER, PROGRAM
from tests.e2e.test_healing import _deploy_logic as deploy_logic
from tests.local.programs_on_disk import write_program
from tests.operate.conftest import Done

PARKED = 3


@dataclass
class Counters:
    """A pipeline whose logic does not know Reset, and what a test needs to give it one that does."""

    run: LocalRun
    pipeline: Pipeline
    new_logic: str
    program: Path
    parked: list[str]
    good: list[str]


@pytest.fixture(scope="module")
def counters(run: LocalRun, tmp_path_factory: pytest.TempPathFactory) -> Counters:
    program = write_program(tmp_path_factory.mktemp("healing") / "counters", PROGRAM)
    for folder, known in (("old", ["Stepped"]), ("new", ["Stepped", "Reset"])):
        (program / folder).mkdir()
        (program / folder / "domain_handler.py").write_text(LAYER % known)
    stack = run.deploy(program)
    parked, good = [new_id() for _ in range(PARKED)], [new_id() for _ in range(2)]
    events = [(each, ["Stepped", "Reset", "Stepped"]) for each in parked] + [(each, ["Stepped"]) for each in good]
    run.publish(
        [
            domain_event(domain_id, second, name, {}, DomainName="Counter")
            for domain_id, names in events
            for second, name in enumerate(names)
        ]
    )
    run.drain()
    (pipeline,) = stack.pipelines
    return Counters(run, pipeline, stack.outputs["new_logic"], program, parked, good)


@pytest.fixture
def operate(
    counters: Counters, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Any:
    stack = tmp_path / "outputs.json"
    stack.write_text(json.dumps(dict(counters.pipeline.outputs)))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")

    def invoke(*arguments: str, json: bool = True) -> Done:
        capsys.readouterr()
        target = ["--stack", str(stack), "--endpoint-url", counters.run.endpoint]
        exit_code = cli.main([*arguments, *target, *(["--json"] if json else [])])
        captured = capsys.readouterr()
        return Done(exit_code, captured.out, captured.err)

    return invoke


def left() -> list[str]:
    return sorted(path.name for path in Path().iterdir())


def test_objects_that_fail_are_named_and_tried_again_once_the_logic_can_apply_them(
    counters: Counters, operate: Any
) -> None:
    """The tests of this module are one story, in their order: its deployment takes seconds."""
    pipeline = counters.pipeline
    preview = operate("heal", "--dry-run", "--layer", str(counters.program / "new")).document
    assert (preview["selected"], preview["healed"], preview["fails"]) == (PARKED, PARKED, 0)
    assert {each["domain_id"] for each in preview["objects"]} == set(counters.parked)
    assert [each["attribute"] for each in preview["objects"][0]["differences"]] == ["Steps"]
    dry = operate("heal", "--dry-run")
    still = dry.document
    assert dry.exit_code == 1, "it is a gate before a deployment"
    assert (still["healed"], still["fails"]) == (0, PARKED)
    assert "Reset" in still["objects"][0]["reason"]
    assert "domain_handler.py" in still["objects"][0]["reason"]
    assert all(row(pipeline, each).parked for each in counters.parked)
    assert left() == []

    failed = operate("heal")
    assert failed.exit_code == 1
    assert {each["domain_id"] for each in failed.document["failed"]} == set(counters.parked)
    assert "LookupError" in failed.document["failed"][0]["reason"]
    assert failed.document["notices_deleted"] == 0
    assert all(notices(pipeline, each) for each in counters.parked)
    assert left() == [], "the rows say which objects are parked"

    deploy_logic(counters.run, pipeline, counters.new_logic)
    healed = operate("heal")

    assert (healed.exit_code, healed.document["rebuilt"]) == (0, PARKED), healed.errors
    assert [attributes(pipeline, each)["Steps"] for each in counters.parked] == [["Stepped", "Reset", "Stepped"]] * 3
    assert not any(notices(pipeline, each) for each in counters.parked)
    assert healed.document["notices_deleted"] == PARKED
    assert left() == []
    assert verify(pipeline).differences == []


def test_stale_rows_are_those_of_earlier_logic(counters: Counters, operate: Any) -> None:
    done = operate("rebuild", "--stale")

    assert (done.exit_code, done.document["selected"]) == (0, len(counters.good)), done.errors
    assert {row(counters.pipeline, each).logic_version for each in counters.good} == {counters.new_logic}
    assert operate("rebuild", "--stale").document["selected"] == 0


def test_all_objects_are_those_with_events_with_and_without_a_row(counters: Counters, operate: Any) -> None:
    pipeline, gone = counters.pipeline, counters.good[0]
    dynamodb = counters.run.client("dynamodb")
    dynamodb.delete_item(TableName=pipeline.outputs["domain_table_name"], Key={"DomainId": {"S": gone}})

    preview = operate("rebuild", "--all", "--dry-run").document
    done = operate("rebuild", "--all", "--concurrency", "3")

    assert (preview["unchanged"], preview["changed"]) == (4, 1)
    assert [each["domain_id"] for each in preview["objects"]] == [gone]
    assert (done.exit_code, done.document["rebuilt"]) == (0, 5), done.errors
    assert attributes(pipeline, gone)["Steps"] == ["Stepped"]


def test_a_value_that_somebody_has_changed_is_found_by_folding(counters: Counters, operate: Any) -> None:
    pipeline, changed = counters.pipeline, counters.good[0]
    counters.run.client("dynamodb").update_item(
        TableName=pipeline.outputs["domain_table_name"],
        Key={"DomainId": {"S": changed}},
        UpdateExpression="SET Steps = :other",
        ExpressionAttributeValues={":other": {"L": []}},
    )

    assert operate("rebuild", "--drifted").document["selected"] == 0
    done = operate("rebuild", "--drifted", "--deep")

    assert (done.exit_code, done.document["rebuilt"]) == (0, 1), done.errors
    assert attributes(pipeline, changed)["Steps"] == ["Stepped"]
    assert operate("rebuild", "--all", "--deep").exit_code == 2


def test_the_outcome_of_an_object_is_shown(counters: Counters, operate: Any) -> None:
    (healed,) = operate("rebuild", counters.parked[0]).document["objects"]
    assert (healed["event_count"], healed["logic_version"]) == (3, counters.new_logic)

    unknown = operate("rebuild", "nobody")
    assert unknown.exit_code == 1
    assert unknown.document["failed"] == [
        {"domain_id": "nobody", "reason": unknown.document["failed"][0]["reason"]},
    ]
    assert "no event is stored" in unknown.document["failed"][0]["reason"]
    assert left() == [], "ids on the command line need no file"


def test_people_get_tables(counters: Counters, operate: Any) -> None:
    preview = operate("rebuild", "--all", "--dry-run", json=False).output
    assert "A rebuild of 5 objects: 5 unchanged" in preview
    assert "nothing has changed" in preview

    shown = operate("rebuild", counters.good[0], "nobody", json=False).output
    assert counters.good[0] in shown
    assert "no event is stored" in shown
    assert "Selected 2, rebuilt 1, failed 1" in shown


def test_an_interrupted_command_says_how_it_continues(
    counters: Counters, operate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Engine, "run", lambda *_: os.kill(os.getpid(), signal.SIGINT))
        interrupted = operate("rebuild", "--all")
    (journal,) = left()
    assert interrupted.exit_code == 130
    assert f"cp-event-source rebuild --resume {journal}" in interrupted.errors

    assert operate("heal", "--resume", journal).exit_code == 1, "it belongs to another command"
    done = operate("rebuild", "--resume", journal)
    assert (done.exit_code, done.document["rebuilt"]) == (0, 5), done.errors
    assert left() == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rebuild"], "exactly one selection must be given"),
        (["rebuild", "a", "--all"], "got ID, --all"),
        (["rebuild", "--all", "--layer", "."], "--layer: must be given with --dry-run"),
        (["heal", "--dry-run", "--layer", "."], "--layer: must be a folder with a domain_handler.py"),
        (["rebuild", "--resume", "nothing"], "--resume: must be a file"),
        (["rebuild", "--resume", "../outputs.json", "--all"], "--resume: must be given without a selection"),
        (["heal", "--resume", "../outputs.json", "--dry-run"], "--resume: must be given without --dry-run"),
        (["rebuild", "--all", "--concurrency", "1001"], "concurrency"),
    ],
)
def test_options_that_do_not_go_together_are_refused(operate: Any, arguments: list[str], message: str) -> None:
    done = operate(*arguments)
    assert done.exit_code == 2
    assert message in done.errors
    assert left() == []
