"""A program in any language has the package's components in the local run, which the package's plugin constructs."""

import json
from pathlib import Path
from typing import Any

import pytest

from cp_event_source import key_policy_statements
from cp_event_source.local import LocalRun, Stack, construct
from cp_event_source.local.errors import ProgramError
from tests.local.conftest import Announcements
from tests.local.programs_on_disk import PROGRAMS, write_binary, write_program

EXAMPLES = Path(__file__).parents[2] / "examples"
LAYER = str(EXAMPLES / "default" / "file_domain")
EVENTS = json.loads((EXAMPLES / "default" / "events.json").read_text())

FUNCTION = "cp-event-source:index:keyPolicyStatements"
FEATURES = ["secrets", "outputValues", "aliasSpecs", "resourceReferences", "transforms", "parameterization"]


@pytest.fixture(scope="module")
def stack(run: LocalRun, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    program = write_binary(
        tmp_path_factory.mktemp("programs") / "remote",
        f"""
        layer = component("DomainPythonLayer", "remote-domain", {{"sourceDir": {LAYER!r}}})
        bus = register("aws:cloudwatch/eventBus:EventBus", "company", custom=True)
        provider = register("pulumi:providers:aws", "own", {{"region": "us-east-1"}}, custom=True)
        files = component(
            "CpEventSource",
            "remote",
            {{
                "cpDomainName": "Remote",
                "cpDomainLogicLayer": OUTPUT | {{"value": layer["arn"], "dependencies": [layer["urn"]]}},
                "cpEventBus": SECRET | {{"value": bus["name"]}},
                "tags": {{"team": OUTPUT | {{"value": "files", "secret": True}}}},
                "functions": {{"logRetentionDays": 30}},
            }},
            dependencies=[bus["urn"]],
            providers={{"aws": f"{{provider['urn']}}::{{provider['id']}}"}},
            protect=True,
            ignoreChanges=["tags"],
            packageRef=package("cp-event-source"),
        )
        export(
            bus=files["eventBusName"],
            table=files["domainTable"],
            arn=get(files["domainTable"])["arn"],
            component=get(files)["domainTableName"],
            config=CONFIG,
            features=[name for name in {[*FEATURES, "resourceHooks", "later"]!r} if feature(name)],
        )
        """,
    )
    return run.deploy(program, {"aws:region": "us-east-1", "note": "for the program"})


def only(stack: Stack, kind: str, name: str) -> Any:
    (found,) = (each for each in stack.resources if each.type == kind and each.name == name)
    return found


def test_a_component_is_constructed_with_its_children_under_it(stack: Stack) -> None:
    table = only(stack, "aws:dynamodb/table:Table", "remote-domain")
    assert table.urn.endswith("::cp-event-source:index:CpEventSource$aws:dynamodb/table:Table::remote-domain")
    assert [pipeline.name for pipeline in stack.pipelines] == ["remote"]
    assert stack.pipelines[0].domain_name == "Remote"
    assert stack.outputs["config"] == {"aws:region": "us-east-1", "remote:note": "for the program"}


def test_secrets_outputs_and_whole_numbers_arrive_as_their_values(stack: Stack) -> None:
    assert stack.outputs["bus"].startswith("company-")
    table = only(stack, "aws:dynamodb/table:Table", "remote-domain")
    assert table.inputs["tags"]["team"] == "files"
    assert only(stack, "aws:cloudwatch/logGroup:LogGroup", "remote-project-logs").inputs["retentionInDays"] == 30


def test_a_reference_to_a_resource_leads_to_its_outputs(stack: Stack) -> None:
    """SDKs make a resource of a reference, and ask for what it has."""
    table = only(stack, "aws:dynamodb/table:Table", "remote-domain")
    assert stack.outputs["table"] == table.id
    assert stack.outputs["arn"] == table.outputs["arn"]
    assert stack.outputs["component"] == table.id


def test_sdks_hear_which_features_there_are(stack: Stack) -> None:
    assert stack.outputs["features"] == FEATURES


def test_a_function_of_the_package_is_called(run: LocalRun, tmp_path: Path) -> None:
    program = write_binary(
        tmp_path / "calling",
        f"""
        arguments = {{"partition": "aws", "region": SECRET | {{"value": "eu-west-1"}}, "account": "111122223333"}}
        export(statements=look_up({FUNCTION!r}, arguments)["statements"])
        """,
    )

    statements = run.deploy(program).outputs["statements"]

    assert statements == key_policy_statements(partition="aws", region="eu-west-1", account="111122223333")


def test_events_become_rows(run: LocalRun, stack: Stack) -> None:
    (pipeline,) = stack.pipelines
    events = [{**event, "DomainName": "Remote"} for event in EVENTS if event["DomainId"].startswith("aefbd80d")]

    assert set(run.publish(events)) == {"Remote"}
    run.drain()

    (row,) = pipeline.rows().values()
    assert row.state.attributes["Name"] == {"S": "report-2026-q1.pdf"}


def test_a_program_that_runs_again_changes_only_what_it_must(run: LocalRun, tmp_path: Path) -> None:
    code = f"""
    layer = component("DomainPythonLayer", "again-domain", {{"sourceDir": {LAYER!r}}})
    component("CpEventSource", "again", {{"cpDomainName": "Again", "cpDomainLogicLayer": layer["arn"]%s}})
    """
    program = write_binary(tmp_path / "again", code % "")
    run.deploy(program)

    write_binary(program, code % ', "eventsPerSnapshot": 20')

    changes = run.deploy(program).changes
    assert [each.name for each in changes.updated] == ["again-project"]
    assert not changes.created
    assert not changes.removed


def refused(run: LocalRun, folder: Path, code: str) -> str:
    with pytest.raises(ProgramError) as raised:
        run.deploy(write_binary(folder, code))
    return str(raised.value).partition("refused: ")[2]


GOOD = '"cpDomainName": "File", "cpDomainLogicLayer": "arn:aws:lambda:us-east-1:000000000000:layer:file:1"'


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (
            f'component("CpEventSource", "files", {{{GOOD}, "cpEventBuss": "company"}})',
            "cp-event-source:index:CpEventSource 'files': cpEventBuss: is not an input; did you mean cpEventBus?",
        ),
        (
            'component("DomainPythonLayer", "files", {"sourceDir": "nowhere"})',
            "cp-event-source:index:DomainPythonLayer 'files': sourceDir: ",
        ),
        (
            'component("CpEventSources", "files", {})',
            "cp-event-source:index:CpEventSources 'files': must be a component of cp-event-source, which has ",
        ),
        (
            'register("random:index/randomPet:RandomPet", "pet", remote=True)',
            "random:index/randomPet:RandomPet 'pet': a component of the package 'random', and a local run has only ",
        ),
        (
            'look_up("aws:ec2/getVpc:getVpc")',
            "aws:ec2/getVpc:getVpc: a local run does not know this function; use a resource's outputs instead, or ",
        ),
        (
            f'look_up({FUNCTION!r}, {{"partition": "aws", "region": "eu-west-1", "account": "1"}})',
            f"{FUNCTION}: account: must be ",
        ),
        (
            f'look_up({FUNCTION!r}, {{"partition": "aws"}})',
            f"{FUNCTION}: 2 inputs are bad:\n  ",
        ),
        (
            'look_up("cp-event-source:index:keyPolicy")',
            "cp-event-source:index:keyPolicy: must be a function of cp-event-source, which has ",
        ),
        (
            'get({"urn": "urn:pulumi:local::other::aws:sqs/queue:Queue::q"})',
            "pulumi:pulumi:getResource: must be a resource of this program; got urn:pulumi:local::other::aws:sqs/queue",
        ),
        ('log_error("\\x1b[31mread\\x1b[0m, not coloured"); raise SystemExit(32)', "read, not coloured"),
    ],
)
def test_what_is_refused_ends_the_program_and_is_said_as_it_spells_it(
    run: LocalRun, tmp_path: Path, code: str, message: str
) -> None:
    """The program itself would wait for ever."""
    assert refused(run, tmp_path / "refused", code).startswith(message)


