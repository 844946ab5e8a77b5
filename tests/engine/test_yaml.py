"""Guarantee: a program in YAML uses the component like one in Python, and reads its mistakes in its own spelling."""

import json
import re
from pathlib import Path

import pytest
from pulumi import automation as auto

from cp_event_source import CpEventSource, key_policy_statements
from cp_event_source.local import read_events

from .harness import LAYER_FOLDER, ROOT, Engine, Outcome, RefusedError, Stack, missing_tools
from .plugin import plugin, yaml_program

SECRET = "not-for-everybody"

PROGRAM = f"""
config:
  owner: {{type: string}}
resources:
  later:
    type: aws:sqs:Queue
  logic:
    type: cp-event-source:DomainPythonLayer
    properties:
      sourceDir: {LAYER_FOLDER}
  files:
    type: cp-event-source:CpEventSource
    properties:
      cpDomainName: File
      cpDomainLogicLayer: ${{logic.arn}}
      development: true
      eventsPerSnapshot: 50
      domainTableIndexes:
        - name: by-result
          hashKey: ScanResult
      tags:
        owner: ${{owner}}
        queue: ${{later.arn}}
  after:
    type: aws:sqs:Queue
    options:
      dependsOn:
        - ${{files}}
variables:
  statements:
    fn::invoke:
      function: cp-event-source:keyPolicyStatements
      arguments:
        partition: aws
        region: eu-central-1
        account: "111122223333"
outputs:
  key_policy_statements: ${{statements.statements}}
  table_of_reference: ${{files.domainTable.arn}}
""" + "".join(
    f"  {name}: ${{files.{re.sub('_(.)', lambda found: found[1].upper(), name)}}}\n"
    for name in (
        "domain_name",
        "domain_events_table_name",
        "domain_table_name",
        "domain_table_arn",
        "event_bus_name",
        "ingest_queue_url",
        "ingest_dead_letter_queue_url",
        "parked_queue_url",
        "projection_dead_letter_queue_url",
        "domain_event_rule_arn",
        "domain_event_lambda_rule_arn",
        "project_function_arn",
    )
)


