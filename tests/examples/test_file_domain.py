"""The File domain: its rules, and the rows that its sample events end in."""

import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cp_event_source.handler.events.domain_event import ContractViolation, parse_domain_event

from .layer import Item, apply, create, fold, fold_through_the_table, load_layer, read_events, stored

EXAMPLE = Path(__file__).parents[2] / "examples" / "default"
LATEST = "2026-03-31T00:00:00.000000000Z"

REPORT = "aefbd80d-7c69-4c2b-b303-ad8cd526f2d0"
INVOICE = "786841fa-b89f-40c7-9037-d96f1e1a79df"
SURVEY = "a74d1805-c601-400f-bcde-e09dcb5c0888"
CONTRACT = "6cfa9ee3-cf00-406a-9e97-46e95e84cc5d"

ADA = "fdee430d-40bd-47de-aac1-86cd9790033d"
BEN = "6700869c-8ff7-480e-b4a7-0a708b028700"
CLEO = "cbdd10d7-2000-43a4-868a-0ea6c99aec6b"

ROWS = {
    REPORT: {
        "DomainId": REPORT,
        "OwnerId": ADA,
        "CreatedAt": "2026-03-02T09:00:00Z",
        "UpdatedAt": "2026-03-02T09:20:00Z",
        "Name": "report-2026-q1.pdf",
        "Size": 482113,
        "ContentType": "application/pdf",
        "ScanResult": "CLEAN",
        "ScanScore": Decimal("0.1"),
        "SharedWith": {BEN, CLEO},
        "Deleted": False,
    },
    INVOICE: {
        "DomainId": INVOICE,
        "OwnerId": BEN,
        "CreatedAt": "2026-03-02T11:30:00Z",
        "UpdatedAt": "2026-03-02T11:30:02.75Z",
        "Name": "invoice.pdf.exe",
        "Size": 73802,
        "ContentType": "application/x-dosexec",
        "ScanResult": "INFECTED",
        "ScanScore": Decimal("0.97"),
        "Deleted": False,
    },
    SURVEY: {
        "DomainId": SURVEY,
        "OwnerId": CLEO,
        "CreatedAt": "2026-03-03T01:00:00Z",
        "UpdatedAt": "2026-03-04T17:45:00Z",
        "Name": "sky-survey.img",
        "Size": 2**53 + 1,
        "ContentType": "application/x-raw",
        "ScanResult": "CLEAN",
        "ScanScore": Decimal("0.0125"),
        "Deleted": True,
    },
    # The row before the event that the domain does not know.
    CONTRACT: {
        "DomainId": CONTRACT,
        "OwnerId": ADA,
        "CreatedAt": "2026-03-05T14:00:00Z",
        "UpdatedAt": "2026-03-05T14:00:00Z",
        "Name": "contract.doc",
        "Size": 88104,
        "ContentType": "application/msword",
        "ScanResult": "PENDING",
        "Deleted": False,
    },
}

layer = load_layer(EXAMPLE / "file_domain")
sent = read_events(EXAMPLE / "events.json")


def of_the_pipeline(domain_id: str) -> list[dict[str, Any]]:
    """The sample events of one file that the pipeline accepts."""
    events = [event for event in sent if (event["DomainName"], event["EventType"]) == ("File", "DOMAIN")]
    return [event for event in events if event["DomainId"] == domain_id and "UserId" in event]


@pytest.mark.parametrize("domain_id", [REPORT, INVOICE, SURVEY])
def test_the_sample_events_give_these_rows(domain_id: str) -> None:
    assert fold(layer, of_the_pipeline(domain_id)) == ROWS[domain_id]


@pytest.mark.parametrize("domain_id", [REPORT, INVOICE, SURVEY])
def test_a_fold_at_once_and_a_fold_event_by_event_give_the_same_row(
    domain_id: str,
) -> None:
    assert fold_through_the_table(layer, of_the_pipeline(domain_id)) == ROWS[domain_id]


def test_the_order_of_arrival_does_not_matter() -> None:
    events = of_the_pipeline(REPORT)
    random.Random(7).shuffle(events)
    assert fold(layer, events) == ROWS[REPORT]


def test_every_row_survives_a_round_trip_through_dynamodb() -> None:
    for row in ROWS.values():
        returned = stored(row)
        assert returned == row
        assert layer.Domain.to_dynamo_item(layer.Domain.from_dynamo_item(Item(returned))) == row


def test_the_domain_refuses_an_unknown_event_and_the_row_stays_as_before() -> None:
    upload, archive, rename = sorted(of_the_pipeline(CONTRACT), key=lambda event: event["EventTime"])
    file = apply(create(layer, upload), upload)
    with pytest.raises(ValueError, match="the File domain does not know this event"):
        apply(file, archive)
    assert layer.Domain.to_dynamo_item(file) == ROWS[CONTRACT]
    assert rename["EventName"] == "FileRenamed"


def test_a_new_upload_resets_the_scan_and_the_deletion() -> None:
    events = of_the_pipeline(SURVEY)
    again = {
        **events[0],
        "EventId": "again",
        "EventTime": "2026-03-05T00:00:00Z",
        "EventName": "FileUploaded",
        "Payload": {"Name": "sky-survey-2.img", "Size": 1},
    }
    row = fold(layer, [*events, again])
    assert (row["Name"], row["ScanResult"], row["Deleted"]) == ("sky-survey-2.img", "PENDING", False)
    assert "ScanScore" not in row


def test_the_sample_events_have_one_of_each_kind() -> None:
    """A duplicate, an event of another domain, a PROCESS event, a contract violation, and events out of order."""
    seen = [event["EventId"] for event in sent]
    assert len(seen) - len(set(seen)) == 1
    assert [event["EventName"] for event in sent if event["DomainName"] != "File"] == ["AccountOpened"]
    assert [event["EventName"] for event in sent if event["EventType"] != "DOMAIN"] == ["FileQuarantined"]
    refused = []
    for event in sent:
        if (event["DomainName"], event["EventType"]) == ("File", "DOMAIN"):
            try:
                parse_domain_event(event, domain_name="File", latest=LATEST)
            except ContractViolation as violation:
                refused.append([broken.field for broken in violation.violations])
    assert refused == [["UserId"]]
    for domain_id in ROWS:
        times = [event["EventTime"] for event in of_the_pipeline(domain_id)]
        assert domain_id in {INVOICE, CONTRACT} or times != sorted(times)
