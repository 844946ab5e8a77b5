"""What the emulator's bus makes of numbers, as the page on the local run says."""

import json
from pathlib import Path

import pytest

from cp_event_source.local import LocalRun

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "local-run-and-aws.md"


@pytest.mark.parametrize(
    ("sent", "handed_over"),
    [
        ("0.1", "0.1"),
        ("0.123456789012345678901234567890", "0.12345678901234568"),
        ("1e400", "Infinity"),
        ("-1e400", "-Infinity"),
        ("1e-400", "0.0"),
    ],
)
def test_fractions_pass_through_a_binary_float(run: LocalRun, sent: str, handed_over: str) -> None:
    events, sqs = run.client("events"), run.client("sqs")
    source = f"numbers{sent}"
    queue = sqs.create_queue(QueueName="numbers")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="numbers", EventPattern=json.dumps({"source": [source]}))
    events.put_targets(Rule="numbers", Targets=[{"Id": "queue", "Arn": arn}])
    try:
        events.put_events(Entries=[{"Source": source, "DetailType": "n", "Detail": f'{{"n": {sent}}}'}])
        (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
    finally:
        events.remove_targets(Rule="numbers", Ids=["queue"])
        events.delete_rule(Name="numbers")
        sqs.delete_queue(QueueUrl=queue)
    assert f'"detail": {{"n": {handed_over}}}' in message["Body"]


def test_the_page_says_what_becomes_of_numbers_beyond_a_double() -> None:
    (row,) = (
        line for line in PAGE.read_text().splitlines() if line.startswith("| fractions and exponents on the bus |")
    )
    for word in ("`0.1` stays `0.1`", "30 digits do not", "`1e400` becomes `Infinity`", "`1e-400` becomes `0.0`"):
        assert word in row
