"""What the command says of a run is so, and so is its exit code."""

import io
import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.console import Console

from cp_event_source.deployed.difference import Difference
from cp_event_source.deployed.verify import Verification
from cp_event_source.local import command
from cp_event_source.local.command import Options, run_command
from cp_event_source.local.errors import EventsError, NotDrainedError
from cp_event_source.local.events_file import Entry, entries
from cp_event_source.local.progress import Progress
from cp_event_source.local.rebuilds import Rebuild
from cp_event_source.local.run import Changes, LocalRun, Stack
from cp_event_source.local.session import Session
from cp_event_source.local.updates import FUNCTION_TYPE, Registered
from tests.local.test_drain import state


class Said:
    """A place for lines, and what was put there."""

    def __init__(self) -> None:
        self._console = Console(file=io.StringIO(), width=400, color_system=None)
        self.progress = Progress(self._console)

    def __str__(self) -> str:
        return cast("io.StringIO", self._console.file).getvalue()


def session(said: Said, **of_run: Any) -> Session:
    run = cast("LocalRun", SimpleNamespace(pipelines=[], drain=lambda *_: None, **of_run))
    return Session(run, [], {}, 1.0, said.progress)


def registered(kind: str, name: str, identity: str) -> Registered:
    return Registered(kind, name, f"urn:{name}", identity, {}, {"arn": name}, {})


def stack(resources: Sequence[Registered], **fields: Any) -> Stack:
    return Stack("p", "local", Path("here"), fields.get("outputs", {}), resources, [], fields.get("changes", CREATED))


CREATED = Changes([], [], [])


def test_what_was_sent_is_counted_by_domain_and_kind() -> None:
    events = [
        {"EventType": "DOMAIN", "DomainName": "File"},
        {"EventType": "DOMAIN", "DomainName": "Account"},
        {"EventType": "REBUILD", "DomainName": "File"},
    ]
    takers = {"DOMAIN File": "File", "REBUILD File": "File"}
    said = Said()
    sending = session(
        said, publish=lambda part: [takers.get(f"{e.text('EventType')} {e.text('DomainName')}") for e in part]
    )

    sending.send(entries(events))

    assert "Sent 2 events: 1 for the domain File, 1 matched no domain's rule (DOMAIN of Account)\n" in str(said)
    assert "Sent 1 rebuild request: 1 for the domain File\n" in str(said)
    assert dict(sending.matched) == {("event", "File"): 1, ("rebuild request", "File"): 1}
    assert sending.unmatched == 1


def test_a_rebuild_request_is_sent_when_the_events_before_it_are_accounted_for() -> None:
    happened: list[str | None] = []

    def publish(part: Sequence[Entry]) -> list[None]:
        happened.extend(entry.text("EventId") for entry in part)
        return [None] * len(part)

    sending = session(Said(), publish=publish)
    cast("Any", sending.run).drain = lambda *_: happened.append("drained")
    kinds = ["DOMAIN", "DOMAIN", "REBUILD", "DOMAIN"]

    sending.send(entries([{"EventType": kind, "EventId": str(number)} for number, kind in enumerate(kinds)]))

    assert happened == ["0", "1", "drained", "2", "drained", "3", "drained"]


def test_what_was_sent_once_is_not_sent_again() -> None:
    said = Said()
    sending = session(said, publish=lambda part: [None] * len(part))
    sending.send(entries([{"EventId": "a"}]))

    assert sending.send(entries([{"EventId": "a"}])) == ""
    sending.send(entries([{"EventId": "a"}, {"EventId": "b"}]))

    assert str(said).count("Sent 1 event") == 2


def test_a_provider_is_not_counted_as_a_resource() -> None:
    made = [
        registered("pulumi:providers:aws", "aws", "local"),
        registered("aws:sqs/queue:Queue", "queue", "q"),
        registered("cp-event-source:index:CpEventSource", "files", ""),
    ]
    said = Said()

    session(said, deploy=lambda *_: stack(made)).deploy(Path("here"))

    assert "Deployed here: 1 resource\n" in str(said)


def test_a_second_deployment_says_what_it_changed() -> None:
    function, queue = registered(FUNCTION_TYPE, "search", "f"), registered("aws:sqs/queue:Queue", "queue", "q")
    stacks = [
        stack([], outputs={"a": 1}),
        stack([], outputs={"a": 1}),
        stack([], outputs={"b": 1}, changes=Changes([queue], [function], [queue] * 9)),
    ]
    said = Said()
    deploying = session(said, deploy=lambda *_: stacks.pop(0))

    assert [deploying.deploy(Path("here")) for _ in range(3)] == [True, False, True]

    assert "Deployed here again: nothing changed\n" in str(said)
    assert (
        "Deployed here again: created Queue queue; updated Function search; removed "
        + ", ".join(["Queue queue"] * 8)
        + ", 1 more; changed the exports a, b\n"
    ) in str(said)


