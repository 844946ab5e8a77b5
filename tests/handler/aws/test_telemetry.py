"""Guarantee: the functions print ids, names and counts, and no content of an event."""

import io
import json
import logging
from contextlib import redirect_stdout
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cp_event_source.handler.aws.telemetry import Telemetry, error_class
from cp_event_source.handler.values.clock import Clock
from tests.handler.on_moto import PersistFunction, client_error
from tests.handler.test_persist import body

SECRET = "s3cr3t-4711"


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    out, err = capsys.readouterr()
    return out + err


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def metrics_of(text: str) -> list[dict[str, Any]]:
    return [line for line in lines(text) if "_aws" in line]


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What every logger of the process writes, the libraries' own included."""
    stream = io.StringIO()
    for name in [None, *logging.Logger.manager.loggerDict]:
        for handler in logging.getLogger(name).handlers:
            if "stream" in vars(handler):  # others ask for sys.stderr each time
                monkeypatch.setattr(handler, "stream", stream)
    return stream


def test_counts_are_summed_and_sent_once(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry = Telemetry("File", "persist-1", Clock())
    telemetry.count("EventsStored")
    telemetry.count("EventsStored", 2)
    telemetry.count("DuplicateEvents")
    telemetry.flush()
    (sent,) = metrics_of(printed(capsys))
    (directive,) = sent["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "CpEventSource"
    assert [set(dimensions) for dimensions in directive["Dimensions"]] == [{"DomainName", "FunctionName"}]
    assert (sent["DomainName"], sent["FunctionName"]) == ("File", "persist-1")
    assert (sent["EventsStored"], sent["DuplicateEvents"]) == ([3.0], [1.0])
    telemetry.flush()
    assert metrics_of(printed(capsys)) == []


def test_durations_are_sent_one_by_one_a_hundred_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    telemetry = Telemetry("File", "project-1", Clock())
    for milliseconds in range(250):
        telemetry.measure("LagFromArrival", milliseconds)
    telemetry.count("EventsProjected", 250)
    telemetry.flush()
    sent = metrics_of(printed(capsys))
    assert [len(line["LagFromArrival"]) for line in sent] == [100, 100, 50]
    assert [each for line in sent for each in line["LagFromArrival"]] == list(range(250))
    assert [line.get("EventsProjected") for line in sent] == [[250], None, None]
    units = [{each["Name"]: each["Unit"] for each in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]} for line in sent]
    assert units == [
        {"EventsProjected": "Count", "LagFromArrival": "Milliseconds"},
        *[{"LagFromArrival": "Milliseconds"}] * 2,
    ]
    telemetry.flush()
    assert printed(capsys) == ""


def test_nothing_counted_is_nothing_sent(capsys: pytest.CaptureFixture[str]) -> None:
    Telemetry("File", "persist-1", Clock()).flush()
    assert printed(capsys) == ""


def test_an_error_is_reported_by_its_class_and_awss_code() -> None:
    assert error_class(ValueError(SECRET)) == "ValueError"
    assert error_class(client_error("ThrottlingException")) == "ClientError:ThrottlingException"
    assert error_class(ClientError({}, "PutItem")) == "ClientError:"


def test_a_log_line_is_json_without_the_errors_text() -> None:
    out = io.StringIO()
    with redirect_stdout(out):
        telemetry = Telemetry("Logged", "persist-1", Clock())
        telemetry.failed("went wrong", ValueError(SECRET), message_id="m-1")
        telemetry.info("went well", event_id="e-1")
        telemetry.warning("look at this", event_id=None)
    failed, info, warning = lines(out.getvalue())
    assert (failed["level"], failed["message"], failed["error"], failed["message_id"]) == (
        "ERROR",
        "went wrong",
        "ValueError",
        "m-1",
    )
    assert (info["level"], info["event_id"], info["service"]) == ("INFO", "e-1", "Logged")
    assert warning["level"] == "WARNING"
    assert SECRET not in out.getvalue()
    assert all("exception" not in line and "location" not in line for line in (failed, info, warning))


def test_a_log_line_has_its_time_and_trace_and_omits_unknown_fields(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    telemetry = Telemetry("File", "persist-1", Clock())
    monkeypatch.delenv("_X_AMZN_TRACE_ID", raising=False)
    before = datetime.now(UTC).replace(microsecond=0)
    telemetry.info("no trace", event_id="e-1", correlation_id=None)
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1")
    telemetry.info("traced")
    untraced, traced = lines(printed(capsys))
    assert list(untraced) == ["level", "message", "timestamp", "service", "event_id"]
    assert datetime.fromisoformat(untraced["timestamp"]) >= before
    assert traced["xray_trace_id"] == "1-5759e988-bd862e3fe1be46a994272793"


@pytest.mark.parametrize("text", ["\ud800", "a\nb", "\u2028", "\0", "\U0001f600"])
def test_any_text_is_one_line_of_ascii(capsys: pytest.CaptureFixture[str], text: str) -> None:
    """Text that cannot be written would fail the event; text that breaks the line would be lost."""
    Telemetry("File", "persist-1", Clock()).info("event stored", event_name=text)
    output = printed(capsys)
    assert output.isascii()
    assert output.count("\n") == 1
    assert json.loads(output)["event_name"] == text


def test_persist_prints_nothing_that_an_event_carries(
    persist: PersistFunction, capsys: pytest.CaptureFixture[str], logged: io.StringIO
) -> None:
    """Whatever the outcome: stored, a duplicate, a conflict, rejected, or returned."""

    def secret(number: int, payload: str = json.dumps(SECRET), **fields: Any) -> str:
        return body(number, payload, UserId=SECRET, IpAddress=SECRET, **fields)

    persist.handle(
        secret(1),
        secret(1),
        secret(1, "2"),
        secret(2, Version=SECRET),
        secret(3, DomainName=SECRET),
        secret(4, EventTime=SECRET),
        secret(5, Extra=SECRET),
        secret(6, "{" + SECRET),
        json.dumps({"detail": SECRET}),
        SECRET,
    )
    persist.table_calls.fail = lambda name, call: ValueError(SECRET)
    persist.handle(secret(7))
    persist.table_calls.fail = lambda name, call: client_error(f"ValidationException {SECRET}"[:19])
    persist.handle(secret(8))
    persist.queue_calls.fail = lambda name, call: RuntimeError(SECRET)
    persist.handle(SECRET)
    output = printed(capsys) + logged.getvalue()
    assert "event stored" in output
    assert "event quarantined" in output
    assert "message goes back to the queue" in output
    assert SECRET not in output


def test_persist_counts_the_outcomes_of_its_messages(
    persist: PersistFunction, capsys: pytest.CaptureFixture[str]
) -> None:
    persist.table_calls.fail = lambda name, call: client_error("ThrottlingException") if "'e-9'" in repr(call) else None
    persist.handle(
        body(1), body(1), body(1, "2"), body(2), "not JSON", body(3, Version="1"), body(4, "1e" + "9" * 30), body(9)
    )
    (sent,) = metrics_of(printed(capsys))
    names = ["EventsStored", "DuplicateEvents", "ConflictingEvents", "ContractViolations", "UnstorableEvents"]
    assert [sent[name] for name in names] == [[2.0], [1.0], [1.0], [2.0], [1.0]]
    assert sent["MessagesReturned"] == [1.0]


@pytest.mark.parametrize(
    ("level", "expected"),
    [("INFO", ["INFO", "WARNING", "ERROR"]), ("WARNING", ["WARNING", "ERROR"]), ("ERROR", ["ERROR"])],
)
def test_lines_below_the_level_are_left_out_and_metrics_never(
    capsys: pytest.CaptureFixture[str], level: str, expected: list[str]
) -> None:
    telemetry = Telemetry("File", "persist-1", Clock(), log_level=level)
    telemetry.info("went well")
    telemetry.warning("look at this")
    telemetry.failed("went wrong", ValueError())
    telemetry.count("EventsStored")
    telemetry.flush()
    *logged, metrics = lines(printed(capsys))
    assert [line["level"] for line in logged] == expected
    assert metrics["EventsStored"] == [1]
