"""Guarantee: export, import, restore and erase can be killed between any two calls and continued: nothing is lost, and
nothing is done twice with effect."""

import gzip
import json
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st

from cp_event_source.deployed.errors import CommandError
from cp_event_source.deployed.event_lines import line_of
from cp_event_source.deployed.rebuild import Rebuilt
from cp_event_source.handler.aws.events_table import EventsTable, ItemRefused
from cp_event_source.handler.events.ingest import event_item
from cp_event_source.handler.values.attribute_value import Item
from cp_event_source.operate import erase, export, import_, restore
from cp_event_source.operate.journal import Journal
from cp_event_source.operate.output import Output
from cp_event_source.operate.rebuilding import Engine
from tests.nightly import effort
from tests.operate.tables import EVENTS, Tables, silence

LATEST = "9999-12-31T23:59:60.999999999Z"
COPY = f"{EVENTS}-restored"


class Killed(BaseException):
    """The process is gone."""


def item(domain_id: str, number: int, name: str = "Happened") -> Item:
    detail = {
        "DomainId": domain_id,
        "DomainName": "Log",
        "EventTime": f"2026-03-01T09:00:{number:02}Z",
        "EventId": f"e{number}",
        "UserId": "ada",
        "EventType": "DOMAIN",
        "EventName": name,
        "Version": 1,
        "Payload": {"Number": number},
    }
    return event_item(json.dumps({"id": f"{number}", "detail": detail}), domain_name="Log", latest=LATEST)


def tombstone(event: Item) -> Item:
    return {"DomainId": event["DomainId"], "EventKey": event["EventKey"], "Erased": {"S": "then"}}


def key(event: Item) -> tuple[str, str]:
    return event["DomainId"]["S"], event["EventKey"]["S"]


histories = st.dictionaries(
    st.sampled_from([f"log-{number}" for number in range(9)]), st.integers(1, 9), min_size=1, max_size=9
).map(lambda sizes: [item(domain_id, number) for domain_id, size in sorted(sizes.items()) for number in range(size)])


@dataclass
class Kill:
    """When the process ends: at the call of this kind and number, before it or after it before its reply arrives."""

    kind: str
    left: int
    after: bool
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def around(self, call: Callable[[], Any]) -> Any:
        with self._lock:
            self.left -= 1
            if self.left == -1 and not self.after:
                raise Killed
            reply = call()
            if self.left == -1:
                raise Killed
            return reply


