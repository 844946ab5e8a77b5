"""A program that is deployed again is updated: what changed is changed, and nothing else is touched.

Only one test runs programs, which take seconds; the others register what a program would.
"""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import struct_pb2
from pulumi.runtime import rpc
from pulumi.runtime.proto import resource_pb2

from cp_event_source.layer.layer_files import layer_files
from cp_event_source.local import LocalRun, Stack
from cp_event_source.local import run as run_module
from cp_event_source.local.deployment import Deployment
from cp_event_source.local.errors import FailedStartError, LocalRunError, ProgramError
from cp_event_source.local.monitor import STACK_TYPE, Monitor
from cp_event_source.local.project import Program
from tests.local.conftest import Announcements
from tests.local.programs_on_disk import write_program

LOGIC = """
class Thing:
    def apply(self, event_name):
        pass

class Domain:
    @staticmethod
    def create_new(domain_id):
        return Thing()
    @staticmethod
    def from_dynamo_item(item):
        return Thing()
    @staticmethod
    def to_dynamo_item(thing):
        return {}
"""

CODE = (
    "import os, domain_handler\ndef handle(event, context):\n    return [domain_handler.__doc__, os.environ['SIZE']]\n"
)


PROGRAM = """
import pulumi, pulumi_aws as aws
from cp_event_source import DomainPythonLayer, DomainPythonLayerArgs

role = aws.iam.Role("role", assume_role_policy="{}")
layer = DomainPythonLayer("logic-of-a-program", DomainPythonLayerArgs(source_dir="logic"))
function = aws.lambda_.Function("function", role=role.arn, runtime="python3.14", handler="code.handle",
    code=pulumi.AssetArchive({"code.py": pulumi.FileAsset("code.py")}), layers=[layer.arn],
    environment={"variables": {"LAYER": layer.arn, "SIZE": "1"}})
pulumi.export("function", function.name)
"""


def archive(files: dict[str, Path]) -> dict[str, Any]:
    """As Pulumi sends it."""
    assets = {name: {rpc._special_sig_key: rpc._special_asset_sig, "path": str(path)} for name, path in files.items()}
    return {rpc._special_sig_key: rpc._special_archive_sig, "assets": assets}


Register = Callable[..., dict[str, Any]]


class Registering:
    """A program without Python: what it registers, with inputs that tests change."""

    def __init__(self, run: LocalRun, folder: Path) -> None:
        self.run = run
        self.folder = write_program(folder, "")
        self.logic = folder / "logic"
        self.logic.mkdir()
        (self.logic / "domain_handler.py").write_text('"one"' + LOGIC)
        (folder / "code.py").write_text(CODE)
        self.with_target = True
        self.more: tuple[str, ...] = ()
        self.queue: dict[str, Any] = {}
        self.function: dict[str, Any] = {}
        self.rule: dict[str, Any] = {"eventPattern": '{"source": ["one"]}'}
        self.tags_with_layer = False

    def __call__(self, program: Program, deployment: Deployment) -> None:
        """In the place of `run_program`."""
        monitor = Monitor(deployment)

        def register(kind: str, name: str, parent: str = "", **inputs: Any) -> dict[str, Any]:
            values = struct_pb2.Struct()
            values.update(inputs)
            request = resource_pb2.RegisterResourceRequest(
                type=kind, name=name, parent=parent, object=values, custom=kind.startswith("aws:")
            )
            try:
                answer = monitor._register(request)
            except LocalRunError as error:
                raise ProgramError(f"{kind} {name!r}: {error}") from error
            return {"urn": answer.urn, **rpc.deserialize_properties(answer.object)}

        register(STACK_TYPE, "stack")
        deployment.outputs.update(self._resources(register))

    def _resources(self, register: Register) -> dict[str, Any]:
        role = register("aws:iam/role:Role", "role", assumeRolePolicy="{}")
        component = register("cp-event-source:index:DomainPythonLayer", "logic")
        layer = register(
            "aws:lambda/layerVersion:LayerVersion",
            "logic-layer",
            component["urn"],
            layerName=f"logic-{self.folder.name}",
            code=archive(layer_files(self.logic.resolve())),
        )
        tags = {"tags": {"Layer": layer["arn"]}} if self.tags_with_layer else {}
        outputs = {"queue": register("aws:sqs/queue:Queue", "queue", **self.queue, **tags)}
        for name in self.more:
            outputs[name] = register("aws:sqs/queue:Queue", name)
        bus = register("aws:cloudwatch/eventBus:EventBus", "bus")
        outputs["rule"] = rule = register(
            "aws:cloudwatch/eventRule:EventRule", "rule", **{"eventBusName": bus["name"], **self.rule}
        )
        if self.with_target:
            register(
                "aws:cloudwatch/eventTarget:EventTarget",
                "target",
                rule=rule["name"],
                eventBusName=rule["eventBusName"],
                arn=outputs["queue"]["arn"],
            )
        values: dict[str, Any] = {
            "role": role["arn"],
            "runtime": "python3.14",
            "handler": "code.handle",
            "code": archive({"code.py": self.folder / "code.py"}),
            "layers": [layer["arn"]],
            "environment": {"variables": {"LAYER": layer["arn"], "SIZE": "1"}},
        }
        function = register("aws:lambda/function:Function", "function", **values | self.function)
        outputs["function"] = {"name": function["name"]}
        return outputs

    def deploy(self) -> Stack:
        return self.run.deploy(self.folder)

    def configuration(self) -> dict[str, Any]:
        outputs = self.run._programs[f"{self.folder.name}/local"].outputs
        assert outputs is not None
        name = outputs["function"]["name"]
        found: dict[str, Any] = self.run.client("lambda").get_function_configuration(FunctionName=name)
        return found


