"""Guarantee: a stack that a release made is updated in place: what holds data is neither replaced nor deleted.

`states/` has the state of the default example's stack for each release, as the engine wrote it. The engine compares
this version of the example with it, as `pulumi preview` after an upgrade of the package does.

Before a release, write its state with `python -m tests.engine.test_upgrade` (Pulumi's CLI must be on the PATH).
"""

import json
import re
import tempfile
from pathlib import Path
from typing import Any, Final

import pytest
from pulumi import automation as auto

from cp_event_source.local.clients import emulator_clients
from cp_event_source.local.emulator import REGION, Emulator
from cp_event_source.version import VERSION

from .harness import ROOT, Engine, Outcome, copied_example, start

STATES: Final = Path(__file__).parent / "states"
RELEASES: Final = sorted(path.stem for path in STATES.glob("*.json"))

HOLDS_DATA: Final = {"EventBus", "Key", "LogGroup", "Policy", "Queue", "Table", "Topic"}
"""The types that a deployment cannot make again as they were. Roles of other stacks have the policies attached."""

LEFT_OUT: Final = {"Dashboard", "MetricAlarm"}
"""The types that states do not keep: two thirds of a state, and nothing in them to lose."""


@pytest.fixture(scope="module", params=RELEASES)
def previewed(request: pytest.FixtureRequest, engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """The preview of this version's example in a stack that the release made."""
    release: str = request.param
    stack = engine.stack(copied_example("default", tmp_path_factory.mktemp("upgrade")))
    state = json.loads((STATES / f"{release}.json").read_text())
    stack.automation.import_stack(auto.Deployment(state["version"], state["deployment"]))
    return stack.preview()


def test_nothing_that_holds_data_is_replaced_or_deleted(previewed: Outcome) -> None:
    gone = previewed.of("replace") | previewed.of("delete")
    assert {each for each in gone if each[0] in HOLDS_DATA} == set()


def test_nothing_that_holds_data_is_made_a_second_time(previewed: Outcome) -> None:
    """Under another name, it would be empty."""
    assert {each for each in previewed.of("create") if each[0] in HOLDS_DATA} == set()


def test_the_preview_compares_with_the_releases_resources(previewed: Outcome) -> None:
    kept = previewed.of("same") | previewed.of("update")
    assert {("Table", "files-domain-events"), ("Table", "files-domain"), ("Key", "files-key")} <= kept


def released_state(deployment: dict[str, Any], checkout: Path) -> dict[str, Any]:
    """What of a state the engine compares with, and nothing of the machine that made it."""
    text = json.dumps(deployment)
    for folder in (checkout, ROOT):
        text = text.replace(str(folder), "/repository")
    state = json.loads(re.sub(r"http://127\.0\.0\.1:\d+", "https://sqs.us-east-1.amazonaws.com", text))
    kept = ("urn", "custom", "id", "type", "inputs", "outputs", "parent", "dependencies", "provider", "protect")
    resources = [each for each in state["resources"] if each["type"].rpartition(":")[2] not in LEFT_OUT]
    return {"resources": [{name: each[name] for name in kept if name in each} for each in resources]}


def write_state() -> None:
    """Deploy the default example, and keep its state as this version's."""
    with tempfile.TemporaryDirectory() as folder, Emulator() as emulator:
        engine = start(Path(folder) / "engine", emulator, emulator_clients(emulator.endpoint, REGION))
        stack = engine.stack(copied_example("default", Path(folder)))
        stack.up()
        exported = json.loads(stack.run("stack", "export"))
        kept = {"version": exported["version"], "deployment": released_state(exported["deployment"], Path(folder))}
        STATES.mkdir(exist_ok=True)
        (STATES / f"{VERSION}.json").write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    write_state()
