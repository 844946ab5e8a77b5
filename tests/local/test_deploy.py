"""The program that `pulumi up` runs is run here unchanged, and its resources exist in the emulator."""

import json
import re
from pathlib import Path

import pytest

from cp_event_source.local import LocalRun
from cp_event_source.local.errors import ProgramError
from tests.local.conftest import Announcements
from tests.local.programs_on_disk import PROGRAMS, write_program


def test_a_programs_resources_work_together(run: LocalRun) -> None:
    """Bus, rule, queue, function, layer and table: an event goes through all of them."""
    stack = run.deploy(PROGRAMS / "pipeline", {"note": "from the command line"})

    assert re.fullmatch(r"rows-[0-9a-f]{7}", stack.outputs["table"])
    assert stack.outputs["tableArn"] == f"arn:aws:dynamodb:us-east-1:000000000000:table/{stack.outputs['table']}"
    assert stack.outputs["note"] == "from the command line"

    for wanted in (True, False):
        detail = json.dumps({"Wanted": wanted, "Id": str(wanted)})
        entry = {"EventBusName": stack.outputs["bus"], "Source": "test", "DetailType": "test", "Detail": detail}
        run.client("events").put_events(Entries=[entry])

    def rows() -> list[dict[str, object]]:
        found: list[dict[str, object]] = run.client("dynamodb").scan(TableName=stack.outputs["table"])["Items"]
        return found

    run.wait_for(lambda: bool(rows()), "the function's row")
    assert rows() == [{"Id": {"S": "True"}, "Greeting": {"S": "hello"}}]


