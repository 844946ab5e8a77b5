"""Guarantee: no content of a producer's message, a payload or an error's text reaches the logs on any path.

Marked secrets go through every path of both functions. Then all that Lambda would log is searched for them: what the
functions write to the standard output and the error output or hand to `logging`, and the text of what leaves `handle`,
its traceback with all causes included. So is all that X-Ray's daemon gets. Ids that are texts and EventName may be
logged; they hold no secret here.
"""

import io
import json
import logging
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stderr
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from cp_event_source.handler.domain.logic import DomainLogic

from ..doubles.aws import AwsError
from ..handler.daemon import SAMPLED, listening
from .cases import body, noise
from .pipeline import PERSIST, PROJECT, Pipeline, logic_of

SECRET = "hush"
VALUE = json.dumps(f"{SECRET}-value")
OBJECT = f'{{"{SECRET}-name": [{VALUE}, {{"{SECRET}-inner": {VALUE}}}]}}'


def message_with(**fields: str | None) -> str:
    """A good event, full of secrets."""
    full: dict[str, str | None] = {
        "UserId": f'"{SECRET}-user"',
        "IpAddress": f'"{SECRET}-address"',
        "Extra": OBJECT,
        f"{SECRET}-field": VALUE,
        "_source": VALUE,
        "_detail_type": VALUE,
        "_resources": f"[{VALUE}]",
        f"_{SECRET}": VALUE,
    }
    return body(OBJECT, **(full | fields))


class Telltale(Exception):
    """Of the domain's logic: it carries secrets in every way that an exception can."""

    held = f"{SECRET}-attribute"

    def __init__(self) -> None:
        super().__init__(f"{SECRET}-text", {"k": f"{SECRET}-argument"})
        self.own = f"{SECRET}-own"
        self.add_note(f"{SECRET}-note")


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise ValueError(f"{SECRET}-of-text")


def _raise(error: BaseException) -> Any:
    raise error


def _raise_from() -> Any:
    try:
        _raise(KeyError(f"{SECRET}-cause"))
    except KeyError as error:
        raise Telltale from error


FAILURES: dict[str, Callable[[Any], Any]] = {
    "an exception": lambda log: _raise(Telltale()),
    "an exception with a cause": lambda log: _raise_from(),
    "an exception without a text": lambda log: _raise(Unspeakable()),
    "an exit": lambda log: _raise(SystemExit(f"{SECRET}-exit")),
    "a name that the payload has not": lambda log: dict[str, Any]()[f"{SECRET}-name"],
    "an attribute that no row holds": lambda log: setattr(log, f"{SECRET}-attribute", object()),
    "a name that no row holds": lambda log: setattr(log, "Seen", {f"{SECRET}-name": {1: f"{SECRET}-value"}}),
    "a row too large": lambda log: setattr(log, f"{SECRET}-large", SECRET * 120_000),
    "a row that changes": lambda log: setattr(
        log, f"{SECRET}-changing", {f"{SECRET}-name": [1.5, float("1e-7")], "a": ()}
    ),
    "another object's row": lambda log: setattr(log, "DomainId", f"{SECRET}-id"),
    "nothing of use": lambda log: f"{SECRET}-result",
}
"""What the logic's first version does at an event of that name."""


def logic(*, is_fixed: bool = False) -> DomainLogic:
    @dataclass
    class Log:
        DomainId: str
        Seen: Any = field(default_factory=list)

        def apply(self, payload: Any, event_name: str, user_id: str) -> Any:
            if event_name in FAILURES and not is_fixed:
                return FAILURES[event_name](self)
            self.Seen.append(payload)
            return None

    return logic_of(Log)


