"""Guarantees: exactly one selection is named; a selection has every object once; one that was interrupted continues."""

import io
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import boto3
import pytest
import typer
from moto import mock_aws

from cp_event_source.deployed.clients import Clients
from cp_event_source.deployed.errors import CommandError, UsageError
from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.handler.values.clock import Clock
from cp_event_source.operate.journal import Journal
from cp_event_source.operate.output import Output
from cp_event_source.operate.pace import Pace
from cp_event_source.operate.selection import Selection, SelectionError, select
from cp_event_source.operate.verifying import Verifying

PACE = Pace(1e9, Clock())
OUTPUT = Output(json=True)
TODAY = "today's version"


class WithLambda(Clients):
    """The clients, and a function that has a logic version."""

    environment: ClassVar[dict[str, Any]] = {"Variables": {"LOGIC_VERSION": TODAY}}

    def __call__(self, service: str) -> Any:
        if service != "lambda":
            return super().__call__(service)
        return SimpleNamespace(get_function_configuration=lambda FunctionName: {"Environment": self.environment})  # noqa: N803


def row(domain_id: str, version: str | None, *, parked: bool = False) -> dict[str, Any]:
    notes: dict[str, Any] = {"Revision": {"S": "r"}, **({"LogicVersion": {"S": version}} if version else {})}
    item = {"DomainId": {"S": domain_id}, "CpEventSource": {"M": notes}}
    return {**item, "ParkedSince": {"S": "2026-01-01T00:00:00.000+00:00"}} if parked else item


@pytest.fixture(scope="module")
def pipeline() -> Iterator[Pipeline]:
    with mock_aws():
        clients = WithLambda(boto3.Session("test", "test", region_name="eu-central-1"))
        dynamodb = clients("dynamodb")
        keys = {"HASH": "DomainId", "RANGE": "EventKey"}
        dynamodb.create_table(
            TableName="events",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"KeyType": kind, "AttributeName": name} for kind, name in keys.items()],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys.values()],
        )
        dynamodb.create_table(
            TableName="rows",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"KeyType": "HASH", "AttributeName": "DomainId"}],
            AttributeDefinitions=[
                {"AttributeName": each, "AttributeType": "S"} for each in ("DomainId", "ParkedSince")
            ],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "ParkedDomains",
                    "KeySchema": [{"KeyType": "HASH", "AttributeName": "ParkedSince"}],
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                }
            ],
        )
        for number in range(40):
            for second in range(3):
                key = {"DomainId": {"S": f"o{number}"}, "EventKey": {"S": f"2026-01-01T00:00:{second:02}.000000000Z#e"}}
                dynamodb.put_item(TableName="events", Item=key)
        for item in (
            row("current", TODAY),
            row("parked", TODAY, parked=True),
            row("old", "v0"),
            row("mixed", "mixed", parked=True),
            row("unreadable", None),
            {"DomainId": {"S": "somebody else's"}, "Other": {"S": "x"}},
        ):
            dynamodb.put_item(TableName="rows", Item=item)
        outputs = {
            "domain_name": "File",
            "domain_events_table_name": "events",
            "domain_table_name": "rows",
            "project_function_arn": "arn:aws:lambda:eu-central-1:123456789012:function:project",
        }
        yield Pipeline("files", outputs, clients)


def selected(kind: str | Selection, pipeline: Pipeline) -> list[str]:
    chosen = Selection(kind) if isinstance(kind, str) else kind
    with Journal(None, {}) as journal:
        count = select(chosen, pipeline, journal, PACE, OUTPUT)
        found = [domain_id for domain_id, _ in journal.objects()]
    assert count == len(found)
    return found


def test_scans_select_every_object_once(pipeline: Pipeline) -> None:
    assert selected("--all", pipeline) == sorted(f"o{number}" for number in range(40))
    assert selected("--parked", pipeline) == ["mixed", "parked"]
    assert selected("--stale", pipeline) == ["mixed", "old", "unreadable"]


