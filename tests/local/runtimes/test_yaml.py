"""Programs in YAML run by Pulumi's own language host, which gets the schemas from the local run."""

import json
import shutil
from pathlib import Path

import pulumi_aws
import pytest

from cp_event_source.local import LocalRun
from cp_event_source.local.errors import ProgramError
from cp_event_source.local.resources import CREATORS
from cp_event_source.version import VERSION
from tests.local.conftest import Announcements
from tests.local.programs_on_disk import PROGRAMS
from tests.local.runtimes.commands import put_on_path

EXAMPLES = Path(__file__).parents[3] / "examples"
HOST = "pulumi-language-yaml"
AWS_VERSION = json.loads((Path(pulumi_aws.__file__).parent / "pulumi-plugin.json").read_text())["version"]


def write(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Pulumi.yaml").write_text(f"name: {folder.name}\nruntime: {{name: yaml, options: {{a: b}}}}\n{text}")
    return folder


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host of which only the protocol is real."""
    put_on_path(tmp_path / "bin", HOST, (PROGRAMS / "yaml_host.py").read_text(), monkeypatch)


@pytest.mark.usefixtures("stand_in")
def test_the_host_gets_the_program_and_the_schemas_by_both_ways(
    run: LocalRun, tmp_path: Path, announcements: Announcements
) -> None:
    program = write(tmp_path / "hosted", "description: runs\n")

    found = json.loads(run.deploy(program, {"key": "value"}).outputs["found"])

    schemas = {"aws": ["aws", AWS_VERSION, len(CREATORS)], "cp-event-source": ["cp-event-source", VERSION, 2]}
    assert found["loaded"] == schemas
    assert found["attached"] == {name: [*each, each[1]] for name, each in schemas.items()}
    request = found["request"]
    assert request.pop("monitorAddress") == found["engine"]
    assert request.pop("loaderTarget")
    assert request == {
        "project": "hosted",
        "stack": "local",
        "organization": "organization",
        "pwd": str(program),
        "program": ".",
        "config": {"hosted:key": "value"},
        "parallel": 16,
        "info": {
            "rootDirectory": str(program),
            "programDirectory": str(program),
            "entryPoint": ".",
            "options": {"a": "b"},
        },
    }
    assert found["folder"] == str(program)
    assert "a warning" in announcements


@pytest.mark.usefixtures("stand_in")
@pytest.mark.parametrize(
    ("description", "message"),
    [
        ("bails out", r"failing: Error: unknown property\nError: unknown"),
        ("fails", r"failing: it said no$"),
        ("crashes", r"failing: .*(Socket closed|Connection reset)"),
        ("does not start", r"(?s)failing: no such library.*pulumi-language-yaml does not start$"),
    ],
)
def test_what_the_host_says_is_the_programs_error(
    run: LocalRun, tmp_path: Path, description: str, message: str
) -> None:
    with pytest.raises(ProgramError, match=message):
        run.deploy(write(tmp_path / "failing", f"description: {description}\n"))


def test_without_the_host_the_message_says_where_it_comes_from(
    run: LocalRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ProgramError, match="needs pulumi-language-yaml, which comes with the Pulumi CLI; got none on"):
        run.deploy(write(tmp_path / "hosted", ""))


def test_the_host_beside_the_cli_is_found_where_the_path_has_a_link_to_the_cli(
    run: LocalRun, tmp_path: Path, stand_in: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_on_path(tmp_path / "bin", "pulumi", "", monkeypatch)
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "pulumi").symlink_to(tmp_path / "bin" / "pulumi")
    monkeypatch.setenv("PATH", str(tmp_path / "links"))

    with pytest.raises(ProgramError, match="it said no"):
        run.deploy(write(tmp_path / "failing", "description: fails\n"))


@pytest.fixture
def host() -> None:
    if shutil.which(HOST) is None:
        pytest.skip(f"needs {HOST} on the PATH, which comes with the Pulumi CLI")


@pytest.mark.usefixtures("host")
def test_the_example_deploys_and_its_events_become_rows(run: LocalRun) -> None:
    stack = run.deploy(EXAMPLES / "yaml")

    (pipeline,) = stack.pipelines
    assert stack.outputs["domainTableName"] == pipeline.outputs["domain_table_name"]
    assert pipeline.name == "files"


CUSTOM_BUS = f"""
variables:
  caller:
    fn::invoke: {{function: aws:getCallerIdentity, arguments: {{}}, return: accountId}}
resources:
  company:
    type: aws:cloudwatch:EventBus
    properties: {{description: All events}}
  layer:
    type: cp-event-source:DomainPythonLayer
    name: yaml-domain
    properties: {{sourceDir: {EXAMPLES / "custom_event_bus" / "account_domain"}}}
  accounts:
    type: cp-event-source:CpEventSource
    properties:
      cpDomainName: YamlAccount
      cpDomainLogicLayer: ${{layer.arn}}
      cpEventBus: ${{company.name}}
      tags: {{account: '${{caller}}'}}
outputs:
  bus: ${{accounts.eventBusName}}
  table: ${{accounts.domainTable.arn}}
"""


@pytest.mark.usefixtures("host")
def test_a_program_has_its_own_bus_looks_up_and_reads_what_a_component_references(
    run: LocalRun, tmp_path: Path
) -> None:
    program = write(tmp_path / "custom", CUSTOM_BUS)
    # What `pulumi package add` writes.
    declared = program / "sdks" / "cp-event-source" / f"cp-event-source-{VERSION}.yaml"
    declared.parent.mkdir(parents=True)
    declared.write_text(f"packageDeclarationVersion: 1\nname: cp-event-source\nversion: {VERSION}\n")

    stack = run.deploy(program)

    (table,) = (each for each in stack.resources if each.name == "accounts-domain" and each.type.endswith(":Table"))
    assert stack.outputs["bus"].startswith("company-")
    assert stack.outputs["table"] == table.outputs["arn"]
    assert table.inputs["tags"]["account"] == "000000000000"


COMPONENT = "resources:\n  a:\n    type: cp-event-source:CpEventSource\n    properties: "


@pytest.mark.usefixtures("host")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            COMPONENT + "{cpDomainName: '', cpDomainLogicLayer: x}",
            r"CpEventSource 'a': 2 inputs are bad:\n  cpDomainName: must not be blank.*\n  cpDomainLogicLayer: must",
        ),
        (
            COMPONENT + "{cpDomainName: File, cpDomainLogicLayer: x, cpEventBuss: a}",
            r"broken: Error: Property cpEventBuss does not exist on 'cp-event-source:index:CpEventSource'",
        ),
        ("resources: {a: {type: 'aws:s3:Bucket'}}", r"aws:s3/bucket:Bucket 'a': a local run does not know this"),
        ("resources: {a: {type: 'random:RandomPet'}}", r'loading package "random"'),
        (
            "outputs: {a: {fn::invoke: {function: 'aws:getAvailabilityZones', return: names}}}",
            r"aws:index/getAvailabilityZones:getAvailabilityZones: a local run does not know this function",
        ),
    ],
)
def test_a_mistake_is_said_in_the_programs_words(run: LocalRun, tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ProgramError, match=message):
        run.deploy(write(tmp_path / "broken", text))
