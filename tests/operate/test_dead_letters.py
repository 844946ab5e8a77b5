"""Guarantee: `dead-letters` finds what the pipeline left for a person, removes nothing unless it is asked to, and what
it sends back is stored."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from cp_event_source.local import LocalRun, Pipeline
from cp_event_source.operate.dead_letters import dead_letters
from cp_event_source.operate.letters import Queue
from cp_event_source.operate.output import Output
from tests.e2e.events import new_id, row, stored, uploaded
from tests.operate.conftest import Cli
from tests.operate.queues import Queues, event, expired, notice, request


@pytest.fixture
def queues() -> Queues:
    found = Queues()
    found.put(Queue.INGEST, *[event(f"e-{n}", Payload="secret") for n in range(5)], ReasonCode="conflict", Reason="no")
    found.put(Queue.INGEST, request("file-1"), ERROR_CODE="NO_PERMISSIONS")
    found.put(Queue.PARKED, notice("file-1"), notice("file-2", "OUT_OF_TIME"))
    found.put(Queue.PROJECTION, expired(70), expired(30))
    return found


def documents(queues: Queues, capsys: pytest.CaptureFixture[str], **options: Any) -> tuple[Any, int]:
    output = Output(json=True)
    dead_letters(queues.pipeline, output, **options)
    return json.loads(capsys.readouterr().out), output.exit_code


def test_the_list_has_each_reason(queues: Queues, capsys: pytest.CaptureFixture[str]) -> None:
    document, exit_code = documents(queues, capsys)
    groups = {(each["queue"], each["reason"]): each for each in document["groups"]}
    assert {key: each["count"] for key, each in groups.items()} == {
        ("ingest", "conflict"): 5,
        ("ingest", "rebuild-request"): 1,
        ("parked", "LOGIC"): 1,
        ("parked", "OUT_OF_TIME"): 1,
        ("projection", "expired-batch"): 2,
    }
    assert len(groups["ingest", "conflict"]["first"]) == 3
    assert groups["projection", "expired-batch"]["events"] == 100
    assert (document["count"], exit_code) == (10, 1)
    assert [each["whole"] for each in document["queues"]] == [True, True, True]
    assert "secret" not in str(document)
    assert (queues.hidden(), len(queues.bodies(Queue.INGEST))) == (0, 6)


def test_the_filters(queues: Queues, capsys: pytest.CaptureFixture[str]) -> None:
    for options, count in (
        ({"queue": Queue.PARKED}, 2),
        ({"reason": "conflict"}, 5),
        ({"domain_id": "file-2"}, 1),
        ({"domain_id": "file-1", "queue": Queue.PARKED}, 1),
        ({"reason": "conflict", "domain_id": "nobody"}, 0),
    ):
        document, exit_code = documents(queues, capsys, **options)
        assert (document["count"], exit_code) == (count, min(count, 1))


def test_a_message_is_shown_with_its_body_only_on_request(queues: Queues, capsys: pytest.CaptureFixture[str]) -> None:
    message_id = queues.messages(Queue.INGEST)[0].id
    document, exit_code = documents(queues, capsys, message_ids=[message_id], show=True)
    (message,) = document["messages"]
    assert (message["attributes"], exit_code) == ({"ReasonCode": "conflict", "Reason": "no"}, 0)
    assert "secret" not in str(document)
    document, _ = documents(queues, capsys, message_ids=[message_id], show=True, payload=True)
    assert document["messages"][0]["body"] == queues.bodies(Queue.INGEST)[0]
    document, exit_code = documents(queues, capsys, message_ids=["gone"], show=True)
    assert (document["messages"], exit_code) == ([], 1)


def test_no_more_messages_are_shown_than_memory_has_room_for(
    queues: Queues, capsys: pytest.CaptureFixture[str]
) -> None:
    queues.put(Queue.INGEST, *[event(f"e-{n}") for n in range(100)])
    document, _ = documents(queues, capsys, queue=Queue.INGEST, show=True)
    assert (len(document["messages"]), document["count"]) == (50, 106)


def test_people_get_tables(queues: Queues, capsys: pytest.CaptureFixture[str]) -> None:
    queues.put(Queue.INGEST, "\x85\x9b2J", ReasonCode="contract-violation")
    dead_letters(queues.pipeline, Output())
    shown = capsys.readouterr().out
    assert "2 (100 events)" in shown
    assert "... and 2 more" in shown
    assert "cp-event-source dead-letters --redrive --reason rebuild-request" in shown
    assert "Looked at the whole ingest dead-letter queue: 7 messages" in shown
    dead_letters(queues.pipeline, Output(), queue=Queue.INGEST, show=True, payload=True)
    shown = capsys.readouterr().out
    assert '"Payload": "secret"' in shown
    assert "\\x9b2J" in shown
    dead_letters(Queues().pipeline, Output())
    assert "The queues are empty" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--redrive"], "--redrive: must be given with MESSAGE_ID"),
        (["--export", "file"], "--export: must be given with MESSAGE_ID"),
        (["--show"], "--show: must be given with MESSAGE_ID"),
        (["--redrive", "--show", "--all"], "at most one of"),
        (["--redrive", "--all", "--reason", "conflict"], "--all: must be given without"),
        (["--redrive", "--queue", "parked"], "run heal"),
        (["--redrive", "--reason", "LOGIC"], "run heal"),
        (["--redrive", "--queue", "projection"], "run rebuild --drifted"),
        (["--edit", "--queue", "ingest"], "--edit: must be given with one MESSAGE_ID"),
        (["--edit", "a", "b"], "--edit: must be given with one MESSAGE_ID"),
        (["--delete", "--all"], "--delete: must be given with --export"),
        (["--payload", "a"], "--payload: must be given with --show"),
        (["--from", "file", "a"], "--from: must be given with --edit"),
        (["--queue", "other"], "'other' is not one of"),
    ],
)
def test_options_that_do_not_go_together_are_refused(cli_on: Cli, arguments: list[str], message: str) -> None:
    done = cli_on("dead-letters", *arguments)
    assert done.exit_code == 2
    assert message in " ".join(done.errors.replace("│", " ").split())


def test_an_event_of_a_pipeline_is_corrected_and_stored(
    run: LocalRun, files: Pipeline, cli_on: Cli, tmp_path: Path
) -> None:
    domain_id = new_id()
    sent = uploaded(domain_id, UserId="")
    queue_url = files.outputs["ingest_queue_url"]
    run.client("sqs").send_message(QueueUrl=queue_url, MessageBody=json.dumps({"id": "b", "detail": sent}))
    listed = until(lambda: cli_on("dead-letters", "--id", domain_id, "--json"), lambda done: done.document["count"])
    assert listed.exit_code == 1
    (group,) = listed.document["groups"]
    assert (group["queue"], group["reason"], group["count"]) == ("ingest", "contract-violation", 1)
    message_id = group["first"][0]["message_id"]
    (shown,) = cli_on("dead-letters", "--show", message_id, "--json").document["messages"]
    assert shown["attributes"]["Reason"].startswith("UserId: must be a non-empty string")

    redriven = cli_on("dead-letters", "--redrive", message_id, "--json")
    assert (redriven.exit_code, redriven.document["sent"]) == (0, 1), redriven.errors
    again = until(lambda: cli_on("dead-letters", "--id", domain_id, "--json"), lambda done: done.document["count"])
    message_id = again.document["groups"][0]["first"][0]["message_id"]

    exported = cli_on("dead-letters", "--export", str(tmp_path / "file"), message_id, "--json")
    assert (exported.document["exported"], exported.document["deleted"]) == (1, 0)
    body = json.loads((tmp_path / "file").read_text())["body"]
    (tmp_path / "fixed.json").write_text(body.replace('"UserId": ""', '"UserId": "ada"'))
    edited = cli_on("dead-letters", "--edit", message_id, "--from", str(tmp_path / "fixed.json"), "--json")
    assert edited.exit_code == 0, edited.errors
    until(lambda: stored(files, domain_id), bool)
    assert cli_on("dead-letters", "--id", domain_id, "--json").document["count"] == 0


def test_a_rebuild_request_that_the_bus_could_not_deliver_is_run(run: LocalRun, files: Pipeline, cli_on: Cli) -> None:
    domain_id = new_id()
    sqs = run.client("sqs")
    sent = json.dumps({"id": "b", "detail": uploaded(domain_id)})
    sqs.send_message(QueueUrl=files.outputs["ingest_queue_url"], MessageBody=sent)
    until(lambda: domain_id in files.rows(), bool)
    rows = files.outputs["domain_table_name"]
    run.client("dynamodb").delete_item(TableName=rows, Key={"DomainId": {"S": domain_id}})
    sqs.send_message(
        QueueUrl=files.outputs["ingest_dead_letter_queue_url"],
        MessageBody=request(domain_id),
        MessageAttributes={"ERROR_CODE": {"DataType": "String", "StringValue": "NO_PERMISSIONS"}},
    )

    done = cli_on("dead-letters", "--redrive", "--id", domain_id, "--json")

    assert (done.exit_code, done.document["rebuilt"]) == (0, 1), done.errors
    assert row(files, domain_id)


def until(look: Any, holds: Any) -> Any:
    """What is seen when it holds. A test that waits in vain ends at its time limit."""
    while not holds(seen := look()):
        time.sleep(0.2)
    return seen