def test_all_bad_inputs_of_a_component_are_named(run: LocalRun, tmp_path: Path) -> None:
    code = 'component("CpEventSource", "files", {"cpDomainName": "", "eventsPerSnapshot": 1, "publishers": ["*"]})'

    first, *lines = refused(run, tmp_path / "refused", code).splitlines()

    assert first == "cp-event-source:index:CpEventSource 'files': 4 inputs are bad:"
    assert {line.split(":")[0] for line in lines} == {
        "  cpDomainName",
        "  cpDomainLogicLayer",
        "  eventsPerSnapshot",
        "  publishers[0]",
    }


def test_a_component_whose_child_is_refused_fails_with_the_childs_reason_alone(run: LocalRun, tmp_path: Path) -> None:
    """A program in Python ends by itself, so the component's own failure comes, too."""
    config = "arn:aws:lambda:us-east-1:000000000000:code-signing-config:csc-0123456789abcdef0"
    signed = {"s3Bucket": "b", "s3Key": "k", "s3ObjectVersion": "v", "codeSigningConfigArn": config}
    program = write_program(
        tmp_path / "signed",
        f"""
        import pulumi
        pulumi.ComponentResource(
            "cp-event-source:index:CpEventSource",
            "files",
            {{{GOOD}, "functions": {{"signedCode": {signed}}}}},
            remote=True,
        )
        """,
    )

    with pytest.raises(ProgramError) as raised:
        run.deploy(program)

    reasons = str(raised.value).partition("signed: ")[2].splitlines()
    assert reasons
    assert all(line.startswith("aws:lambda/function:Function 'files-") for line in reasons), reasons


