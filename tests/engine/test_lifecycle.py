"""Guarantee: what `pulumi preview`, `up`, `refresh` and `destroy` do with the default example.

Each fixture is an operation on one stack, and begins where the one before it ended.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pytest

from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.local import read_events

from .aws_plugin.calls import Call
from .harness import ROOT, Engine, Outcome, RefusedError, Stack, copied_example
from .inventory import KEPT_LAYERS, inventory

REPORT = "aefbd80d-7c69-4c2b-b303-ad8cd526f2d0"
"""A file of the example's events."""

TABLES = {("Table", f"files-{suffix}") for suffix in ("domain-events", "domain", "domain-snapshots")}
SWITCH = 'development=pulumi.Config().get_bool("development") or False,'
"""The line of the example that says whether its stack may be thrown away."""


@dataclass(frozen=True)
class Operation:
    """An operation, and what the engine asked of the provider."""

    outcome: Outcome
    calls: list[Call]


@dataclass(frozen=True)
class Drift:
    """What somebody changed by hand, and what was found of it."""

    refreshed: Outcome
    restored: Outcome
    table: dict[str, Any]
    """The table whose protection was taken away, at the end."""


def operate(stack: Stack, operation: str) -> Operation:
    stack.engine.calls.take()
    outcome = getattr(stack, operation)()
    return Operation(outcome, stack.engine.calls.take())


@pytest.fixture(scope="module")
def stack(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    return engine.stack(copied_example("default", tmp_path_factory.mktemp("lifecycle")))


@pytest.fixture(scope="module")
def empty(engine: Engine) -> set[str]:
    """What is in the account before."""
    return inventory(engine.clients)


@pytest.fixture(scope="module")
def previewed(stack: Stack, empty: set[str]) -> Operation:
    return operate(stack, "preview")


@pytest.fixture(scope="module")
def deployed(stack: Stack, previewed: Operation) -> Operation:
    return operate(stack, "up")


@pytest.fixture(scope="module")
def pipeline(stack: Stack, deployed: Operation) -> Pipeline:
    """The pipeline, after the example's events."""
    pipeline = stack.pipeline()
    stack.send(read_events(ROOT / "examples" / "default" / "events.json"), pipeline)
    return pipeline


@pytest.fixture(scope="module")
def deployed_again(stack: Stack, pipeline: Pipeline) -> Operation:
    return operate(stack, "up")


@pytest.fixture(scope="module")
def refreshed(stack: Stack, deployed_again: Operation) -> Operation:
    return operate(stack, "refresh")


@pytest.fixture(scope="module")
def drift(stack: Stack, refreshed: Operation) -> Drift:
    """Somebody deletes the snapshots and unprotects the rows."""
    dynamodb = stack.engine.clients("dynamodb")
    rows, snapshots = (stack.outputs()[f"{name}_table_name"] for name in ("domain", "domain_snapshots"))
    for table in (rows, snapshots):
        dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)
    dynamodb.delete_table(TableName=snapshots)
    found, restored = stack.refresh(), stack.up()
    return Drift(found, restored, dynamodb.describe_table(TableName=rows)["Table"])


@pytest.fixture(scope="module")
def refused(stack: Stack, drift: Drift) -> str:
    """The answer to `pulumi destroy`, which previews first."""
    with pytest.raises(RefusedError) as raised:
        stack.run("destroy", "--yes")
    return str(raised.value)


@pytest.fixture(scope="module")
def stopped(stack: Stack, refused: str) -> str:
    """The answer to a preview with `development` and nothing else: the alarms' topic would leave the program."""
    stack.set("development", "true")
    with pytest.raises(RefusedError) as raised:
        stack.run("preview")
    stack.set("development", "false")
    return str(raised.value)


@pytest.fixture(scope="module")
def developed(stack: Stack, stopped: str) -> Operation:
    """After the change that the how-to asks for before a stack is given up."""
    _edit(stack, SWITCH, "development=True, monitoring={'alarms': True},")
    return operate(stack, "up")


@pytest.fixture(scope="module")
def produced(stack: Stack, developed: Operation) -> Operation:
    _edit(stack, "development=True, monitoring={'alarms': True},", SWITCH)
    return operate(stack, "up")


