"""Guarantee: at preview, inputs may be values that are known only after the deployment."""

import pytest

from .harness import LAYER_FOLDER, Engine, Outcome, Stack, python_program

PROGRAM = f"""
import pulumi
import pulumi_aws as aws
from cp_event_source import CpEventSource, CpEventSourceArgs, DomainPythonLayer, DomainPythonLayerArgs

bus = aws.cloudwatch.EventBus("bus")
key = aws.kms.Key("key")
topic = aws.sns.Topic("topic")
later = aws.sqs.Queue("later")
layer = DomainPythonLayer("file-domain", DomainPythonLayerArgs(source_dir={str(LAYER_FOLDER)!r}))
files = CpEventSource(
    "files",
    CpEventSourceArgs(
        cp_domain_name="File",
        cp_domain_logic_layer=layer.arn,
        cp_event_bus=bus.arn,
        kms_key_arn=key.arn,
        monitoring={{"alarms": True, "alarm_topic_arn": topic.arn, "alarm_actions": [topic.arn]}},
        events_per_snapshot=later.url.apply(lambda _: 50),
        max_future_skew_seconds=later.url.apply(lambda _: 60),
        development=True,
        tags={{"queue": later.arn}},
    ),
)
files.export_outputs()
"""


@pytest.fixture(scope="module")
def stack(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    return engine.stack(python_program(tmp_path_factory.mktemp("unknowns"), PROGRAM))


@pytest.fixture(scope="module")
def previewed(stack: Stack) -> tuple[Outcome, str]:
    """The preview, and what it prints with all inputs."""
    return stack.preview(), stack.run("preview", "--diff")


@pytest.fixture(scope="module")
def deployed(stack: Stack, previewed: tuple[Outcome, str]) -> Outcome:
    return stack.up()


def test_a_preview_shows_them_as_unknown(previewed: tuple[Outcome, str]) -> None:
    outcome, printed = previewed
    assert outcome.ops() == {"create"}
    assert outcome.diagnostics == []
    assert "[unknown]" in printed
    assert "object at 0x" not in printed


def test_up_creates_just_what_the_preview_said(previewed: tuple[Outcome, str], deployed: Outcome) -> None:
    assert deployed.of("create") == previewed[0].of("create")
    assert deployed.diagnostics == []


def test_what_was_unknown_arrives(engine: Engine, stack: Stack, deployed: Outcome) -> None:
    client = engine.clients("lambda")
    settings = {
        name: value
        for function in ("persist", "project")
        for name, value in client.get_function_configuration(FunctionName=stack.outputs()[f"{function}_function_arn"])[
            "Environment"
        ]["Variables"].items()
    }
    assert (settings["EVENTS_PER_SNAPSHOT"], settings["MAX_FUTURE_SKEW_SECONDS"]) == ("50", "60")
    assert stack.resource("Table", "files-domain")["inputs"]["tags"]["queue"].startswith("arn:aws:sqs:")


def test_up_again_changes_nothing(stack: Stack, deployed: Outcome) -> None:
    assert stack.up().ops() == {"same"}