def test_the_plugin_gets_all_that_the_program_says_of_a_component(
    run: LocalRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(construct, "_PLUGIN", PROGRAMS / "plugin.py")
    program = write_binary(
        tmp_path / "echoed",
        """
        after = resource_pb2.RegisterResourceRequest.PropertyDependencies(urns=["urn:a"])
        made = component(
            "CpEventSource",
            "files",
            {"secret": SECRET | {"value": 1}, "output": OUTPUT | {"value": 2}, "resource": RESOURCE | {"urn": "urn:b"}},
            propertyDependencies={"output": after},
            dependencies=["urn:c"],
            providers={"aws": "urn:d::id"},
            protect=True,
            retainOnDelete=True,
            deletedWith="urn:e",
            ignoreChanges=["tags"],
            replaceOnChanges=["cpDomainName"],
            additionalSecretOutputs=["domainName"],
        )
        export(request=made["request"], urn=made["urn"], after=made["after"])
        """,
    )

    outputs = run.deploy(program, {"key": "value"}).outputs

    request = json.loads(outputs["request"])
    signature = "4dabf18193072939515e22adb298388d"
    kinds = {name: each.pop(signature)[:8] for name, each in request["inputs"].items()}
    assert kinds == {"secret": "1b470612", "output": "d0e6a833", "resource": "5cf8f730"}
    assert request.pop("monitorEndpoint") == request.pop("engine")
    assert request == {
        "project": "echoed",
        "stack": "local",
        "organization": "organization",
        "config": {"echoed:key": "value"},
        "parallel": 16,
        "type": "cp-event-source:index:CpEventSource",
        "name": "files",
        "parent": "urn:pulumi:local::echoed::pulumi:pulumi:Stack::echoed-local",
        "inputs": {"secret": {"value": 1}, "output": {"value": 2}, "resource": {"urn": "urn:b"}},
        "inputDependencies": {"output": {"urns": ["urn:a"]}},
        "dependencies": ["urn:c"],
        "providers": {"aws": "urn:d::id"},
        "protect": True,
        "retainOnDelete": True,
        "deletedWith": "urn:e",
        "ignoreChanges": ["tags"],
        "replaceOnChanges": ["cpDomainName"],
        "additionalSecretOutputs": ["domainName"],
        "aliases": [{"spec": {"name": "earlier"}}],
        "acceptsOutputValues": True,
    }
    assert outputs["urn"] == "urn:of:plugin"
    assert outputs["after"] == {"request": ["urn:pulumi:local::echoed::a:b:C::c"]}


def test_a_plugin_that_does_not_start_is_the_error(
    run: LocalRun, tmp_path: Path, announcements: Announcements, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plugin.py").write_text("raise SystemExit('no such library')")
    monkeypatch.setattr(construct, "_PLUGIN", tmp_path / "plugin.py")

    message = refused(run, tmp_path / "refused", 'component("DomainPythonLayer", "files", {})')

    assert message.endswith("'files': the plugin of cp-event-source does not start; what it wrote is above")
    assert "no such library" in announcements


STARTING = """
import sys, time
import grpc
from pulumi.runtime.proto import resource_pb2, resource_pb2_grpc

try:
    monitor = resource_pb2_grpc.ResourceMonitorStub(grpc.insecure_channel(sys.argv[1]))
    monitor.Invoke(resource_pb2.ResourceInvokeRequest(tok="aws:ec2/getVpc:getVpc"))
finally:
    time.sleep(600)
"""


def test_what_is_interrupted_by_a_refusal_is_no_further_error(
    run: LocalRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here the plugin, which has not started when something is refused."""
    (tmp_path / "plugin.py").write_text(STARTING)
    monkeypatch.setattr(construct, "_PLUGIN", tmp_path / "plugin.py")

    reasons = refused(run, tmp_path / "refused", 'component("DomainPythonLayer", "files", {})').splitlines()

    assert [reason.partition(": ")[0] for reason in reasons] == ["aws:ec2/getVpc:getVpc"]


def test_the_layers_warnings_are_announced(run: LocalRun, tmp_path: Path, announcements: Announcements) -> None:
    layer = str(PROGRAMS.parents[1] / "fixtures" / "seed_layer")
    run.deploy(write_binary(tmp_path / "warned", f'component("DomainPythonLayer", "seed", {{"sourceDir": {layer!r}}})'))

    assert any(line.startswith("warning: ") and "datetime.utcnow()" in line for line in announcements)


def test_a_relative_folder_of_a_layer_starts_where_the_program_runs(run: LocalRun, tmp_path: Path) -> None:
    program = write_binary(
        tmp_path / "relative", 'component("DomainPythonLayer", "relative", {"sourceDir": "parts/domain"})'
    )
    handler = program / "parts" / "domain" / "domain_handler.py"
    handler.parent.mkdir(parents=True)
    handler.write_text((EXAMPLES / "default" / "file_domain" / "domain_handler.py").read_text())

    stack = run.deploy(program)

    assert run.layer_folders().count(handler.parent) == 1
    assert [each.name for each in stack.resources if each.id] == ["relative-layer"]


def test_a_program_in_python_may_have_the_components_as_remote_ones(run: LocalRun, tmp_path: Path) -> None:
    program = write_program(
        tmp_path / "python-remote",
        f"""
        import pulumi
        class Layer(pulumi.ComponentResource):
            arn: pulumi.Output[str]
            def __init__(self, name, source_dir):
                props = {{"sourceDir": source_dir, "arn": None}}
                super().__init__("cp-event-source:index:DomainPythonLayer", name, props, None, remote=True)
        pulumi.export("arn", Layer("python-remote", {LAYER!r}).arn)
        """,
    )

    assert run.deploy(program).outputs["arn"].endswith(":layer:python-remote:1")