@pytest.fixture(scope="module")
def plugin_folder(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if reason := missing_tools("pulumi-language-yaml"):
        pytest.skip(reason)
    return plugin(tmp_path_factory.mktemp("plugin"))


@pytest.fixture(scope="module")
def stack(engine: Engine, plugin_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    folder = yaml_program(tmp_path_factory.mktemp("yaml"), plugin_folder, PROGRAM)
    return engine.stack(folder, {"owner": auto.ConfigValue(SECRET, secret=True)})


@pytest.fixture(scope="module")
def previewed(stack: Stack) -> tuple[Outcome, str]:
    return stack.preview(), stack.run("preview", "--diff")


@pytest.fixture(scope="module")
def deployed(stack: Stack, previewed: tuple[Outcome, str]) -> Outcome:
    stack.engine.calls.take()
    return stack.up()


@pytest.fixture(scope="module")
def created(stack: Stack, deployed: Outcome) -> list[str]:
    """The names of what was created, in that order."""
    return [call.name for call in stack.engine.calls.take() if call.method == "Create"]


def test_a_preview_takes_unknown_and_secret_inputs(previewed: tuple[Outcome, str]) -> None:
    outcome, printed = previewed
    assert outcome.ops() == {"create"}
    assert outcome.diagnostics == []
    assert "object at 0x" not in printed
    assert SECRET not in printed


def test_up_creates_what_the_preview_said(previewed: tuple[Outcome, str], deployed: Outcome) -> None:
    assert deployed.of("create") == previewed[0].of("create")


def test_events_become_rows(stack: Stack, created: list[str]) -> None:
    pipeline = stack.pipeline()
    stack.send(read_events(ROOT / "examples" / "default" / "events.json"), pipeline)
    assert len(pipeline.events()) == 14


def test_a_child_is_a_resource_that_a_program_refers_to(stack: Stack, deployed: Outcome) -> None:
    outputs = stack.outputs()
    assert outputs["table_of_reference"] == outputs["domain_table_arn"]


def test_a_function_of_the_package_answers(stack: Stack, deployed: Outcome) -> None:
    statements = key_policy_statements(partition="aws", region="eu-central-1", account="111122223333")
    assert stack.outputs()["key_policy_statements"] == statements


def test_the_state_has_the_inputs_and_outputs_under_the_programs_names(stack: Stack, deployed: Outcome) -> None:
    (component,) = (each for each in stack.resources() if each["type"] == CpEventSource.pulumi_type)
    assert component["inputs"]["domainTableIndexes"] == [{"name": "by-result", "hashKey": "ScanResult"}]
    assert component["inputs"]["cpDomainName"] == "File"
    assert component["outputs"]["domainTableArn"] == stack.outputs()["domain_table_arn"]
    assert component["outputs"]["domainTable"]["urn"].endswith("aws:dynamodb/table:Table::files-domain")


def test_a_secret_tag_is_in_no_state(stack: Stack, deployed: Outcome) -> None:
    assert SECRET not in json.dumps(stack.resources())


def test_what_depends_on_the_component_waits_for_its_children(created: list[str]) -> None:
    assert len(created) > 35
    assert created[-1] == "after"


def test_up_again_changes_nothing(stack: Stack, deployed: Outcome) -> None:
    assert stack.up().ops() == {"same"}


def refusal(engine: Engine, folder: Path, plugin_folder: Path, properties: str) -> str:
    """What a person sees of a preview with these properties of the component."""
    program = f"resources:\n  files:\n    type: cp-event-source:CpEventSource\n    properties: {{{properties}}}\n"
    stack = engine.stack(yaml_program(folder / "bad", plugin_folder, program))
    with pytest.raises(RefusedError) as raised:
        stack.run("preview")
    return str(raised.value)


LAYER = "arn:aws:lambda:us-east-1:000000000000:layer:files:1"


@pytest.mark.parametrize(
    ("properties", "path", "reason"),
    [
        (f"cpDomainName: '', cpDomainLogicLayer: '{LAYER}'", "cpDomainName", "must not be blank"),
        ("cpDomainName: File, cpDomainLogicLayer: x", "cpDomainLogicLayer", "must be the ARN"),
        (
            f"cpDomainName: File, cpDomainLogicLayer: '{LAYER}', eventsPerSnapshot: 1",
            "eventsPerSnapshot",
            "must be a whole number",
        ),
        (
            f"cpDomainName: File, cpDomainLogicLayer: '{LAYER}', publishers: ['*']",
            "publishers[0]",
            "must be an account's number",
        ),
    ],
)
def test_a_mistake_is_shown_with_the_propertys_path_and_the_reason(
    engine: Engine, plugin_folder: Path, tmp_path: Path, properties: str, path: str, reason: str
) -> None:
    shown = refusal(engine, tmp_path, plugin_folder, properties)
    (line,) = (line for line in shown.splitlines() if f"property {path} " in line)
    assert reason in line
    assert "Traceback" not in shown


def test_all_mistakes_are_shown_at_once(engine: Engine, plugin_folder: Path, tmp_path: Path) -> None:
    shown = refusal(engine, tmp_path, plugin_folder, "cpDomainName: '', cpDomainLogicLayer: x, eventsPerSnapshot: 1")
    assert set(re.findall(r"property (\S+) ", shown)) == {"cpDomainName", "cpDomainLogicLayer", "eventsPerSnapshot"}


def test_a_mistyped_name_is_refused_with_the_nearest_one(engine: Engine, plugin_folder: Path, tmp_path: Path) -> None:
    """By the language itself, which knows the schema."""
    bad = f"cpDomainName: File, cpDomainLogicLayer: '{LAYER}', cpEventBuss: company"
    shown = refusal(engine, tmp_path, plugin_folder, bad)
    assert "cpEventBuss" in shown
    assert "cpEventBus" in shown.replace("cpEventBuss", "")
