"""The plugin, started from a checkout as the engine starts it: a folder given to Python, and then gRPC."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any, TypedDict

import grpc
import pulumi
import pytest
import yaml
from google.protobuf import json_format, struct_pb2
from packaging.requirements import Requirement
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.runtime import rpc
from pulumi.runtime.proto import errors_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from cp_event_source import CpEventSource, DomainPythonLayer, key_policy_statements
from cp_event_source.inputs.spelling import in_schema
from cp_event_source.version import VERSION

from .deployment import LAYER, Deployment, physical
from .engine import running_engine
from .test_component import OUTPUTS, WITHOUT_BUS


class PlatformArgs(TypedDict):
    """Of a component that makes one of ours."""


ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "cp_event_source"
STACK = "urn:pulumi:stack::project::pulumi:pulumi:Stack::project-stack"
MESSAGE_LIMIT = 64 * 1024 * 1024


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folders that the plugin consists of, away from the repository, which is installed."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("cp_event_source", "handler"):
        ignore = shutil.ignore_patterns("__pycache__", "venv")
        shutil.copytree(ROOT / name, folder / name, symlinks=True, ignore=ignore)
    return folder


@pytest.fixture(scope="module")
def deployment() -> Deployment:
    return Deployment()


@pytest.fixture(scope="module")
def engine(deployment: Deployment) -> Iterator[str]:
    with running_engine(deployment) as address:
        yield address


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("elsewhere")


@pytest.fixture(scope="module")
def plugin(checkout: Path, engine: str, elsewhere: Path) -> Iterator[provider_pb2_grpc.ResourceProviderStub]:
    with (
        (elsewhere / "stderr").open("w") as stderr,
        subprocess.Popen(
            [sys.executable, "-u", str(checkout / "cp_event_source"), engine],
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            cwd=elsewhere,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            options = [("grpc.max_receive_message_length", MESSAGE_LIMIT)]
            with grpc.insecure_channel(f"127.0.0.1:{port}", options) as channel:
                yield provider_pb2_grpc.ResourceProviderStub(channel)
        finally:
            process.terminate()


def construct(
    plugin: provider_pb2_grpc.ResourceProviderStub, engine: str, type_: str, name: str, inputs: dict[str, Any]
) -> dict[str, Any]:
    """What the plugin gives back for a component of a program in another language."""
    struct = struct_pb2.Struct()
    struct.update(inputs)
    response = plugin.Construct(
        provider_pb2.ConstructRequest(
            project="project",
            stack="stack",
            monitorEndpoint=engine,
            type=f"cp-event-source:index:{type_}",
            name=name,
            parent=STACK,
            inputs=struct,
            parallel=4,
        )
    )
    state: dict[str, Any] = json_format.MessageToDict(response.state)
    return state


def test_it_gives_its_schema(plugin: provider_pb2_grpc.ResourceProviderStub) -> None:
    schema = json.loads(plugin.GetSchema(provider_pb2.GetSchemaRequest(version=0)).schema)
    assert (schema["name"], schema["version"]) == ("cp-event-source", VERSION)
    assert schema["license"] == "Apache-2.0"
    assert schema["types"].keys() == {
        f"cp-event-source:index:{name}" for name in ("Functions", "Index", "Monitoring", "SignedCode")
    }
    assert schema["resources"].keys() == {
        "cp-event-source:index:CpEventSource",
        "cp-event-source:index:DomainPythonLayer",
    }


def test_it_constructs_the_component_with_the_code_of_its_own_checkout(
    plugin: provider_pb2_grpc.ResourceProviderStub, engine: str, deployment: Deployment, checkout: Path
) -> None:
    """Whole numbers arrive as floats here."""
    deployment.resources.clear()
    state = construct(
        plugin,
        engine,
        "CpEventSource",
        "files",
        {
            "cpDomainName": "File",
            "cpDomainLogicLayer": LAYER,
            "cpEventBus": "company",
            "maxFutureSkewSeconds": 60,
            "eventsPerSnapshot": 50,
            "tags": {"team": "files"},
            "domainTableIndexes": [{"name": "by-status", "hashKey": "Status", "projection": "KEYS_ONLY"}],
        },
    )
    assert deployment.names() == WITHOUT_BUS
    assert {in_schema(name) for name in OUTPUTS} <= state.keys()
    assert state["domainTableName"] == physical("files-domain")
    assert state["eventBusName"] == "company"
    assert "eventBus" not in state
    function = deployment.only("Function", "files-persist").inputs
    assert function["environment"]["variables"]["MAX_FUTURE_SKEW_SECONDS"] == "60"
    project = deployment.only("Function", "files-project").inputs
    assert project["environment"]["variables"]["EVENTS_PER_SNAPSHOT"] == "50"
    assert function["tags"]["team"] == "files"
    assert deployment.only("Table", "files-domain").inputs["globalSecondaryIndexes"][1] == {
        "name": "by-status",
        "keySchemas": [{"attributeName": "Status", "keyType": "HASH"}],
        "projectionType": "KEYS_ONLY",
    }
    assert function["code"].assets["handler/persist_function.py"].path == str(
        checkout / "handler" / "persist_function.py"
    )


def test_it_constructs_the_layer_and_warns_through_the_engine(
    plugin: provider_pb2_grpc.ResourceProviderStub, engine: str, deployment: Deployment
) -> None:
    source_dir = str(ROOT / "tests" / "fixtures" / "seed_layer")
    state = construct(plugin, engine, "DomainPythonLayer", "file-domain", {"sourceDir": source_dir})
    assert state["arn"].endswith(":layer:file-domain:1")
    assert any("datetime.utcnow()" in warning for warning in deployment.warnings)


def refused(
    plugin: provider_pb2_grpc.ResourceProviderStub, engine: str, inputs: dict[str, Any], type_: str = "CpEventSource"
) -> dict[str, str]:
    """Why the plugin refuses inputs, by the path of each, as the engine reads it from the status."""
    with pytest.raises(grpc.RpcError) as raised:
        construct(plugin, engine, type_, "files", inputs)
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "Traceback" not in raised.value.details()
    ((_, details),) = (each for each in raised.value.trailing_metadata() if each[0] == "grpc-status-details-bin")
    status = status_pb2.Status.FromString(details)
    assert status.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    found = errors_pb2.InputPropertiesError()
    (packed,) = status.details
    assert packed.Unpack(found)
    return {error.property_path: error.reason for error in found.errors}


GOOD = {"cpDomainName": "File", "cpDomainLogicLayer": LAYER}
INDEX = {"name": "by-status", "hashKey": "Status"}
SIGNED = {"s3Bucket": "b", "s3Key": "k", "s3ObjectVersion": "v"}
LATER = {rpc._special_sig_key: rpc._special_output_value_sig}
SECRET = {rpc._special_sig_key: rpc._special_secret_sig, "value": 5}


@pytest.mark.parametrize(
    ("inputs", "path", "reason"),
    [
        (GOOD | {"cpDomainName": ""}, "cpDomainName", "must not be blank; got ''"),
        ({"cpDomainLogicLayer": LAYER}, "cpDomainName", "must be given; got nothing"),
        (GOOD | {"eventsPerSnapshot": 1}, "eventsPerSnapshot", "must be a whole number of events"),
        (GOOD | {"publishers": ["*"]}, "publishers[0]", "must be an account's number"),
        (
            GOOD | {"functions": {"signedCode": SIGNED}},
            "functions.signedCode.codeSigningConfigArn",
            "got nothing",
        ),
        (
            GOOD | {"functions": {"signedCode": {"s3Buket": "b"}}},
            "functions.signedCode.s3Buket",
            "did you mean s3Bucket?",
        ),
        (GOOD | {"domainTableIndexes": [{"name": "by-status"}]}, "domainTableIndexes[0].hashKey", "got nothing"),
        (GOOD | {"domainTableIndexes": [INDEX, INDEX]}, "domainTableIndexes[1].name", "must be another name"),
        (
            GOOD | {"domainTableIndexes": [INDEX | {"rangeKeyType": "N"}]},
            "domainTableIndexes[0].rangeKeyType",
            "must be left out without rangeKey; got 'N'; give rangeKey, too",
        ),
        (GOOD | {"domainTableIndexes": [INDEX | {"hashkey": "x"}]}, "domainTableIndexes[0].hashkey", "hashKey?"),
        (
            GOOD | {"domainTableIndexes": LATER | {"value": [INDEX | {"hashkey": "x"}]}},
            "domainTableIndexes[0].hashkey",
            "hashKey?",
        ),
        (
            GOOD | {"domainTableIndexes": [INDEX, INDEX | {"name": LATER | {"value": "x"}}]},
            "domainTableIndexes[1].name",
            "must be 3 to 255 ASCII letters",
        ),
        (GOOD | {"publishers": [LATER | {"value": "*"}]}, "publishers[0]", "must be an account's number"),
        (
            GOOD | {"monitoring": {"alarmActions": LATER | {"value": ["x"]}}},
            "monitoring.alarmActions[0]",
            "must be an ARN",
        ),
        (
            GOOD | {"monitoring": {"alarmThresholds": LATER | {"value": {"x": 1}}}},
            "monitoring.alarmThresholds.x",
            "is not an alarm",
        ),
        (GOOD | {"tags": LATER | {"value": {"team": 5}}}, "tags.team", "must be a string; got 5"),
        (GOOD | {"tags": {"team": LATER | {"value": 5}}}, "tags.team", "must be a string; got 5"),
        (GOOD | {"functions": {"subnetIds": ["x"]}}, "functions.subnetIds", "securityGroupIds"),
        (GOOD | {"functions": {"environment": LATER | {"value": {"_": "x"}}}}, "functions.environment._", "must be"),
        (GOOD | {"monitoring": {"alarms": LATER}}, "monitoring.alarms", "must be a boolean; got an output"),
        (
            GOOD | {"functions": {"signedCode": LATER | {"value": SIGNED}}},
            "functions.signedCode.codeSigningConfigArn",
            "got nothing",
        ),
        (GOOD | {"domainTableIndexes": {"0": INDEX}}, "domainTableIndexes", "must be a list of indexes"),
        (GOOD | {"cpEventBuss": "company"}, "cpEventBuss", "is not an input; did you mean cpEventBus?"),
        (GOOD | {"events_per_snapshot": 50}, "events_per_snapshot", "is not an input; did you mean eventsPerSnapshot?"),
        (GOOD | {"functions": {"log_level": "INFO"}}, "functions.log_level", "did you mean logLevel?"),
        (GOOD | {"kmsKeyArn": LATER | {"value": "alias/company"}}, "kmsKeyArn", "must be the ARN of a KMS key"),
        (GOOD | {"development": LATER}, "development", "must be a boolean; got an output"),
        (GOOD | {"eventsPerSnapshot": SECRET}, "eventsPerSnapshot", "must be a whole number of events"),
        (GOOD | {"cpDomainName": SECRET}, "cpDomainName", "must be a plain string, such as 'File'; got an output"),
    ],
)
def test_a_bad_input_comes_back_under_the_name_that_the_caller_gave_it(
    inputs: dict[str, Any], path: str, reason: str, plugin: provider_pb2_grpc.ResourceProviderStub, engine: str
) -> None:
    assert reason in refused(plugin, engine, inputs)[path]


def test_a_bad_input_that_comes_later_is_said_once(
    plugin: provider_pb2_grpc.ResourceProviderStub, engine: str, deployment: Deployment, elsewhere: Path
) -> None:
    """It leaves outputs that nobody awaits. Python finds them while the plugin goes on."""
    for _ in range(6):
        refused(plugin, engine, GOOD | {"domainTableIndexes": LATER | {"value": [INDEX | {"hashkey": "x"}]}})
    deployment.resources.clear()
    construct(plugin, engine, "CpEventSource", "files", GOOD)
    assert (elsewhere / "stderr").read_text() == ""


def test_all_errors_of_a_call_come_at_once(plugin: provider_pb2_grpc.ResourceProviderStub, engine: str) -> None:
    actions = ["x", "arn:aws:sns:eu-west-1:123456789012:a", "y"]
    inputs = {"cpDomainName": 5, "monitoring": {"alarmActions": actions}, "taggs": {}}

    found = refused(plugin, engine, inputs)

    assert found.keys() == {
        *("cpDomainName", "cpDomainLogicLayer", "taggs"),
        *("monitoring.alarmActions[0]", "monitoring.alarmActions[2]"),
    }
    assert not any("_" in reason.partition("got")[0] for reason in found.values())


def test_so_do_those_of_the_layer(plugin: provider_pb2_grpc.ResourceProviderStub, engine: str) -> None:
    assert refused(plugin, engine, {"sourcDir": "x"}, "DomainPythonLayer").keys() == {"sourcDir", "sourceDir"}
    assert "must be the path" in refused(plugin, engine, {}, "DomainPythonLayer")["sourceDir"]


def call(plugin: provider_pb2_grpc.ResourceProviderStub, token: str, args: dict[str, Any]) -> dict[str, Any]:
    struct = struct_pb2.Struct()
    struct.update(args)
    answer: dict[str, Any] = json_format.MessageToDict(
        plugin.Invoke(provider_pb2.InvokeRequest(tok=token, args=struct))
    )
    return answer


KEY_POLICY_STATEMENTS = "cp-event-source:index:keyPolicyStatements"


def test_other_languages_get_the_statements_for_the_policy_of_a_key(
    plugin: provider_pb2_grpc.ResourceProviderStub,
) -> None:
    place = {"partition": "aws", "region": "eu-central-1", "account": "111122223333"}
    answer = call(plugin, KEY_POLICY_STATEMENTS, place)
    assert answer == {"return": {"statements": key_policy_statements(**place)}}


def test_a_functions_bad_arguments_come_back_with_their_names(plugin: provider_pb2_grpc.ResourceProviderStub) -> None:
    answer = call(plugin, KEY_POLICY_STATEMENTS, {"partition": "AWS", "regoin": "eu-central-1", "account": "1"})
    assert {each["property"]: each["reason"] for each in answer["failures"]} == {
        "regoin": "is not an input; did you mean region?",
        "partition": "must be a partition, such as aws; got 'AWS'",
        "region": "must be the name of a region, such as eu-central-1; got nothing",
        "account": "must be an account's number (12 digits); got '1'",
    }


def test_a_function_that_there_is_not_is_refused(plugin: provider_pb2_grpc.ResourceProviderStub) -> None:
    with pytest.raises(
        grpc.RpcError, match=rf"keyPolicy: must be a function of the package; use {KEY_POLICY_STATEMENTS}"
    ):
        call(plugin, "cp-event-source:index:keyPolicy", {})


def test_other_components_can_have_ours_among_their_outputs(tmp_path: Path) -> None:
    """Pulumi infers the schema of a package from its components' types. Ours must say which package they are of; and
    that package is no plugin to install for programs in Python, which have the component itself."""

    class Platform(pulumi.ComponentResource):
        files: pulumi.Output[CpEventSource]
        layer: pulumi.Output[DomainPythonLayer]

        def __init__(self, name: str, args: PlatformArgs, opts: pulumi.ResourceOptions | None = None) -> None: ...

    schema = json.loads(ComponentProvider([Platform], "platform", version="1.2.3").schema or "")
    properties = schema["resources"]["platform:index:Platform"]["properties"]
    for name, type_ in (("files", "CpEventSource"), ("layer", "DomainPythonLayer")):
        reference = f"/cp-event-source/v{VERSION}/schema.json#/resources/cp-event-source:index:{type_}"
        assert properties[name]["$ref"] == reference
    about = json.loads((PLUGIN / "pulumi-plugin.json").read_text())
    assert about == {"resource": False, "name": "cp-event-source", "version": VERSION}


def test_no_module_hides_one_of_pythons_since_the_folder_is_first_on_the_path() -> None:
    names = {path.stem for path in PLUGIN.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert names & set(sys.stdlib_module_names) == set()


def test_the_plugin_file_asks_for_an_environment_of_its_own() -> None:
    plugin_file = yaml.safe_load((PLUGIN / "PulumiPlugin.yaml").read_text())
    assert plugin_file == {"runtime": {"name": "python", "options": {"toolchain": "pip", "virtualenv": "venv"}}}


def pins(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9][a-z0-9.-]*)==([^ ;\\\n]+)", path.read_text(), flags=re.MULTILINE))


def needed(name: str, found: set[str]) -> set[str]:
    """A distribution and all that it needs to run here."""
    if name not in found:
        found.add(name)
        for text in metadata.requires(name) or []:
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                needed(re.sub(r"[-_.]+", "-", requirement.name).lower(), found)
    return found


def test_the_plugins_requirements_are_all_it_needs_and_nothing_else() -> None:
    found: set[str] = set()
    for text in metadata.requires("cp-event-source") or []:
        requirement = Requirement(text)
        if requirement.marker is None:
            needed(requirement.name, found)
    assert pins(PLUGIN / "requirements.txt").keys() == found


def test_the_plugins_requirements_are_the_tested_versions_and_name_no_host() -> None:
    tested = pins(ROOT / "requirements.txt")
    plugin_pins = pins(PLUGIN / "requirements.txt")
    assert plugin_pins == {name: tested[name] for name in plugin_pins}
    assert "//" not in (PLUGIN / "requirements.txt").read_text()
