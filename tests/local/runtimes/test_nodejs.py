"""TypeScript and JavaScript programs run as under Pulumi, by the user's node and the program's own packages."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from cp_event_source.local import LocalRun
from cp_event_source.local.errors import ProgramError
from tests.local.conftest import Announcements
from tests.local.runtimes.commands import put_on_path
from tests.pinned import INHERITED

EXAMPLES = Path(__file__).parents[3] / "examples"
MODULES = INHERITED.get("NODE_MODULES", "")
"""A folder node_modules with @pulumi/pulumi and @pulumi/aws, for the tests that need them."""

RUN = "node_modules/@pulumi/pulumi/cmd/run/index.js"

NODE = """
import json, os, sys
print(json.dumps({
    "arguments": sys.argv[1:],
    "folder": os.getcwd(),
    "variables": {name: value for name, value in os.environ.items() if name.startswith("PULUMI_")},
}))
"""


def write(folder: Path, extra: str = "", *, modules: bool = True) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Pulumi.yaml").write_text(f"name: {folder.name}\n{extra or 'runtime: nodejs'}\n")
    if modules:
        (folder / RUN).parent.mkdir(parents=True)
        (folder / RUN).touch()
    return folder


def started(run: LocalRun, program: Path, announcements: Announcements) -> Any:
    run.deploy(program, {"x:y": "text", "z": "[1]"})
    return json.loads(announcements[-1])


def test_node_gets_what_the_sdks_own_module_for_running_programs_expects(
    run: LocalRun, tmp_path: Path, announcements: Announcements, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_on_path(tmp_path / "bin", "node", NODE, monkeypatch)
    program = write(tmp_path / "flags")

    found = started(run, program, announcements)

    module, *flags, entry = found["arguments"]
    monitor = flags[0].removeprefix("--monitor=")
    assert module == str(program / RUN)
    assert monitor.startswith("127.0.0.1:")
    assert flags[1:] == [
        f"--engine={monitor}",
        "--organization=organization",
        "--project=flags",
        "--stack=local",
        f"--root-directory={program}",
        f"--pwd={program}",
        "--parallel=16",
    ]
    assert entry == "."
    assert found["folder"] == str(program)
    assert json.loads(found["variables"].pop("PULUMI_CONFIG")) == {"x:y": "text", "flags:z": "[1]"}
    assert found["variables"] == {"PULUMI_NODEJS_TYPESCRIPT": "true"}


def test_the_runtimes_options_and_the_entry_point_count(
    run: LocalRun, tmp_path: Path, announcements: Announcements, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_on_path(tmp_path / "bin", "node", NODE, monkeypatch)
    options = "{typescript: false, nodeargs: '--trace-warnings --title \"a b\"', tsconfig: other.json}"
    program = write(tmp_path / "options", f"main: parts/main.js\nruntime: {{name: nodejs, options: {options}}}")
    (program / "parts").mkdir()
    (program / "parts" / "main.js").touch()

    found = started(run, program, announcements)

    assert found["arguments"][:4] == ["--trace-warnings", "--title", "a b", str(program / RUN)]
    assert found["arguments"][-1] == "main.js"
    assert found["folder"] == str(program / "parts")
    assert found["variables"]["PULUMI_NODEJS_TYPESCRIPT"] == "false"
    assert found["variables"]["PULUMI_NODEJS_TSCONFIG_PATH"] == "other.json"


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ("", r"got no node_modules with @pulumi/pulumi; run there `npm install`$"),
        ("runtime: nodejs\npackages: {a: ../a}", r"run there `pulumi install` \(it makes the SDKs of Pulumi\.yaml's"),
        ("runtime: nodejs\nmain: gone.ts", r"main: must be a file or a folder of the program; got .*gone\.ts$"),
    ],
)
def test_a_program_that_lacks_something_is_refused_with_what_to_run(
    run: LocalRun, tmp_path: Path, extra: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_on_path(tmp_path / "bin", "node", NODE, monkeypatch)

    with pytest.raises(ProgramError, match=message):
        run.deploy(write(tmp_path / "lacking", extra, modules=False))


def test_without_node_the_message_says_so(run: LocalRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ProgramError, match=r"runtime: nodejs needs Node\.js; got no node on the PATH; install it"):
        run.deploy(write(tmp_path / "lacking"))


PROGRAM = """
import * as pulumi from "@pulumi/pulumi";
import * as aws from "@pulumi/aws";