def test_inputs_reach_the_resources(run: LocalRun, tmp_path: Path) -> None:
    program = write_program(
        tmp_path / "inputs",
        """
        import pulumi, pulumi_aws as aws
        dead = aws.sqs.Queue("dead", message_retention_seconds=1209600)
        queue = aws.sqs.Queue("queue", visibility_timeout_seconds=180, tags={"a": "b"},
            redrive_policy=dead.arn.apply(lambda arn: pulumi.Output.json_dumps(
                {"deadLetterTargetArn": arn, "maxReceiveCount": 5})))
        table = aws.dynamodb.Table("table", name="named", hash_key="H", range_key="R",
            attributes=[{"name": n, "type": t} for n, t in zip("HRG", "SNS")], billing_mode="PAY_PER_REQUEST",
            stream_enabled=True, stream_view_type="NEW_AND_OLD_IMAGES",
            point_in_time_recovery={"enabled": True}, deletion_protection_enabled=True,
            global_secondary_indexes=[{"name": "byG", "hash_key": "G", "projection_type": "KEYS_ONLY"}])
        logs = aws.cloudwatch.LogGroup("logs", retention_in_days=365)
        for name in ("dead", "queue"):
            pulumi.export(name, globals()[name].url)
        pulumi.export("stream", table.stream_arn)
        pulumi.export("logs", logs.name)
        """,
    )

    outputs = run.deploy(program).outputs

    attributes = run.client("sqs").get_queue_attributes(QueueUrl=outputs["queue"], AttributeNames=["All"])
    redrive = json.loads(attributes["Attributes"]["RedrivePolicy"])
    assert attributes["Attributes"]["VisibilityTimeout"] == "180"
    assert (redrive["maxReceiveCount"], redrive["deadLetterTargetArn"].split(":")[-1][:5]) == (5, "dead-")
    assert run.client("sqs").list_queue_tags(QueueUrl=outputs["queue"])["Tags"] == {"a": "b"}

    table = run.client("dynamodb").describe_table(TableName="named")["Table"]
    assert [key["AttributeName"] for key in table["KeySchema"]] == ["H", "R"]
    types = {each["AttributeName"]: each["AttributeType"] for each in table["AttributeDefinitions"]}
    assert types == {"H": "S", "R": "N", "G": "S"}
    key = {"H": {"S": "row"}, "R": {"N": "10"}}
    run.client("dynamodb").put_item(TableName="named", Item=key)
    assert run.client("dynamodb").get_item(TableName="named", Key=key)["Item"] == key
    assert table["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    assert table["LatestStreamArn"] == outputs["stream"]
    assert table["DeletionProtectionEnabled"] is True
    assert table["GlobalSecondaryIndexes"][0]["Projection"]["ProjectionType"] == "KEYS_ONLY"
    backups = run.client("dynamodb").describe_continuous_backups(TableName="named")
    recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"

    groups = run.client("logs").describe_log_groups(logGroupNamePrefix=outputs["logs"])["logGroups"]
    assert groups[0]["retentionInDays"] == 365


def test_a_later_program_reads_an_earlier_ones_outputs(run: LocalRun, tmp_path: Path) -> None:
    first = write_program(
        tmp_path / "first", "import pulumi; pulumi.export('value', {'list': [1, 'two'], 'flag': True})"
    )
    second = write_program(
        tmp_path / "second",
        """
        import pulumi
        earlier = pulumi.StackReference("organization/first/local")
        pulumi.export("seen", earlier.require_output("value"))
        pulumi.export("absent", earlier.get_output("other"))
        """,
    )

    run.deploy(first)

    assert run.deploy(second).outputs == {"seen": {"list": [1, "two"], "flag": True}}


def test_a_reference_to_a_stack_not_deployed_yet_says_what_to_do(run: LocalRun, tmp_path: Path) -> None:
    program = write_program(
        tmp_path / "too-early", "import pulumi; pulumi.StackReference('organization/elsewhere/local')"
    )

    with pytest.raises(ProgramError, match=r"no such stack.*Name its program's folder before this one"):
        run.deploy(program)


def test_component_outputs_and_parents_are_recorded(run: LocalRun, tmp_path: Path) -> None:
    program = write_program(
        tmp_path / "component",
        """
        import pulumi, pulumi_aws as aws

        class Pair(pulumi.ComponentResource):
            def __init__(self, name):
                super().__init__("test:index:Pair", name)
                queue = aws.sqs.Queue(f"{name}-queue", opts=pulumi.ResourceOptions(parent=self))
                self.register_outputs({"queue_url": queue.url})

        Pair("one")
        """,
    )

    stack = run.deploy(program)

    queue = next(resource for resource in stack.resources if resource.type == "aws:sqs/queue:Queue")
    assert queue.urn == "urn:pulumi:local::component::test:index:Pair$aws:sqs/queue:Queue::one-queue"
    assert stack.pipelines == []


def test_configuration_comes_from_the_project_the_stack_file_and_the_command_line(
    run: LocalRun, tmp_path: Path
) -> None:
    program = write_program(
        tmp_path / "settings",
        """
        import pulumi
        config = pulumi.Config()
        pulumi.export("values", [config.get(name) for name in ("a", "b", "c", "d")])
        pulumi.export("object", config.get_object("object"))
        pulumi.require_pulumi_version(">=3.231.0")
        pulumi.export("stack", [pulumi.get_organization(), pulumi.get_project(), pulumi.get_stack()])
        """,
        extra="config:\n  a: project\n  b: {default: project}\n  c: {value: project}\n",
    )
    (program / "Pulumi.dev.yaml").write_text(
        "config:\n  settings:b: stack\n  settings:c: stack\n  settings:object: {x: [1]}\n"
    )

    outputs = run.deploy(program, {"c": "command", "settings:d": "command"}).outputs

    assert outputs["values"] == ["project", "stack", "command", "command"]
    assert outputs["object"] == {"x": [1]}
    assert outputs["stack"] == ["organization", "settings", "local"]


def test_an_encrypted_setting_says_how_to_give_it(run: LocalRun, tmp_path: Path) -> None:
    program = write_program(tmp_path / "secretive", "")
    (program / "Pulumi.local.yaml").write_text("config:\n  secretive:key:\n    secure: abc\n")

    with pytest.raises(ProgramError, match=r"secretive:key: must not be encrypted.*--config secretive:key="):
        run.deploy(program)


def test_main_in_the_project_file_is_honoured(run: LocalRun, tmp_path: Path) -> None:
    write_program(tmp_path / "root", "raise SystemExit('the wrong one')", extra="main: inner\n")
    inner = tmp_path / "root" / "inner"
    inner.mkdir()
    (inner / "helper.py").write_text("VALUE = 'inner'")
    (inner / "__main__.py").write_text(
        "import pulumi, helper, os; pulumi.export('out', [helper.VALUE, os.path.basename(os.getcwd())])"
    )

    assert run.deploy(tmp_path / "root").outputs == {"out": ["inner", "inner"]}


def test_each_program_runs_in_a_process_of_its_own(run: LocalRun, tmp_path: Path) -> None:
    """Two programs may have modules of the same name."""
    for name in ("twin-one", "twin-two"):
        program = write_program(tmp_path / name, "import pulumi, helper; pulumi.export('name', helper.NAME)")
        (program / "helper.py").write_text(f"NAME = {name!r}")

        assert run.deploy(program).outputs == {"name": name}


def test_what_a_program_prints_and_logs_is_announced(
    run: LocalRun, tmp_path: Path, announcements: Announcements
) -> None:
    run.deploy(write_program(tmp_path / "talker", "import pulumi; print('printed'); pulumi.log.warn('logged')"))

    assert "printed" in announcements
    assert "warning: logged" in announcements


def test_an_unknown_resource_type_is_an_error_that_names_it(run: LocalRun, tmp_path: Path) -> None:
    program = write_program(
        tmp_path / "unknown", "import pulumi_aws as aws; aws.route53.Zone('home', name='example.org')"
    )

    with pytest.raises(ProgramError, match=r"aws:route53/zone:Zone 'home'.*does not know this resource type"):
        run.deploy(program)


def test_an_unknown_input_is_an_error_that_names_it(run: LocalRun, tmp_path: Path) -> None:
    program = write_program(
        tmp_path / "input",
        """
        import pulumi_aws as aws
        aws.dynamodb.Table("t", hash_key="H", attributes=[{"name": "H", "type": "S"}], restore_source_name="old")
        """,
    )

    with pytest.raises(ProgramError, match=r"Table 't'.*does not know the input restoreSourceName"):
        run.deploy(program)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("aws.get_arn(arn='arn:aws:s3:::b')", "getArn: a local run does not know this function.*Known functions: aws:"),
        ("aws.sqs.Queue.get('q', 'https://queue')", "starts with an empty account"),
        ("aws.sqs.Queue('q', opts=pulumi.ResourceOptions(import_='https://q'))", "import_"),
        ("aws.sqs.Queue('q', region='eu-west-1')", "region: must be 'us-east-1'.*; got 'eu-west-1'"),
        ("aws.cloudwatch.EventRule('r' * 70, event_pattern='{}')", "name: must have at most 64 characters; got 78"),
        ("aws.sqs.Queue('q'); aws.sqs.Queue('q')", "registered before"),
        ("aws.dynamodb.Table('t', hash_key='H', attributes=[3])", "Table 't': not understood"),
        ("raise ValueError('broken program')", r"(?s)__main__\.py.*ValueError: broken program"),
        ("raise pulumi.RunError('said plainly')", r"said plainly$"),
        ("raise pulumi.InputPropertiesError('name: is empty')", r"^[^\n]*: name: is empty$"),
        ("import os; os._exit(7)", "exit code 7"),
    ],
)
def test_a_failing_program_says_why(run: LocalRun, tmp_path: Path, code: str, message: str) -> None:
    program = write_program(tmp_path / "failing", f"import pulumi, pulumi_aws as aws\n{code}\n")

    with pytest.raises(ProgramError, match=message):
        run.deploy(program)


