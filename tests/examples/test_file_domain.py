"""The File domain: its rules, and the rows that its sample events end in."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cp_event_source.handler.events.domain_event import ContractViolation, parse_domain_event
from cp_event_source.testing import event, load, read_events

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

layer = load(EXAMPLE / "file_domain")
sent = read_events(EXAMPLE / "events.json")
accepted = [each for each in read_events(EXAMPLE / "events.json", domain_name="File") if "UserId" in each]
"""The sample events that the pipeline accepts."""


def of_file(domain_id: str) -> list[dict[str, Any]]:
    return [each for each in accepted if each["DomainId"] == domain_id]


@pytest.mark.parametrize("domain_id", [REPORT, INVOICE, SURVEY])
def test_the_sample_events_give_these_rows(domain_id: str) -> None:
    layer.given(of_file(domain_id)).then(ROWS[domain_id])


def test_the_domain_refuses_an_unknown_event_and_the_row_stays_as_before() -> None:
    parked = layer.given(of_file(CONTRACT))
    parked.then_parked(at="FileArchived", reason="the File domain does not know this event", row=ROWS[CONTRACT])


def test_a_new_upload_resets_the_scan_and_the_deletion() -> None:
    again = event("FileUploaded", {"Name": "sky-survey-2.img", "Size": 1}, at="2026-03-05T00:00:00Z", domain_id=SURVEY)
    row = layer.given(of_file(SURVEY), again).state()
    assert (row["Name"], row["ScanResult"], row["Deleted"]) == ("sky-survey-2.img", "PENDING", False)
    assert "ScanScore" not in row


def test_the_logic_is_order_free_deterministic_isolated_and_its_rows_come_back_as_they_were() -> None:
    layer.check(accepted)


def test_the_sample_events_have_one_of_each_kind() -> None:
    """A duplicate, an event of another domain, a PROCESS event, a contract violation, and events out of order."""
    seen = [each["EventId"] for each in sent]
    assert len(seen) - len(set(seen)) == 1
    assert [each["EventName"] for each in sent if each["DomainName"] != "File"] == ["AccountOpened"]
    assert [each["EventName"] for each in sent if each["EventType"] != "DOMAIN"] == ["FileQuarantined"]
    refused = []
    for each in sent:
        if (each["DomainName"], each["EventType"]) == ("File", "DOMAIN"):
            try:
                parse_domain_event(each, domain_name="File", latest=LATEST)
            except ContractViolation as violation:
                refused.append([broken.field for broken in violation.violations])
    assert refused == [["UserId"]]
    for domain_id in ROWS:
        times = [each["EventTime"] for each in of_file(domain_id)]
        assert domain_id in {INVOICE, CONTRACT} or times != sorted(times)