class KillingClient:
    """A client at whose calls the process may end."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.kill: Kill | None = None

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.client, name)
        if self.kill is None or name != self.kill.kind:
            return found
        kill = self.kill
        return lambda **request: kill.around(lambda: found(**request))

    def get_paginator(self, operation: str) -> Any:
        client = self

        class Paginator:
            def paginate(self, **request: Any) -> Iterator[Any]:
                while True:
                    reply = getattr(client, operation)(**request)
                    yield reply
                    if "LastEvaluatedKey" not in reply:
                        return
                    request["ExclusiveStartKey"] = reply["LastEvaluatedKey"]

        return Paginator()


@dataclass
class Place:
    """A pipeline whose tables are in memory, and a folder to work in."""

    page_items: int
    folder: Path
    tables: Tables = field(init=False)
    rebuilt: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tables = Tables(page_items=self.page_items)
        self.tables.db.create_table(COPY, "DomainId", "EventKey")
        self.client = KillingClient(self.tables.client)
        self.tables.client = self.client  # type: ignore[assignment]

    @property
    def pipeline(self) -> Any:
        pipeline = self.tables.pipeline
        outputs = {**pipeline.outputs, "project_function_arn": "arn:aws:lambda:eu-central-1:1:function:project"}
        return type(pipeline)("log", outputs, pipeline.clients)

    def put(self, table: str, *items: Item) -> None:
        for each in items:
            self.client.client.put_item(TableName=table, Item=each)
        self.tables.db.settle()

    def stored(self) -> dict[tuple[str, str], Item]:
        return {key(each): each for each in self.tables.db.items(EVENTS)}

    def engine(self, *_: Any, **__: Any) -> Engine:
        def invoke(domain_id: str) -> Rebuilt:
            self.rebuilt.append(domain_id)
            return Rebuilt(domain_id, 1, None, "v")

        return Engine(invoke, 2)

    def journals(self) -> list[Path]:
        return list(self.folder.glob("*.journal"))

    def finish(self, work: Callable[..., Any], again: Callable[..., Any], kills: list[Kill]) -> None:
        """Do some work that is killed some times, and continue it."""
        processed = Journal.processed
        for kill in kills:
            self.client.kill = kill

            def noting(*given: Any, kill: Kill = kill) -> None:
                if kill.kind == "note":
                    kill.around(lambda: processed(*given))
                else:
                    processed(*given)

            try:
                with mock.patch.object(Journal, "processed", noting):
                    self._do(work, again)
            except Killed:
                continue
            break
        else:
            self.client.kill = None
            self._do(work, again)
        self.client.kill = None

    def _do(self, work: Callable[..., Any], again: Callable[..., Any]) -> None:
        with silence():
            found = self.journals()
            again(found[0]) if found else work()
        self.tables.db.settle()


@contextmanager
def place(page_items: int = 3) -> Iterator[Place]:
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        made = Place(page_items, Path(folder))
        try:
            with (
                mock.patch.object(restore, "engine_of", made.engine),
                mock.patch.object(erase, "engine_of", made.engine),
            ):
                yield made
        finally:
            os.chdir(before)


def output() -> Output:
    return Output(json=True)


kills = st.lists(
    st.builds(Kill, st.sampled_from(["note", "put_item", "query", "scan"]), st.integers(0, 4), st.booleans()),
    max_size=4,
)
pages = st.integers(1, 7)


@settings(max_examples=effort(20, 300), deadline=None)
@given(histories, kills, pages, st.sampled_from(["", ".gz"]))
def test_an_export_has_every_event_once_each_object_in_order(
    events: list[Item], when: list[Kill], page_items: int, suffix: str
) -> None:
    with place(page_items) as at:
        at.put(EVENTS, *events)
        file = Path(f"events.ndjson{suffix}")

        at.finish(
            lambda: export.export(at.pipeline, output(), all_objects=True, to=file),
            lambda journal: export.export(at.pipeline, output(), resume=journal),
            when,
        )

        content = file.read_bytes()
        lines = (gzip.decompress(content) if suffix else content).decode().splitlines()
        assert sorted(lines) == sorted(line_of(each, "Log") for each in events)
        for domain_id in {each["DomainId"]["S"] for each in events}:
            mine = [line for line in lines if json.loads(line)["detail"]["DomainId"] == domain_id]
            assert mine == [line_of(each, "Log") for each in events if each["DomainId"]["S"] == domain_id]
        assert [each.name for each in at.folder.iterdir()] == [file.name]
        assert file.stat().st_mode & 0o077 == 0


@settings(max_examples=effort(20, 300), deadline=None)
@given(histories, kills, st.data())
def test_an_import_stores_what_is_missing_and_changes_nothing(
    events: list[Item], when: list[Kill], data: st.DataObject
) -> None:
    there = data.draw(st.lists(st.sampled_from(events), unique_by=key))
    erased = [tombstone(each) for each in data.draw(st.lists(st.sampled_from(events), unique_by=key, max_size=2))]
    before = {key(each): each for each in [*there, *erased]}
    with place() as at, mock.patch.object(import_, "_LINES_AT_ONCE", 5):
        at.put(EVENTS, *before.values())
        file = Path("events.ndjson")
        file.write_text("".join(f"{line_of(each, 'Log')}\n" for each in events))

        at.finish(
            lambda: import_.import_(at.pipeline, output(), [file]),
            lambda journal: import_.import_(at.pipeline, output(), resume=journal),
            when,
        )

        assert at.stored() == {key(each): each for each in events} | before
        assert at.journals() == []


@settings(max_examples=effort(20, 300), deadline=None)
@given(histories, kills, st.data())
def test_a_restore_brings_back_what_is_missing_and_rebuilds_its_objects(
    events: list[Item], when: list[Kill], data: st.DataObject
) -> None:
    lost = data.draw(st.lists(st.sampled_from(events), unique_by=key))
    later = item("log-0", 50)
    erased = [tombstone(each) for each in data.draw(st.lists(st.sampled_from(events), unique_by=key, max_size=2))]
    left = {key(each): each for each in [*events, later] if each not in lost} | {key(each): each for each in erased}
    with place() as at:
        at.put(COPY, *events)
        at.put(EVENTS, *left.values())

        at.finish(
            lambda: restore.restore(at.pipeline, output()),
            lambda journal: restore.restore(at.pipeline, output(), resume=journal),
            when,
        )

        assert at.stored() == {key(each): each for each in events} | left
        assert {key(each)[0] for each in lost if key(each) not in left} <= set(at.rebuilt)
        assert at.journals() == []


@settings(max_examples=effort(20, 300), deadline=None)
@given(histories, kills, st.data())
def test_an_erasure_is_recorded_before_it_is_done(events: list[Item], when: list[Kill], data: st.DataObject) -> None:
    domain_id = data.draw(st.sampled_from(events))["DomainId"]["S"]
    mine = [each for each in events if each["DomainId"]["S"] == domain_id]
    meant = data.draw(st.lists(st.sampled_from(mine), unique_by=key))
    ids = [each["EventId"]["S"] for each in meant]
    record = Path("record.ndjson")
    with place() as at:
        at.put(EVENTS, *events)

        def work() -> None:
            erase.erase(at.pipeline, output(), domain_id, ids, record=record, yes=True)

        at.finish(work, lambda _: work(), when)

        found = {each for each, stored in at.stored().items() if "Erased" in stored}
        assert found == {key(each) for each in meant or mine}
        lines = [json.loads(line) for line in record.read_text().splitlines()]
        assert found == {(line["DomainId"], line["EventKey"]) for line in lines if "EventKey" in line}
        assert {line["DomainId"] for line in lines if "AllBefore" in line} == (set() if meant else {domain_id})
        assert domain_id in at.rebuilt


def test_a_record_erases_again_also_what_the_table_lacks() -> None:
    events = [item("log-1", number) for number in range(3)]
    with place() as at:
        at.put(EVENTS, *events)
        with silence():
            erase.erase(at.pipeline, output(), "log-1", ["e0", "e1"], record=Path("record"), yes=True)
        # a restore from before brings one event back, and the other one is lost
        at.put(EVENTS, events[0])
        at.client.client.delete_item(TableName=EVENTS, Key={name: events[1][name] for name in ("DomainId", "EventKey")})

        with silence():
            erase.erase(at.pipeline, output(), again=Path("record"), yes=True)

        assert [("Erased" in each) for _, each in sorted(at.stored().items())] == [True, True, False]


def test_lines_that_are_no_events_are_named_and_all_others_are_imported(capsys: pytest.CaptureFixture[str]) -> None:
    other = item("log-1", 1, "Other")
    with place() as at:
        at.put(EVENTS, other)
        file = Path("events")
        lines = [
            line_of(item("log-1", 0), "Log"),
            "no JSON",
            "",
            line_of(item("log-1", 1), "Log"),
            '{"detail": {}}',
            line_of(tombstone(other), "Log"),
        ]
        file.write_text("\n".join(lines))
        result = output()

        with silence():
            import_.import_(at.pipeline, result, [file])

        said = json.loads(capsys.readouterr().out)
        assert result.exit_code == 1
        assert said["stored"] == 1
        assert (said["conflicts"], said["bad_lines"]) == (2, 2)
        assert [each["line"] for each in said["problems"]] == [2, 4, 5, 6]
        assert at.journals() == []
        assert at.stored()[key(other)] == other


def test_a_line_of_any_length_is_refused_in_bounded_memory() -> None:
    with place() as at, mock.patch.object(import_, "MAX_LINE_BYTES", 1_000):
        file = Path("events")
        file.write_bytes(b"x" * 5_000 + b"\n" + line_of(item("log-1", 0), "Log").encode() + b"\n" + b"y" * 2_500)

        with silence():
            import_.import_(at.pipeline, output(), [file])

        assert len(at.stored()) == 1


def test_a_file_that_has_changed_is_not_continued() -> None:
    with place() as at, mock.patch.object(import_, "_LINES_AT_ONCE", 1):
        file = Path("events")
        file.write_text("".join(f"{line_of(item('log-1', number), 'Log')}\n" for number in range(4)))
        at.client.kill = Kill("put_item", 2, after=False)
        with pytest.raises(Killed), silence():
            import_.import_(at.pipeline, output(), [file])
        at.client.kill = None
        file.write_text("changed\n")

        with pytest.raises(CommandError, match="must be as it was"), silence():
            import_.import_(at.pipeline, output(), resume=at.journals()[0])


def test_two_processes_do_not_work_with_one_journal() -> None:
    with place() as at:
        at.put(EVENTS, *(item("log-1", number) for number in range(9)))
        at.client.kill = Kill("scan", 9, after=False)
        with pytest.raises(Killed), silence():
            export.export(at.pipeline, output(), all_objects=True, to=Path("events"))
        at.client.kill = None
        (journal,) = at.journals()
        with Journal(journal, {}), pytest.raises(CommandError, match="another process"), silence():
            export.export(at.pipeline, output(), resume=journal)


def test_a_file_that_exists_is_not_overwritten() -> None:
    with place() as at:
        Path("events").write_text("mine")

        with pytest.raises(typer.BadParameter, match="must be a new file"), silence():
            export.export(at.pipeline, output(), all_objects=True, to=Path("events"))


def test_an_interrupted_export_of_some_objects_leaves_no_file() -> None:
    with place() as at:
        at.put(EVENTS, *(item("log-1", number) for number in range(9)))
        at.client.kill = Kill("query", 1, after=False)
        with pytest.raises(Killed), silence():
            export.export(at.pipeline, output(), ["log-1"], to=Path("events"))

        assert list(at.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"source": EVENTS}, "another table"),
        ({"source": "absent"}, "found no 'absent'"),
        ({"source": "rows"}, "has the key"),
    ],
)
def test_only_a_copy_of_the_events_is_restored_from(arguments: dict[str, Any], says: str) -> None:
    with place() as at, pytest.raises(CommandError, match=says), silence():
        restore.restore(at.pipeline, output(), **arguments)


def test_events_of_another_domain_are_not_restored() -> None:
    with place() as at:
        at.put(COPY, item("log-1", 1) | {"DomainName": {"S": "Other"}})

        with pytest.raises(CommandError, match="domain 'Other'"), silence():
            restore.restore(at.pipeline, output())
        assert at.stored() == {}


def test_an_event_that_is_not_stored_is_not_erased_and_nothing_else_is() -> None:
    with place() as at:
        at.put(EVENTS, item("log-1", 1))

        with pytest.raises(CommandError, match="not stored: e2"), silence():
            erase.erase(at.pipeline, output(), "log-1", ["e1", "e2"], record=Path("record"), yes=True)
        assert not any("Erased" in each for each in at.stored().values())
        assert not Path("record").exists()


def test_nobody_is_asked_without_a_terminal() -> None:
    with place() as at:
        at.put(EVENTS, item("log-1", 1))

        with pytest.raises(typer.BadParameter, match="--yes"), silence():
            erase.erase(at.pipeline, output(), "log-1", record=Path("record"))


def interrupted_export(at: Place, file: Path, left: int) -> Path:
    """Export until the process ends; returns the new journal."""
    before = at.journals()
    at.client.kill = Kill("scan", left, after=False)
    with pytest.raises(Killed), silence():
        export.export(at.pipeline, output(), all_objects=True, to=file)
    at.client.kill = None
    (journal,) = (each for each in at.journals() if each not in before)
    return journal


def many() -> list[Item]:
    return [item(f"log-{domain}", number) for domain in range(9) for number in range(9)]


def test_two_exports_into_one_file_do_not_mix() -> None:
    with place() as at:
        at.put(EVENTS, *many())
        file = Path("events")
        first, second = interrupted_export(at, file, 14), interrupted_export(at, file, 22)

        with silence():
            export.export(at.pipeline, output(), resume=first)
        assert sorted(file.read_text().splitlines()) == sorted(line_of(each, "Log") for each in many())
        file.write_text("of somebody else")
        with pytest.raises(CommandError, match="exists now; the export is complete in"), silence():
            export.export(at.pipeline, output(), resume=second)
        assert file.read_text() == "of somebody else"


def test_a_file_of_another_export_is_no_proof_that_this_one_is_complete() -> None:
    with place() as at:
        at.put(EVENTS, *many())
        journal = interrupted_export(at, Path("events"), 14)
        next(at.folder.glob("*.part")).unlink()
        Path("events").write_text("of somebody else")

        with pytest.raises(CommandError, match="must be as it was left; it is gone"), silence():
            export.export(at.pipeline, output(), resume=journal)


def test_a_time_leaves_out_no_tombstone() -> None:
    erased = tombstone(item("log-1", 1))
    since = "2026-03-01T09:00:20.000000000Z"
    with place() as at:
        at.put(EVENTS, erased, item("log-1", 0), item("log-1", 30))
        with silence():
            export.export(at.pipeline, output(), all_objects=True, to=Path("all"), since=since)
            export.export(at.pipeline, output(), ["log-1", "log-1"], to=Path("one"), since=since)

        wanted = sorted([line_of(erased, "Log"), line_of(item("log-1", 30), "Log")])
        assert sorted(Path("all").read_text().splitlines()) == wanted
        assert sorted(Path("one").read_text().splitlines()) == wanted


def test_an_object_that_nobody_has_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with place() as at:
        result = output()
        export.export(at.pipeline, result, ["log-1"], to=Path("events"))

        assert result.exit_code == 1
        assert "found none of 'log-1'" in capsys.readouterr().err


def test_events_that_were_lost_when_their_object_was_erased_are_erased_when_they_are_back() -> None:
    events = [item("log-1", number) for number in range(3)]
    later = item("log-1", 50) | {"EventKey": {"S": "2999-01-01T00:00:00.000000000Z#e50"}}
    with place() as at:
        at.put(EVENTS, events[0], item("log-2", 0))
        with silence():
            erase.erase(at.pipeline, output(), "log-1", record=Path("record"), yes=True)
        at.put(EVENTS, *events[1:], later)

        with silence():
            erase.erase(at.pipeline, output(), again=Path("record"), yes=True)

        left = {each for each, stored in at.stored().items() if "Erased" not in stored}
        assert left == {key(later), ("log-2", key(item("log-2", 0))[1])}


def test_a_record_survives_a_kill_another_domain_and_a_key_that_a_person_wrote() -> None:
    odd: Item = {"DomainId": {"S": "log-1"}, "EventKey": {"S": "by hand#odd"}, "Payload": {"S": "x"}}
    events = [odd, *(item("log-1", number) for number in range(3))]
    record = Path("record")
    with place() as at:
        at.put(EVENTS, *events)
        other = {"DomainName": "Other", "DomainId": "log-1", "EventKey": key(item("log-1", 2))[1]}
        record.write_text(json.dumps(other) + '\n{"DomainName": "Log", "Dom')
        with silence():
            erase.erase(at.pipeline, output(), "log-1", ["e0", "odd"], record=record, yes=True)
            erase.erase(at.pipeline, output(), "log-1", ["e1"], record=record, yes=True)
        at.put(EVENTS, *events)
        result = output()

        with silence():
            erase.erase(at.pipeline, result, again=record, yes=True)

        assert {each for each, stored in at.stored().items() if "Erased" not in stored} == {key(item("log-1", 2))}
        assert result.exit_code == 1  # for the torn line


def test_a_renamed_domain_has_the_record_of_its_old_name() -> None:
    with place() as at:
        at.put(EVENTS, item("log-1", 0))
        line = {"DomainName": "Old", "DomainId": "log-1", "EventKey": key(item("log-1", 0))[1]}
        Path("record").write_text(json.dumps(line))

        with silence():
            erase.erase(at.pipeline, output(), again=Path("record"), from_domain="Old", yes=True)

        assert all("Erased" in each for each in at.stored().values())


@pytest.mark.parametrize("content", ["mine\n", '{"detail": {}}\n', '{"DomainName": 5}\n'])
def test_a_file_that_is_no_record_is_not_added_to(content: str) -> None:
    with place() as at:
        at.put(EVENTS, item("log-1", 0))
        Path("record").write_text(content)

        with pytest.raises(CommandError, match="must be a record of erasures"), silence():
            erase.erase(at.pipeline, output(), "log-1", record=Path("record"), yes=True)
        assert Path("record").read_text() == content
        assert not any("Erased" in each for each in at.stored().values())


def test_an_event_that_is_only_marked_as_erased_is_erased() -> None:
    with place() as at:
        at.put(EVENTS, item("log-1", 0) | {"Erased": {"BOOL": True}})

        with silence():
            erase.erase(at.pipeline, output(), "log-1", record=Path("record"), yes=True)

        (stored,) = at.stored().values()
        assert stored.keys() == {"DomainId", "EventKey", "Erased"}


def test_an_event_that_some_pipeline_may_have_accepted_is_imported() -> None:
    detail = json.loads(line_of(item("log-1", 0), "Log"))["detail"]
    with place() as at:
        Path("events").write_text(json.dumps({"detail": {**detail, "EventTime": "2035-01-01T00:00:00Z"}}))

        with silence():
            import_.import_(at.pipeline, output(), [Path("events")])

        assert len(at.stored()) == 1


@pytest.mark.parametrize("damage", ["cut", "changed"])
def test_a_damaged_archive_is_an_error(damage: str) -> None:
    with place() as at:
        content = bytearray(gzip.compress(b"".join(f"{line_of(each, 'Log')}\n".encode() for each in many())))
        if damage == "cut":
            del content[-9:]
        else:
            content[20:60] = bytes(40)
        Path("events.gz").write_bytes(content)

        with pytest.raises(CommandError, match="must be a whole gzip file"), silence():
            import_.import_(at.pipeline, output(), [Path("events.gz")])


def test_an_item_that_dynamodb_refuses_is_tried_again_when_the_restore_is_continued(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with place() as at:
        at.put(COPY, *many())
        append = EventsTable.append

        def refusing(table: EventsTable, each: Item) -> Any:
            if key(each) == key(many()[3]):
                raise ItemRefused("too large")
            return append(table, each)

        result = output()
        with silence(), mock.patch.object(EventsTable, "append", refusing):
            restore.restore(at.pipeline, result)
        said = json.loads(capsys.readouterr().out)
        assert (result.exit_code, said["refused"]) == (1, 1)
        assert said["refused_items"] == [f"log-0 {key(many()[3])[1]}: too large"]

        with silence(), mock.patch.object(EventsTable, "append", refusing), mock.patch.object(Engine, "run") as run:
            run.side_effect = Killed
            with pytest.raises(Killed):
                restore.restore(at.pipeline, output(), resume=at.journals()[0])
        with silence():
            restore.restore(at.pipeline, output(), resume=at.journals()[0])
        assert at.stored() == {key(each): each for each in many()}
        assert at.journals() == []


def test_a_span_without_time_is_refused() -> None:
    with place() as at, pytest.raises(typer.BadParameter, match="--since: must be before --until"), silence():
        export.export(at.pipeline, output(), all_objects=True, to=Path("e"), since="2026-02", until="2026-01")