def test_a_scan_that_was_killed_continues_and_misses_nothing(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: Any
) -> None:
    file = tmp_path / "journal"
    whole = Journal.processed
    pages: list[int] = []

    def killed(self: Journal, *arguments: Any) -> None:
        pages.append(len(pages))
        if len(pages) % 4 == 3:
            raise KeyboardInterrupt
        whole(self, *arguments)

    monkeypatch.setattr(Journal, "processed", killed)
    runs, chosen = 0, Selection("--all")
    while True:
        runs += 1
        with Journal(file, {}) as journal:
            try:
                count = select(chosen if runs == 1 else None, pipeline, journal, PACE, OUTPUT)
            except KeyboardInterrupt:
                continue
            break

    assert runs > 2
    assert count == 40


def test_stale_begins_again_if_the_logic_changes_meanwhile(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: Any
) -> None:
    with Journal(tmp_path / "journal", {}) as journal:
        monkeypatch.setattr(Journal, "processed", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            select(Selection("--stale"), pipeline, journal, PACE, OUTPUT)
        monkeypatch.setattr(WithLambda, "environment", {"Variables": {"LOGIC_VERSION": "v9"}})
        with pytest.raises(SelectionError, match="the logic is another"):
            select(None, pipeline, journal, PACE, OUTPUT)

    monkeypatch.setattr(WithLambda, "environment", {"Error": {"Message": "no right to decrypt"}})
    with pytest.raises(CommandError, match="no right to decrypt"):
        selected("--stale", pipeline)


def test_drifted_objects_are_those_that_verify_finds_and_a_rebuild_cures(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def find_all(_: Verifying, note: Any) -> Iterator[Any]:
        assert note is None
        for domain_id, cured in (("a", True), ("b", False), ("a", True), ("c", True)):
            yield SimpleNamespace(domain_id=domain_id, kind="", text="", is_rebuildable=cured)

    monkeypatch.setattr(Verifying, "all", find_all)

    assert selected("--drifted", pipeline) == ["a", "c"]


def test_ids_of_a_file(pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "ids"
    file.write_bytes("\ufeffb\r\n\na b\nö\nb\n c".encode())
    assert selected(Selection("--ids-from", file=file), pipeline) == sorted(["b", "a b", "ö", " c"])

    monkeypatch.setattr("sys.stdin", io.StringIO("x\ny\n"))
    assert selected(Selection("--ids-from", file=Path("-")), pipeline) == ["x", "y"]

    for content, message in ((b"a\n" + b"x" * 5000, "line 2 of"), (b"\xff\xfe", "must be UTF-8")):
        file.write_bytes(content)
        with Journal(None, {}) as journal:
            with pytest.raises(UsageError, match=message):
                select(Selection("--ids-from", file=file), pipeline, journal, PACE, OUTPUT)
            assert journal.count() == 0, "ids come into the journal all at once"
            with pytest.raises(SelectionError, match="without --resume"):
                select(None, pipeline, journal, PACE, OUTPUT)
    with pytest.raises(UsageError, match="cannot be read"):
        selected(Selection("--ids-from", file=tmp_path / "none"), pipeline)


def test_exactly_one_selection_must_be_named() -> None:
    assert Selection.of(["a"], None, resumes=False) == Selection("ID", ["a"])
    assert Selection.of([], None, "--all", resumes=False) == Selection("--all", [])
    assert Selection.of([], None, resumes=True) is None
    for ids, kinds, resumes in (
        (["a"], ["--all"], False),
        ([], [], False),
        ([], ["--all", "--stale"], False),
        (["a"], [], True),
    ):
        with pytest.raises(typer.BadParameter, match="got"):
            Selection.of(ids, None, *kinds, resumes=resumes)
    with pytest.raises(typer.BadParameter, match="ID: "):
        Selection.of([""], None, resumes=False)