@pytest.fixture
def program(run: LocalRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registering:
    program = Registering(run, tmp_path / f"p{tmp_path.name[-40:]}")
    monkeypatch.setattr(run_module, "run_program", program)
    return program


def call(run: LocalRun, stack: Stack) -> Any:
    answer = run.client("lambda").invoke(FunctionName=stack.outputs["function"], Payload=b"{}")
    return json.loads(answer["Payload"].read())


def names(resources: Any) -> set[str]:
    return {f"{each.type.rpartition(':')[2]} {each.name}" for each in resources}


def test_a_changed_layer_folder_alone_or_with_its_program_reaches_the_running_function(
    run: LocalRun, tmp_path: Path
) -> None:
    folder = write_program(tmp_path / "changing", PROGRAM)
    (folder / "logic").mkdir()
    (folder / "logic" / "domain_handler.py").write_text('"one"' + LOGIC)
    (folder / "code.py").write_text(CODE)
    first = run.deploy(folder)
    assert call(run, first) == ["one", "1"]

    (folder / "logic" / "domain_handler.py").write_text('"two"' + LOGIC)
    assert run.deploy_layer((folder / "logic").resolve())
    assert call(run, first) == ["two", "1"]

    (folder / "code.py").write_text(CODE.replace("return [", "return ['new', "))
    second = run.deploy(write_program(folder, PROGRAM.replace('"SIZE": "1"', '"SIZE": "2"')))
    assert call(run, second) == ["new", "two", "2"]
    assert names(second.changes.updated) == {"Function function"}  # of the layer the program finds what it would make
    assert (second.changes.created, second.changes.removed) == ([], [])


def test_what_is_equal_is_left_alone(program: Registering, announcements: Announcements) -> None:
    first = program.deploy()
    before = list(announcements)

    second = program.deploy()

    assert not second.changes
    assert second.outputs == first.outputs
    assert announcements == before


def test_a_function_gets_what_changed_and_keeps_the_rest(program: Registering) -> None:
    program.deploy()
    program.function = {
        "timeout": 7,
        "memorySize": 256,
        "environment": {"variables": {"SIZE": "2"}},
        "tracingConfig": {"mode": "Active"},
        "loggingConfig": {"logFormat": "JSON", "systemLogLevel": "WARN"},
    }

    changes = program.deploy().changes

    now = program.configuration()
    assert (now["Timeout"], now["MemorySize"]) == (7, 256)
    assert now["Environment"]["Variables"] == {"SIZE": "2"}
    assert now["TracingConfig"]["Mode"] == "Active"
    assert now["LoggingConfig"]["SystemLogLevel"] == "WARN"
    assert len(now["Layers"]) == 1
    assert names(changes.updated) == {"Function function"}

    program.function = {}
    program.deploy()
    now = program.configuration()
    assert (now["Timeout"], now["MemorySize"], len(now["Layers"])) == (3, 128, 1)


def test_a_function_that_no_longer_starts_has_what_it_had_before(program: Registering) -> None:
    program.deploy()
    layers = program.configuration()["Layers"]
    program.function = {"layers": []}
    with pytest.raises(FailedStartError, match=r"code\.py imports domain_handler, which neither its code"):
        program.deploy()
    assert program.configuration()["Layers"] == layers


def test_what_is_new_is_created_what_is_gone_is_removed_and_the_rest_keeps_what_it_holds(
    program: Registering,
) -> None:
    queue = program.deploy().outputs["queue"]["url"]
    sqs = program.run.client("sqs")
    sqs.send_message(QueueUrl=queue, MessageBody="kept")

    program.more = ("other",)
    second = program.deploy()
    assert names(second.changes.created) == {"Queue other"}

    program.more, program.with_target = (), False
    third = program.deploy()
    assert names(third.changes.removed) == {"Queue other", "EventTarget target"}
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.get_queue_attributes(QueueUrl=second.outputs["other"]["url"], AttributeNames=["All"])
    rule = third.outputs["rule"]
    place = {"Rule": rule["name"], "EventBusName": rule["eventBusName"]}
    assert program.run.client("events").list_targets_by_rule(**place)["Targets"] == []
    (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    assert message["Body"] == "kept"

    program.with_target = True
    assert names(program.deploy().changes.created) == {"EventTarget target"}


def test_what_aws_puts_over_an_earlier_one_keeps_its_name(program: Registering) -> None:
    first = program.deploy().outputs["rule"]
    program.rule = {"eventPattern": '{"source": ["two"]}'}

    second = program.deploy().outputs["rule"]

    assert second["name"] == first["name"]
    place = {"Name": second["name"], "EventBusName": second["eventBusName"]}
    assert program.run.client("events").describe_rule(**place)["EventPattern"] == '{"source": ["two"]}'
    program.rule["eventBusName"] = "default"
    with pytest.raises(ProgramError, match=r"EventRule 'rule': eventBusName: must stay"):
        program.deploy()
    program.rule = {"eventPattern": '{"source": ["three"]}', "unheardOf": True}
    with pytest.raises(ProgramError, match=r"'rule': a local run does not know the input unheardOf"):
        program.deploy()


def test_what_cannot_be_changed_in_place_is_refused_with_resource_and_input(program: Registering) -> None:
    program.deploy()
    program.queue = {"visibilityTimeoutSeconds": 60}

    with pytest.raises(ProgramError) as refused:
        program.deploy()

    assert str(refused.value) == (
        "aws:sqs/queue:Queue 'queue': visibilityTimeoutSeconds: must stay as in the run that is up, since a local run"
        " cannot change this in place; got another value; stop the run with Ctrl-C and start it again"
    )
    program.queue, program.function = {}, {"snapStart": {"applyOn": "None"}}
    with pytest.raises(ProgramError, match=r"Function 'function': snapStart: must stay"):
        program.deploy()
    program.function = {"timeout": 8}
    assert names(program.deploy().changes.updated) == {"Function function"}


def test_a_project_has_one_folder_in_a_run(run: LocalRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module, "run_program", lambda *_: None)
    run.deploy(write_program(tmp_path / "once", ""))

    with pytest.raises(LocalRunError, match=r"must have a name of its own in a run; got 'once', which .*rename one"):
        run.deploy(write_program(tmp_path / "twice", "", name="once"))


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("def apply", "def appply", "no class has the method apply"),
        ('"one"', "1 / 0", "cannot be imported: ZeroDivisionError"),
    ],
)
def test_a_layer_that_would_not_start_is_refused_and_the_one_before_stays(
    program: Registering, old: str, new: str, why: str
) -> None:
    program.deploy()
    before = program.configuration()["Layers"]
    file = program.logic / "domain_handler.py"
    file.write_text(file.read_text().replace(old, new))

    with pytest.raises(ProgramError, match=why):
        program.run.deploy_layer(program.logic.resolve())

    assert program.configuration()["Layers"] == before


def test_a_layer_that_something_else_depends_on_needs_its_program(program: Registering) -> None:
    program.tags_with_layer = True
    program.deploy()
    (program.logic / "domain_handler.py").write_text('"two"' + LOGIC)

    assert not program.run.deploy_layer(program.logic.resolve())


def test_the_deployed_layer_is_the_folder_without_tests_and_hidden_files(program: Registering) -> None:
    program.deploy()
    for name in ("test_logic.py", ".hidden", "helper.py"):
        (program.logic / name).write_text("")

    assert program.run.deploy_layer(program.logic.resolve())

    now = program.configuration()
    (layer,) = now["Layers"]
    assert now["Environment"]["Variables"]["LAYER"] == layer["Arn"]
    size = program.run.client("lambda").get_layer_version_by_arn(Arn=layer["Arn"])["Content"]["CodeSize"]
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as expected:
        expected.writestr("python/domain_handler.py", '"one"' + LOGIC)
        expected.writestr("python/helper.py", "")
    assert size == len(content.getvalue())
