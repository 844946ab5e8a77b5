"""Events to send, from a file or from Python."""

import gzip
import json
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from cp_event_source.deployed.event_lines import line_of
from cp_event_source.handler.events.ingest import event_item
from cp_event_source.handler.values import exact_json
from cp_event_source.local.errors import EventsError
from cp_event_source.local.events_file import entries, read_events, unsent


def written(folder: Path, text: str) -> Path:
    file = folder / "events.json"
    file.write_text(text)
    return file


def test_a_domain_event_is_the_detail_and_its_name_the_detail_type(tmp_path: Path) -> None:
    (entry,) = read_events(written(tmp_path, '[{"EventName": "FileUploaded", "DomainName": "File"}]'))

    assert json.loads(entry.detail) == {"EventName": "FileUploaded", "DomainName": "File"}
    assert (entry.detail_type, entry.bus) == ("FileUploaded", None)
    assert entry.text("DomainName") == "File"


@pytest.mark.parametrize("detail", ['{"DomainName": "File"}', '"{\\"DomainName\\": \\"File\\"}"'])
def test_a_whole_entry_keeps_its_source_type_and_bus(detail: str, tmp_path: Path) -> None:
    text = f'[{{"Source": "me", "DetailType": "Mine", "EventBusName": "other", "Detail": {detail}}}]'

    (entry,) = read_events(written(tmp_path, text))

    assert (entry.source, entry.detail_type, entry.bus) == ("me", "Mine", "other")
    assert json.loads(entry.detail) == {"DomainName": "File"}


@pytest.mark.parametrize("number", ["0.1", "12345678901234567890", "1.2345678901234567890123456789012345678"])
def test_numbers_keep_all_their_digits(number: str, tmp_path: Path) -> None:
    (entry,) = read_events(written(tmp_path, f'[{{"Payload": {number}}}]'))

    assert json.loads(entry.detail, parse_float=Decimal) == {"Payload": Decimal(number)}
    assert number in entry.detail


def test_floats_of_a_python_caller_are_sent_as_they_are_written() -> None:
    (entry,) = entries([{"Payload": {"Score": 0.1, "More": [1.5]}}])

    assert entry.detail == '{"Payload":{"More":[1.5],"Score":0.1}}'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[{]", "events.json: not JSON"),
        ("{}", "put the events into an array"),
        ("5", "must be an array of events; got int"),
        ('[{}, "x"]', "event 2: must be an object; got str"),
        ('[{"Detail": "not JSON"}]', "event 1: Detail: not JSON"),
        ('[{"Detail": "[]"}]', "event 1: Detail: must be an object, .*; got list"),
        ('[{"Detail": 1}]', "event 1: Detail: must be an object, .*; got int"),
    ],
)
def test_a_file_with_anything_else_is_refused_by_name(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(EventsError, match=message):
        read_events(written(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"Payload": 1e9999999999999999999}]', "events.json: a number must be below 1e1000000000000000000 and"),
        ('[{"Detail": "{\\"Payload\\": 1e9999999999999999999}"}]', "event 1: Detail: a number must be below"),
    ],
)
def test_json_with_a_number_that_nothing_holds_is_not_called_no_json(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(EventsError, match=message) as raised:
        read_events(written(tmp_path, text))
    assert "not JSON" not in str(raised.value)
    assert "found 1e9999999999999999999" in str(raised.value)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(EventsError, match=r"gone\.json: cannot be read"):
        read_events(tmp_path / "gone.json")


def test_what_was_sent_is_known_by_its_whole_content_however_it_is_written(tmp_path: Path) -> None:
    before = read_events(written(tmp_path, '[{"EventId": "a", "Size": 1.0}, {"EventId": "b"}, {"EventId": "b"}]'))
    sent = Counter(entry.identity for entry in before)

    now = read_events(
        written(
            tmp_path, '[{"EventId":"b"}, {"EventId":"c"}, {"Size": 1, "EventId":"a"}, {"EventId":"b"}, {"EventId":"b"}]'
        )
    )

    assert [entry.text("EventId") for entry in unsent(now, sent)] == ["c", "b"]
    assert [entry.text("EventId") for entry in unsent(before, Counter())] == ["a", "b", "b"]


def test_an_event_with_other_content_or_on_another_bus_is_another_event() -> None:
    event = {"EventId": "a", "Payload": {"Size": 1}}
    sent = Counter(entry.identity for entry in entries([event]))
    others = [
        {"EventId": "a", "Payload": {"Size": 2}},
        {"Detail": event, "EventBusName": "other"},
        {"Detail": event, "Source": "somebody"},
    ]

    assert len(unsent(entries([event, *others]), sent)) == len(others)


@pytest.mark.parametrize("compressed", [False, True])
def test_an_export_is_read_without_its_tombstones(compressed: bool, tmp_path: Path) -> None:
    event = {
        "DomainId": "f", "DomainName": "File", "EventTime": "2026-03-01T09:00:00Z", "EventId": "e", "UserId": "u",
        "EventType": "DOMAIN", "EventName": "FileUploaded", "Version": 1, "Payload": {"Price": Decimal("0.10")},
    }  # fmt: skip
    items = [
        {"DomainId": {"S": "f"}, "EventKey": {"S": "2026-03-01T08:00:00.000000000Z#d"}, "Erased": {"BOOL": True}},
        event_item(exact_json.dumps({"detail": event}), domain_name="File", latest="9"),
    ]
    text = "".join(f"{line_of(item, 'File')}\n" for item in items).encode()
    file = tmp_path / "export"
    file.write_bytes(gzip.compress(text) if compressed else text)

    (entry,) = read_events(file)

    assert exact_json.loads(entry.detail) == event
    assert entry.detail_type == "FileUploaded"


def test_a_line_that_is_no_event_is_named(tmp_path: Path) -> None:
    with pytest.raises(EventsError, match=r"line 2: .*must be a bus event"):
        read_events(written(tmp_path, '{"detail": {}}\n{"EventName": "FileUploaded"}\n'))


def test_a_cut_archive_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "export.gz"
    file.write_bytes(gzip.compress(b"x" * 100)[:-9])

    with pytest.raises(EventsError, match="not a whole gzip file"):
        read_events(file)


def test_a_field_of_an_exported_event_that_is_named_as_one_of_an_entry_stays_one(tmp_path: Path) -> None:
    (entry,) = read_events(written(tmp_path, '\ufeff{"detail": {"EventName": "Renamed", "Detail": {"a": 1}}}'))

    assert json.loads(entry.detail) == {"EventName": "Renamed", "Detail": {"a": 1}}
