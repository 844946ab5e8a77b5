"""Guarantee: the path of somebody who uses the component from TypeScript: add the package by its path, write a program,
read one's mistake at preview, deploy, see events become rows, destroy.

npm brings Pulumi's packages, so the tests run with `NIGHTLY=1` only.
"""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from pulumi import automation as auto

from cp_event_source.local import read_events
from tests.pinned import INHERITED

from .harness import LAYER_FOLDER, ROOT, Engine, Outcome, RefusedError, Stack
from .plugin import NAME, by_path, plugin
from .test_package import change, downloads, run

SECRET = "not-for-everybody"

EXPORTED = (
    *("domainName", "domainEventsTableName", "domainTableName", "domainTableArn", "eventBusName", "ingestQueueUrl"),
    *("ingestDeadLetterQueueUrl", "parkedQueueUrl", "projectionDeadLetterQueueUrl", "projectFunctionArn"),
    *("domainEventRuleArn", "domainEventLambdaRuleArn"),
)

PROGRAM = f"""
import * as pulumi from "@pulumi/pulumi";
import * as aws from "@pulumi/aws";
import * as es from "@pulumi/{NAME}";

const config = new pulumi.Config();
const elsewhere = new aws.Provider("elsewhere", {{ defaultTags: {{ tags: {{ team: "files" }} }} }});
const logic = new es.DomainPythonLayer("logic", {{ sourceDir: "{LAYER_FOLDER}" }});
const files = new es.CpEventSource("files", {{
    cpDomainName: "File",
    cpDomainLogicLayer: logic.arn,
    development: true,
    eventsPerSnapshot: config.getNumber("eventsPerSnapshot"),
    tags: {{ owner: config.requireSecret("owner") }},
}}, {{
    provider: elsewhere,
    transforms: [({{ type, props, opts }}) =>
        type === "aws:lambda/function:Function" ? {{ props: {{ ...props, memorySize: 1234 }}, opts }} : undefined],
}});
export const outputs = {{ {", ".join(f"{name}: files.{name}" for name in EXPORTED)} }};
export const tableOfReference = files.domainTable.apply(table => table.arn);
"""


pytestmark = downloads("npm", "pulumi-language-nodejs")


@pytest.fixture(scope="module")
def stack(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    folder = tmp_path_factory.mktemp("typescript")
    plugin_folder = plugin(tmp_path_factory.mktemp("plugin"))
    (folder / "Pulumi.yaml").write_text("name: typescript\nruntime: nodejs\n" + by_path(plugin_folder))
    manifest = {
        "dependencies": {"@pulumi/aws": "^7.0.0", "@pulumi/pulumi": "^3.142.0", "typescript": "^5"},
        "devDependencies": {"@types/node": "^20"},
    }
    (folder / "package.json").write_text(json.dumps({"name": "typescript", "private": True, **manifest}))
    (folder / "tsconfig.json").write_text(
        json.dumps(
            {"compilerOptions": {"strict": True, "target": "ES2022", "module": "commonjs", "moduleResolution": "node"}}
        )
    )
    (folder / "index.ts").write_text(PROGRAM)
    _add(engine, plugin_folder / f"pulumi-resource-{NAME}", folder)
    installed = json.loads((folder / "node_modules" / "@pulumi" / "aws" / "package.json").read_text())
    engine.install_provider(installed["version"])
    return engine.stack(folder, {"owner": auto.ConfigValue(SECRET, secret=True)})


@pytest.fixture(scope="module")
def mistaken(stack: Stack) -> str:
    """What a preview with a mistake shows."""
    stack.set("eventsPerSnapshot", "1")
    with pytest.raises(RefusedError) as raised:
        stack.run("preview")
    stack.set("eventsPerSnapshot", "50")
    return str(raised.value)


@pytest.fixture(scope="module")
def deployed(stack: Stack, mistaken: str) -> Outcome:
    return stack.up()


def test_a_mistake_is_shown_with_the_propertys_path_and_the_reason(mistaken: str) -> None:
    (line,) = (line for line in mistaken.splitlines() if "property eventsPerSnapshot " in line)
    assert "must be a whole number" in line
    assert "Traceback" not in mistaken


def test_events_become_rows(stack: Stack, deployed: Outcome) -> None:
    outputs = {_snake_case(name): value for name, value in stack.outputs()["outputs"].items()}
    pipeline = replace(stack.pipeline(), outputs=outputs)
    stack.send(read_events(ROOT / "examples" / "default" / "events.json"), pipeline)
    assert len(pipeline.events()) == 14


def test_a_child_is_a_resource_that_a_program_refers_to(stack: Stack, deployed: Outcome) -> None:
    outputs = stack.outputs()
    assert outputs["tableOfReference"] == outputs["outputs"]["domainTableArn"]


def test_a_secret_is_in_no_state(stack: Stack, deployed: Outcome) -> None:
    assert SECRET not in json.dumps(stack.resources())


def test_provider_and_transforms_reach_the_children(stack: Stack, deployed: Outcome) -> None:
    function = stack.resource("Function", "files-project")
    assert function["inputs"]["memorySize"] == 1234
    assert function["provider"].split("::")[-2] == "elsewhere"


def test_up_again_changes_nothing(stack: Stack, deployed: Outcome) -> None:
    assert stack.up().ops() == {"same"}


def test_destroy_removes_it(stack: Stack, deployed: Outcome) -> None:
    assert stack.destroy().ops() == {"delete"}


def _add(engine: Engine, package: Path, folder: Path) -> None:
    with_network = replace(engine, environment={**INHERITED, **engine.environment})
    try:
        with_network.run("package", "add", str(package), folder=folder)
    except RefusedError as error:
        if "No matching version found for @pulumi/aws" not in str(error):
            raise
        # A mirror of the registry may lag behind the Python package: take the newest that it has.
        change(folder / "sdks" / NAME / "package.json", "dependencies", {"@pulumi/aws": "^7.0.0"})
        change(folder / "package.json", "dependencies", {f"@pulumi/{NAME}": f"file:sdks/{NAME}"})
        run(["npm", "install", "--no-audit", "--no-fund"], folder)


def _snake_case(name: str) -> str:
    return "".join(f"_{each.lower()}" if each.isupper() else each for each in name)