class Played:
    """A run of the command whose session is played."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.state = state(stored=1)
        self.rebuilds: list[tuple[str, Rebuild]] = []
        self.verification = Verification("File", 1)
        self.error: Exception | None = None
        pipeline = SimpleNamespace(domain_name="File", name="files")
        traffic = SimpleNamespace(pipeline=pipeline)
        run = SimpleNamespace(
            traffics=[traffic],
            pipelines=[],
            endpoint="here",
            __enter__=lambda: None,
            __exit__=lambda: None,
            emulator=SimpleNamespace(log_of_failures=lambda: ["WARNING a line"]),
        )
        monkeypatch.setattr(command, "LocalRun", lambda _: run)
        monkeypatch.setattr(command, "Session", lambda *_: self.session())
        monkeypatch.setattr(command, "document", lambda **given: json.dumps({"errors": list(given["errors"])}))
        self._run = run

    def session(self) -> Any:
        def send(_: object) -> str:
            if self.error is not None:
                raise self.error
            return ""

        return SimpleNamespace(
            run=self._run,
            stacks={},
            matched={},
            unmatched=0,
            rebuilds=self.rebuilds,
            deploy_all=lambda: None,
            send=send,
            states=lambda: [self.state],
            outputs=lambda _: [],
            verifications=lambda: [self.verification],
        )

    def __call__(self, **options: bool) -> int:
        return run_command(Options(programs=[], events=None, config={}, **cast("Any", options)))


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Played:
    return Played(monkeypatch)


@pytest.mark.parametrize(
    ("aside", "said"),
    [
        ({"parked": 1, "waiting": 2}, "1 object parked, 2 events waiting"),
        ({"quarantined": 1}, "1 quarantined"),
        ({"expired": 1}, "1 batch given up"),
    ],
)
def test_strict_makes_what_was_set_aside_a_failure(
    aside: dict[str, int], said: str, played: Played, capsys: pytest.CaptureFixture[str]
) -> None:
    played.state = state(stored=1, **aside)

    assert (played(), played(strict=True)) == (0, 1)

    assert f"Error: --strict: domain File: {said}\n" in capsys.readouterr().out


def test_strict_makes_a_failed_rebuild_request_a_failure(played: Played, capsys: pytest.CaptureFixture[str]) -> None:
    played.rebuilds = [("File", Rebuild("a", 2)), ("File", Rebuild("b", None, "why"))]

    assert (played(), played(strict=True)) == (0, 1)

    assert "Error: --strict: Rebuild of b failed: why\n" in capsys.readouterr().out


def test_strict_is_content_if_all_is_in_rows(played: Played) -> None:
    assert played(strict=True, verify=True) == 0


def test_verify_makes_a_difference_a_failure_and_shows_it(played: Played, capsys: pytest.CaptureFixture[str]) -> None:
    played.verification = Verification("File", 1, [Difference("d", "Name", "a", "b")], {"e": "why"})

    assert (played(), played(verify=True)) == (0, 1)

    text = capsys.readouterr().out
    assert "Verified, domain File: 1 row with 1 difference, 1 not compared\n" in text
    assert "│ d        │ Name      │ a   │ b    │" in text
    assert "  e: not compared: why\n" in text


@pytest.mark.parametrize("error", [NotDrainedError("stuck"), EventsError("refused")])
def test_with_json_the_standard_output_has_one_document_and_nothing_else_also_after_an_error(
    error: Exception | None, played: Played, capsys: pytest.CaptureFixture[str]
) -> None:
    assert played(json=True) == 0
    assert json.loads(capsys.readouterr().out) == {"errors": []}

    played.error = error
    assert played(json=True) == 1

    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"errors": [str(error)]}
    assert f"Error: {error}\n" in printed.err


def test_what_is_not_accounted_for_is_an_error_with_the_emulators_last_lines(
    played: Played, capsys: pytest.CaptureFixture[str]
) -> None:
    played.error = NotDrainedError("stuck")

    assert played(verify=True) == 1

    text = capsys.readouterr().out
    assert "Error: stuck\n\nThe last warnings and errors in the emulator's log:\n  WARNING a line\n" in text
    assert "Verified" not in text