@pytest.fixture(scope="module")
def destroyed(stack: Stack, produced: Operation) -> Operation:
    _edit(stack, SWITCH, "development=True, monitoring={'alarms': True},")
    stack.up()
    return operate(stack, "destroy")


def _edit(stack: Stack, before: str, after: str) -> None:
    program = stack.folder / "__main__.py"
    text = program.read_text()
    assert before in text
    program.write_text(text.replace(before, after))


def methods(calls: Iterable[Call]) -> set[tuple[str, bool]]:
    return {(call.method, call.preview) for call in calls}


def test_a_preview_only_checks_and_plans(previewed: Operation) -> None:
    """It needs no more of AWS than that: it reads nothing and looks nothing up."""
    assert methods(previewed.calls) == {("Check", False), ("Create", True)}
    assert previewed.outcome.ops() == {"create"}
    assert previewed.outcome.diagnostics == []


def test_up_creates_what_the_preview_said(previewed: Operation, deployed: Operation) -> None:
    assert deployed.outcome.of("create") == previewed.outcome.of("create")
    assert deployed.outcome.diagnostics == []


def test_events_become_rows(pipeline: Pipeline) -> None:
    row = pipeline.rows()[REPORT]
    assert row.state.attributes["Name"] == {"S": "report-2026-q1.pdf"}
    assert len(pipeline.events()) == 14


def test_up_again_changes_nothing(deployed_again: Operation) -> None:
    assert deployed_again.outcome.ops() == {"same"}
    assert methods(deployed_again.calls) == {("Check", False), ("Diff", False)}


def test_a_refresh_finds_all_as_it_was(refreshed: Operation) -> None:
    assert refreshed.outcome.ops() == {"same"}
    assert methods(refreshed.calls) == {("Read", False), ("Diff", False)}


def test_a_refresh_finds_what_somebody_changed_by_hand(drift: Drift) -> None:
    assert drift.refreshed.of("delete") == {("Table", "files-domain-snapshots")}


def test_and_the_next_up_restores_it(drift: Drift) -> None:
    assert drift.restored.of("create") == {("Table", "files-domain-snapshots")}
    assert ("Table", "files-domain") in drift.restored.of("update")
    assert drift.table["DeletionProtectionEnabled"] is True
    assert "replace" not in drift.restored.ops()


def test_destroy_is_refused_for_what_is_protected(stack: Stack, refused: str) -> None:
    named = set(re.findall(r'::([\w-]+)" cannot be deleted', refused))
    assert named >= {name for _, name in TABLES}
    protected = {each["urn"].rpartition("::")[2] for each in stack.resources() if each.get("protect")}
    assert named <= protected


def test_after_a_refused_destroy_everything_is_still_there(developed: Operation) -> None:
    """Otherwise the next `up` would create what is gone."""
    assert developed.outcome.of("create") == set()


def test_development_alone_is_stopped_at_preview_by_the_topic_that_would_go(stopped: str) -> None:
    assert set(re.findall(r'::([\w-]+)" cannot be deleted', stopped)) == {"files-alarms"}


def test_development_replaces_nothing_and_removes_only_the_dashboard(developed: Operation) -> None:
    assert "replace" not in developed.outcome.ops()
    assert developed.outcome.of("update") >= TABLES
    assert developed.outcome.of("delete") == {("Dashboard", "files-dashboard")}


def test_back_from_development_replaces_nothing_either(produced: Operation) -> None:
    assert "replace" not in produced.outcome.ops()
    assert produced.outcome.of("update") >= TABLES


def test_the_events_stay_through_all_of_it(produced: Operation, pipeline: Pipeline) -> None:
    assert len(pipeline.events()) == 14
    assert REPORT in pipeline.rows()


def test_destroy_of_a_development_stack_leaves_only_the_layers_versions(
    engine: Engine, empty: set[str], destroyed: Operation
) -> None:
    assert destroyed.outcome.ops() == {"delete"}
    left = inventory(engine.clients) - empty
    assert {each for each in left if not each.startswith(KEPT_LAYERS)} == set()
