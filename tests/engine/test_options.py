"""Guarantee: the options that Pulumi knows for any component reach what this one is made of.

Each fixture is an operation on one stack, and begins where the one before it ended.
"""

import pytest

from cp_event_source.local.clients import emulator_clients

from .harness import LAYER_FOLDER, Engine, Outcome, RefusedError, Stack, python_program

REGION = "eu-west-1"

PROGRAM = f"""
import pulumi
import pulumi_aws as aws
from cp_event_source import CpEventSource, CpEventSourceArgs, DomainPythonLayer, DomainPythonLayerArgs

config = pulumi.Config()
elsewhere = aws.Provider("elsewhere", region="{REGION}", default_tags={{"tags": {{"cost-centre": "4711"}}}})
in_place = pulumi.ResourceOptions(provider=elsewhere)


def transform(args):
    if args.type_ == "aws:lambda/function:Function":
        return pulumi.ResourceTransformResult({{**args.props, "memorySize": 1234}}, args.opts)
    if args.type_ == "aws:dynamodb/table:Table":
        ignoring = pulumi.ResourceOptions(ignore_changes=["tags"])
        return pulumi.ResourceTransformResult(args.props, pulumi.ResourceOptions.merge(args.opts, ignoring))


layer = DomainPythonLayer("file-domain", DomainPythonLayerArgs(source_dir={str(LAYER_FOLDER)!r}), in_place)
files = CpEventSource(
    config.get("name") or "files",
    CpEventSourceArgs(
        cp_domain_name="File",
        cp_domain_logic_layer=layer.arn,
        development=True,
        tags={{"team": config.get("team") or "a"}},
    ),
    pulumi.ResourceOptions(
        provider=elsewhere,
        aliases=[pulumi.Alias(name="files")] if config.get("name") else [],
        protect=config.get_bool("protect"),
        transforms=[transform],
    ),
)
aws.sqs.Queue("after", opts=pulumi.ResourceOptions(depends_on=[files], provider=elsewhere))
files.export_outputs()
"""


@pytest.fixture(scope="module")
def stack(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    return engine.stack(python_program(tmp_path_factory.mktemp("options"), PROGRAM))


@pytest.fixture(scope="module")
def made(stack: Stack) -> Outcome:
    return stack.up()


@pytest.fixture(scope="module")
def retagged(stack: Stack, made: Outcome) -> Outcome:
    stack.set("team", "b")
    return stack.up()


@pytest.fixture(scope="module")
def renamed(stack: Stack, retagged: Outcome) -> Outcome:
    stack.set("name", "documents")
    return stack.up()


@pytest.fixture(scope="module")
def protected(stack: Stack, renamed: Outcome) -> Outcome:
    stack.set("protect", "true")
    return stack.up()


def children(stack: Stack) -> list[dict[str, object]]:
    return [each for each in stack.resources() if "CpEventSource$aws:" in each["urn"]]


def test_a_provider_reaches_every_child(stack: Stack, made: Outcome) -> None:
    providers = {str(each["provider"]).split("::")[-2] for each in children(stack)}
    assert providers == {"elsewhere"}
    assert f":{REGION}:" in stack.outputs()["domain_table_arn"]


def test_its_default_tags_are_on_what_can_be_tagged(engine: Engine, stack: Stack, made: Outcome) -> None:
    clients = emulator_clients(engine.emulator.endpoint, REGION)
    outputs = stack.outputs()
    tags = clients("dynamodb").list_tags_of_resource(ResourceArn=outputs["domain_table_arn"])["Tags"]
    assert {"Key": "cost-centre", "Value": "4711"} in tags
    function = clients("lambda").get_function(FunctionName=outputs["project_function_arn"])
    assert function["Tags"]["cost-centre"] == "4711"


def test_transforms_change_the_childrens_inputs(engine: Engine, stack: Stack, made: Outcome) -> None:
    clients = emulator_clients(engine.emulator.endpoint, REGION)
    for name in ("persist", "project"):
        function = stack.outputs()[f"{name}_function_arn"]
        assert clients("lambda").get_function_configuration(FunctionName=function)["MemorySize"] == 1234


def test_what_depends_on_the_component_waits_for_all_of_it(stack: Stack, made: Outcome) -> None:
    waits_for = set(stack.resource("Queue", "after")["dependencies"])
    assert waits_for >= {str(each["urn"]) for each in children(stack)}


def test_ignored_changes_are_ignored_where_a_transform_says_so(retagged: Outcome) -> None:
    updated = {type_ for type_, _ in retagged.of("update")}
    assert {"Queue", "Function", "Key"} <= updated
    assert "Table" not in updated


def test_an_alias_renames_the_component_and_everything_stays(stack: Stack, renamed: Outcome) -> None:
    assert renamed.ops() <= {"same", "update"}
    names = {str(each["urn"]).rpartition("::")[2] for each in children(stack)}
    assert {name for name in names if not name.startswith("documents-")} == set()


def test_protect_reaches_every_child(stack: Stack, protected: Outcome) -> None:
    assert {bool(each.get("protect")) for each in children(stack)} == {True}
    with pytest.raises(RefusedError, match="protected"):
        stack.run("destroy", "--yes")