class Component extends pulumi.ComponentResource {
    public readonly arn!: pulumi.Output<string>;
    public readonly eventBusName!: pulumi.Output<string>;
    public readonly domainTable!: pulumi.Output<aws.dynamodb.Table>;

    constructor(type: string, name: string, inputs: pulumi.Inputs, opts?: pulumi.ComponentResourceOptions) {
        const outputs = { arn: undefined, eventBusName: undefined, domainTable: undefined };
        super(`cp-event-source:index:${type}`, name, { ...outputs, ...inputs }, opts, true);
    }
}

const bus = new aws.cloudwatch.EventBus("company");
const sourceDir = new pulumi.Config().require("layer");
const layer = new Component("DomainPythonLayer", "typed-domain", { sourceDir });
const described = (args: pulumi.ResourceTransformArgs) =>
    args.type === "aws:lambda/function:Function"
        ? { props: { ...args.props, description: "transformed" }, opts: args.opts }
        : undefined;
const inputs = {
    cpDomainName: "Account",
    cpDomainLogicLayer: layer.arn,
    cpEventBus: bus.name,
    tags: { team: pulumi.secret("accounts") },
    ...new pulumi.Config().getObject<object>("more"),
};
const accounts = new Component("CpEventSource", "typed", inputs, { transforms: [described] });

export const busName = accounts.eventBusName;
export const tableArn = accounts.domainTable.arn;
export const region = aws.getRegionOutput().region;
"""


@pytest.fixture
def typescript(tmp_path: Path) -> Path:
    if not (shutil.which("node") and Path(MODULES, "@pulumi", "aws").is_dir()):
        pytest.skip("needs node on the PATH, and NODE_MODULES: a node_modules with @pulumi/pulumi and @pulumi/aws")
    program = write(tmp_path / tmp_path.name, modules=False)
    (program / "node_modules").symlink_to(MODULES)
    (program / "package.json").write_text('{"main": "index.ts"}')
    (program / "index.ts").write_text(PROGRAM)
    return program


@pytest.mark.skipif(
    not (EXAMPLES / "typescript" / "node_modules" / "@pulumi" / "cp-event-source").exists(),
    reason="needs the packages of the example: run pulumi install in examples/typescript",
)
def test_the_example_deploys_and_exports_what_others_need(run: LocalRun) -> None:
    stack = run.deploy(EXAMPLES / "typescript")

    (pipeline,) = stack.pipelines
    assert pipeline.name == "files"
    assert stack.outputs["domainTableName"] == pipeline.outputs["domain_table_name"]
    assert stack.outputs["eventBusName"] == pipeline.outputs["event_bus_name"]


CONFIG = {"layer": str(EXAMPLES / "custom_event_bus" / "account_domain")}


def test_a_program_in_typescript_deploys_the_pipeline_on_its_own_bus(run: LocalRun, typescript: Path) -> None:
    stack = run.deploy(typescript, CONFIG)

    (table,) = (each for each in stack.resources if each.name == "typed-domain" and each.type.endswith(":Table"))
    functions = [each for each in stack.resources if each.type == "aws:lambda/function:Function"]
    assert stack.outputs["busName"].startswith("company-")
    assert stack.outputs["tableArn"] == table.outputs["arn"]
    assert stack.outputs["region"] == "us-east-1"
    assert table.inputs["tags"]["team"] == "accounts"
    assert {each.inputs["description"] for each in functions} == {"transformed"}


def test_a_bad_input_in_typescript_ends_it_with_the_inputs_name(run: LocalRun, typescript: Path) -> None:
    message = (
        r"^[^:]*: cp-event-source:index:CpEventSource 'typed': eventsPerSnapshot: must be a whole number of events"
        r" from 10 to 10000; got [^\n]*$"
    )

    with pytest.raises(ProgramError, match=message):
        run.deploy(typescript, CONFIG | {"more": '{"eventsPerSnapshot": 1}'})


def test_a_mistake_that_the_compiler_finds_is_the_error(run: LocalRun, typescript: Path) -> None:
    (typescript / "index.ts").write_text("const words: number = 'text';\n")

    with pytest.raises(ProgramError, match=r"index\.ts.*Type 'string' is not assignable to type 'number'"):
        run.deploy(typescript)