def test_a_provider_of_ones_own_is_passed_over_and_announced(
    run: LocalRun, tmp_path: Path, announcements: Announcements
) -> None:
    program = write_program(
        tmp_path / "provider",
        """
        import pulumi, pulumi_aws as aws
        provider = aws.Provider("elsewhere", region="eu-west-1")
        pulumi.export("arn", aws.sqs.Queue("q", opts=pulumi.ResourceOptions(provider=provider)).arn)
        """,
    )

    assert ":us-east-1:" in run.deploy(program).outputs["arn"]
    assert "note: provider 'elsewhere' is ignored: the emulator creates every resource" in announcements


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        (None, r"must hold a Pulumi\.yaml; got none"),
        ("name: [", "cannot be read as YAML"),
        ("runtime: python", "name: must be given; got nothing"),
        (
            "name: x\nruntime: dotnet",
            "runtime: must be python, nodejs, yaml or go for a local run; got 'dotnet'; deploy",
        ),
        ("name: x", "runtime: must be given; got nothing"),
        ("name: x\nruntime: python", "main: must be a file, or a folder with a file __main__.py"),
    ],
)
def test_a_folder_without_a_program_is_refused(run: LocalRun, tmp_path: Path, yaml: str | None, message: str) -> None:
    if yaml is not None:
        (tmp_path / "Pulumi.yaml").write_text(yaml)

    with pytest.raises(ProgramError, match=message):
        run.deploy(tmp_path)