class Watched:
    """A pipeline, and all that Lambda would log of it."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.escaped: list[str] = []

    def invoke(self, name: str, event: dict[str, Any], **options: Any) -> None:
        try:
            self.pipeline.invoke(name, event, **options)
        except BaseException as error:  # noqa: BLE001  Lambda logs whatever it is
            self.escaped.append("".join(traceback.format_exception(error)))

    def persist(self, *bodies: str, **options: Any) -> None:
        records = [{"messageId": f"m{number}", "body": each} for number, each in enumerate(bodies)]
        self.invoke(PERSIST, {"Records": records}, **options)

    def project(self, **options: Any) -> None:
        self.invoke(PROJECT, {"Records": self.pipeline.db.records("events")}, **options)

    def rebuild(self, domain_id: Any = "d-1", **fields: Any) -> None:
        request = {"EventType": "REBUILD", "DomainName": "Log", "DomainId": domain_id, f"{SECRET}-field": SECRET}
        self.invoke(PROJECT, {"source": SECRET, "detail": request | fields})

    def said(self) -> set[str]:
        """Messages logged and metrics counted."""
        return {line["message"] for line in self.pipeline.lines() if "message" in line} | self.pipeline.metrics().keys()


@pytest.fixture
def watched(
    make: Callable[..., Pipeline],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Watched]:
    """At the end, none of the captured text may hold a secret."""
    error_output = io.StringIO()
    monkeypatch.setenv("_X_AMZN_TRACE_ID", SAMPLED)
    with (
        listening() as daemon,
        caplog.at_level(logging.INFO),  # Lambda's level, unless a person changes it
        redirect_stderr(error_output),
    ):
        monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", daemon.address)
        watched = Watched(make(logic(), is_wired=True))
        yield watched
        assert bool(daemon.received()) == any("message" in line for line in watched.pipeline.lines())
    everything = [watched.pipeline.output.getvalue(), error_output.getvalue(), caplog.text, *watched.escaped]
    everything += daemon.texts
    everything += capfd.readouterr()
    assert SECRET not in "\n".join(everything).lower()


# --- the persist function


def test_stored_known_and_in_conflict(watched: Watched) -> None:
    watched.persist(message_with(), message_with(), message_with(UserId=f'"{SECRET}-other"'))
    assert watched.said() >= {"EventsStored", "DuplicateEvents", "ConflictingEvents"}


FIELDS = ("DomainId", "EventTime", "EventId", "UserId", "EventType", "EventName", "DomainName", "Version")
WRONG = {
    "object": OBJECT,
    "array": f"[{VALUE}]",
    "long text": f'"{SECRET}{"x" * 3_000}"',
}


@pytest.mark.parametrize("kind", WRONG)
@pytest.mark.parametrize("name", [*FIELDS, "CorrelationId", "IpAddress"])
def test_a_field_that_is_wrong(watched: Watched, name: str, kind: str) -> None:
    watched.persist(message_with(**{name: WRONG[kind], "Version": WRONG[kind] if name == "Version" else "1.5"}))
    assert watched.said() == {"event quarantined", "ContractViolations"}
    assert SECRET in (watched.pipeline.quarantined()[0].reason or "")  # where it may be, and is


@pytest.mark.parametrize("name", ["_id", "_time", "_account", "_version"])
def test_a_field_of_the_bus_that_is_odd(watched: Watched, name: str) -> None:
    watched.persist(message_with(**{name: OBJECT}), message_with(**{name: WRONG["long text"]}, Version='"1"'))
    assert watched.said() >= {"EventsStored", "ContractViolations"}


@pytest.mark.parametrize(
    "text",
    [
        *(message_with()[:end] for end in range(1, len(message_with()), 40)),
        message_with().replace("-value", "\n"),
        message_with().replace(f'"{SECRET}-name"', f"{SECRET}-name"),
        message_with().replace(":", f" {SECRET} ", 1),
        message_with() + SECRET,
        SECRET,
        VALUE,
        f"[{VALUE}]",
        OBJECT,
        f'{{"detail": {VALUE}}}',
        f'{{"detail": [{OBJECT}]}}',
        f'{{"detail": {OBJECT}}}',
        f'{{"{SECRET}": 1, "{SECRET}": 1e99999999999999999999}}',
        f'{{"detail": {{"EventId": {OBJECT}, "EventName": {OBJECT}, "CorrelationId": {OBJECT}}}, "id": {OBJECT}}}',
    ],
    ids=lambda text: f"{text[:10]}...{text[-10:]}",
)
def test_a_body_that_is_no_event(watched: Watched, text: str) -> None:
    watched.persist(text)
    assert "event quarantined" in watched.said()


def test_an_erased_event(watched: Watched) -> None:
    watched.persist(message_with())
    (item,) = watched.pipeline.db.items("events")
    tombstone = {"DomainId": item["DomainId"], "EventKey": item["EventKey"], "Erased": {"S": SECRET}}
    watched.pipeline.db.handle("PutItem", {"TableName": "events", "Item": tombstone})
    watched.persist(message_with())
    watched.project()
    watched.rebuild()
    assert watched.said() >= {"ErasedEvents", "event was erased", "domain object rebuilt"}


def test_what_does_not_fit(watched: Watched) -> None:
    watched.persist(message_with(Extra=f'"{SECRET}{noise(700_000)}"'))
    assert "UnstorableEvents" in watched.said()


def failing(error: Exception, *operations: str) -> Callable[[str, Mapping[str, Any], str], None]:
    def fail(operation: str, _request: Mapping[str, Any], when: str) -> None:
        if operation in operations and when == "before":
            raise error

    return fail


FAULTS = {
    "throttled": AwsError("ThrottlingException", f"{SECRET}-text"),
    "denied": AwsError("AccessDeniedException", f"User {SECRET}-arn is not authorized"),
    "broken": AwsError("InternalServerError", f"{SECRET}-text"),
    "not found": AwsError("ResourceNotFoundException", f"{SECRET}-text"),
    "unknown": AwsError("Odd", f"{SECRET}-text"),
    "timed out": ReadTimeoutError(endpoint_url=f"https://{SECRET}"),
    "unreachable": EndpointConnectionError(endpoint_url=f"https://{SECRET}"),
    "of Python": RuntimeError(f"{SECRET}-text"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_table_that_cannot_be_written(watched: Watched, name: str) -> None:
    watched.pipeline.db.intercept = failing(FAULTS[name], "PutItem")
    watched.persist(message_with())
    assert watched.said() == {"message goes back to the queue", "MessagesReturned"}


def test_an_item_that_the_table_refuses(watched: Watched) -> None:
    watched.pipeline.db.intercept = failing(AwsError("ValidationException", f"{SECRET}-text"), "PutItem")
    watched.persist(message_with())
    assert watched.said() == {"event quarantined", "UnstorableEvents"}
    assert SECRET in (watched.pipeline.quarantined()[0].reason or "")


@pytest.mark.parametrize("name", FAULTS)
def test_a_quarantine_that_cannot_be_written(watched: Watched, name: str) -> None:
    watched.pipeline.sqs.intercept = failing(FAULTS[name], "SendMessage")
    watched.persist(message_with(Version=OBJECT), "{" + SECRET)
    assert watched.said() == {"message goes back to the queue", "MessagesReturned"}


def test_a_batch_without_time_left(watched: Watched) -> None:
    watched.persist(message_with(), seconds=0)
    assert watched.said() == {"message goes back to the queue", "MessagesReturned"}


@pytest.mark.parametrize("function", [PERSIST, PROJECT])
@pytest.mark.parametrize(
    "event",
    [
        {SECRET: SECRET},
        {"Records": [{SECRET: SECRET, "body": SECRET}]},
        {"Records": SECRET},
        {"Records": {SECRET: SECRET}},
        {"detail": SECRET},
        {"detail": [SECRET]},
        {"detail": None, SECRET: SECRET},
        {"Detail": {SECRET: SECRET}},
    ],
    ids=repr,
)
def test_an_invocation_by_somebody_else(watched: Watched, function: str, event: dict[str, Any]) -> None:
    watched.invoke(function, event)
    assert watched.escaped or watched.said() == {"event quarantined", "ContractViolations"}


# --- the project function


def test_applied_late_and_delivered_again(watched: Watched) -> None:
    watched.persist(message_with())
    watched.project()
    watched.persist(message_with(EventTime='"2025-01-01T00:00:00Z"'))
    watched.project()
    watched.project()
    assert watched.said() >= {"EventsProjected", "DomainsRefolded", "BatchesRedelivered"}


@pytest.mark.parametrize("name", FAILURES)
def test_parked_waiting_healed_and_rebuilt(watched: Watched, name: str) -> None:
    watched.persist(message_with())
    watched.project()
    watched.persist(message_with(EventName=json.dumps(name), EventId='"e-2"'))
    watched.project()
    watched.persist(message_with(EventId='"e-3"'))
    watched.project()
    watched.rebuild()
    assert watched.said() >= {"DomainsParked", "domain object parked", "domain object waiting", "RebuildsFailed"}
    (notice,) = watched.pipeline.sqs.messages(watched.pipeline.parked)
    assert "RebuildFailed" in watched.escaped[-1]
    watched.pipeline.deploy(logic(is_fixed=True), "v2")
    watched.persist(message_with(EventId='"e-4"'))
    watched.project()
    watched.rebuild()
    assert watched.said() >= {"DomainsHealed", "DomainsRebuilt"}
    silent = {"an exception without a text", "another object's row", "nothing of use"}
    assert SECRET in notice.body or name in silent  # it may be there: the queue is encrypted


@pytest.mark.parametrize("operation", ["BatchGetItem", "GetItem", "Query", "PutItem", "SendMessage"])
@pytest.mark.parametrize("name", FAULTS)
def test_a_call_that_fails(watched: Watched, name: str, operation: str) -> None:
    watched.persist(message_with(EventName='"an exception"'), message_with(DomainId='"d-2"'))
    watched.pipeline.db.intercept = watched.pipeline.sqs.intercept = failing(FAULTS[name], operation)
    watched.project()
    watched.rebuild()
    watched.rebuild("d-2")
    if operation != "GetItem":  # a batch has no need of it
        assert watched.said() & {"DomainsReturned", "a part of the batch goes back to the stream"}
    if operation != "BatchGetItem" and operation != "SendMessage":  # a rebuild has no need of these
        assert len(watched.escaped) == 2


@pytest.mark.parametrize("name", ["EventType", "DomainName", "DomainId"])
@pytest.mark.parametrize("value", [SECRET * 1_000, [SECRET], {SECRET: SECRET}, f"{SECRET}\ud800"], ids=repr)
def test_an_invalid_rebuild_request(watched: Watched, name: str, value: Any) -> None:
    watched.rebuild(**({"domain_id": value} if name == "DomainId" else {name: value}))
    assert "BadRebuildRequest" in watched.escaped[-1]


@pytest.mark.parametrize("operation", ["BatchGetItem", "GetItem", "PutItem", "SendMessage"])
def test_a_crash_probe(watched: Watched, operation: str) -> None:
    """An event that comes alone and late: it may have crashed a process."""
    watched.persist(message_with(EventName='"an exception"'))
    watched.pipeline.clock.advance(600)
    watched.pipeline.db.intercept = watched.pipeline.sqs.intercept = failing(FAULTS["of Python"], operation)
    watched.project()
    watched.pipeline.db.intercept = watched.pipeline.sqs.intercept = None
    watched.project()
    assert "domain object parked" in watched.said()


def test_a_rebuild_without_time_left(watched: Watched) -> None:
    watched.persist(message_with())
    request = {"EventType": "REBUILD", "DomainName": "Log", "DomainId": "d-1", SECRET: SECRET}
    watched.invoke(PROJECT, {"detail": request}, seconds=0)
    watched.project(seconds=0)
    assert watched.said() >= {"RebuildsFailed", "DomainsReturned"}


def test_a_rebuild_of_an_object_that_does_not_exist(watched: Watched) -> None:
    watched.rebuild("nobody")
    assert "no event is stored" in watched.escaped[-1]


def test_an_item_written_by_hand(watched: Watched) -> None:
    watched.persist(message_with())
    (item,) = watched.pipeline.db.items("events")
    for number, wrong in enumerate(({"S": SECRET}, {"B": SECRET.encode()}, {"M": {SECRET: {"SS": [SECRET]}}})):
        key = {"DomainId": {"S": f"by hand {number}"}, "EventKey": {"S": f"{number}"}}
        watched.pipeline.db.handle("PutItem", {"TableName": "events", "Item": {**item, **key, "Payload": wrong}})
        watched.pipeline.db.handle(
            "PutItem", {"TableName": "events", "Item": {**key, "EventKey": {"S": "erased"}, SECRET: wrong}}
        )
    watched.project()
    for number in range(3):
        watched.rebuild(f"by hand {number}")
    assert len(watched.escaped) == 3


def test_a_row_that_a_manual_edit_broke(watched: Watched) -> None:
    watched.persist(message_with())
    watched.project()
    (row,) = watched.pipeline.db.items("rows")
    notes = {**row["CpEventSource"]["M"], "EventCount": {"S": SECRET}, "Parked": {"S": SECRET}}
    invalid = {**row, "CpEventSource": {"M": notes}, SECRET: {"S": SECRET}}
    watched.pipeline.db.handle("PutItem", {"TableName": "rows", "Item": invalid})
    watched.persist(message_with(EventId='"e-2"'))
    watched.project()
    assert "domain object applied" in watched.said()
