"""Guarantee: a sampled invocation's trace has the ids of its work; tracing never fails or waits, and has a limit."""

import json
import re
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cp_event_source.handler.aws import tracing
from cp_event_source.handler.aws.tracing import MAX_ANNOTATIONS, Tracing
from cp_event_source.handler.events.ids import NO_IDS, Ids
from cp_event_source.handler.values.clock import Clock
from tests.doubles.clock import SettableClock
from tests.handler.daemon import MAX_DATAGRAM_BYTES, PARENT, ROOT, SAMPLED, Daemon, listening

IDS = Ids("e-1", "Noted", ("c-1",), "b-1", "d-1")


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    with listening() as daemon:
        yield daemon


def test_a_piece_of_work_is_a_subsegment_of_the_invocation(daemon: Daemon) -> None:
    clock = SettableClock()
    clock.shows = 1767225610.5
    Tracing(clock, daemon.address).add(SAMPLED, "event stored", IDS, begun=1767225610.25)
    (sent,) = daemon.received()
    assert re.fullmatch("[0-9a-f]{16}", sent.pop("id"))
    assert sent == {
        "name": "event stored",
        "trace_id": ROOT,
        "parent_id": PARENT,
        "type": "subsegment",
        "start_time": 1767225610.25,
        "end_time": 1767225610.5,
        "annotations": {"CorrelationId": "c-1", "DomainId": "d-1", "EventName": "Noted"},
    }


def test_work_that_ended_before_its_report_has_its_own_end(daemon: Daemon) -> None:
    Tracing(Clock(), daemon.address).add(SAMPLED, "event stored", IDS, begun=1767225610.25, ended=1767225610.5)
    (sent,) = daemon.received()
    assert (sent["start_time"], sent["end_time"]) == (1767225610.25, 1767225610.5)


@pytest.mark.parametrize("flag", ["error", "fault"])
def test_work_that_did_not_succeed_is_flagged(daemon: Daemon, flag: str) -> None:
    Tracing(Clock(), daemon.address).add(SAMPLED, "event quarantined", IDS, flag=flag)
    (sent,) = daemon.received()
    assert sent[flag] is True
    assert sent["start_time"] == sent["end_time"]


def test_there_is_one_for_each_correlation_id_with_an_id_of_its_own(daemon: Daemon) -> None:
    Tracing(Clock(), daemon.address).add(
        SAMPLED, "domain object applied", Ids(correlation_ids=("a", "b"), domain_id="d")
    )
    sent = daemon.received()
    assert [each["annotations"] for each in sent] == [{"CorrelationId": each, "DomainId": "d"} for each in "ab"]
    assert len({each["id"] for each in sent}) == 2


def test_work_without_a_correlation_id_has_a_subsegment_too(daemon: Daemon) -> None:
    Tracing(Clock(), daemon.address).add(SAMPLED, "domain object applied", Ids(domain_id="d"))
    Tracing(Clock(), daemon.address).add(SAMPLED, "message goes back to the queue", NO_IDS)
    assert [each["annotations"] for each in daemon.received()] == [{"DomainId": "d"}, {}]


@pytest.mark.parametrize(
    "trace",
    [
        "",
        SAMPLED.replace("Sampled=1", "Sampled=0"),
        f"Root={ROOT};Parent={PARENT}",
        f"Root={ROOT};Sampled=1",
        f"Parent={PARENT};Sampled=1",
        ";;Sampled=1;=;",
        "Sampled=1",
    ],
)
def test_nothing_is_sent_of_an_invocation_that_is_not_sampled(daemon: Daemon, trace: str) -> None:
    Tracing(Clock(), daemon.address).add(trace, "event stored", IDS)
    assert daemon.received() == []


@pytest.mark.parametrize("trace", ["", SAMPLED.replace("Sampled=1", "Sampled=0")])
def test_an_unsampled_invocation_does_no_work_for_tracing(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch, trace: str
) -> None:
    """It costs a look at the header: this runs for each event."""
    silent = Tracing(Clock(), daemon.address)
    for name in ("json", "secrets"):
        monkeypatch.setattr(tracing, name, None)
    silent.add(trace, "event stored", IDS)


@pytest.mark.parametrize("form", ["{}", "udp:{}", "tcp:127.0.0.1:9 udp:{}", "udp:{} tcp:127.0.0.1:9"])
def test_the_address_may_have_any_form_that_aws_documents(daemon: Daemon, form: str) -> None:
    Tracing(Clock(), form.format(daemon.address)).add(SAMPLED, "event stored", IDS)
    assert len(daemon.received()) == 1


@pytest.mark.parametrize(
    "address",
    [
        "",
        " ",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:x",
        "127.0.0.1:99999",
        "host.invalid:2000",
        "tcp:127.0.0.1:9",
        "::",
    ],
)
def test_with_an_unusable_address_nothing_is_sent(address: str) -> None:
    Tracing(Clock(), address).add(SAMPLED, "event stored", IDS)


def test_a_missing_daemon_causes_no_error() -> None:
    with listening() as daemon:
        address = daemon.address
    alone = Tracing(Clock(), address)
    for _ in range(3):  # the second send reports that the first had no receiver
        alone.add(SAMPLED, "event stored", IDS)


def test_a_full_socket_is_not_waited_for(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    timeouts: list[Any] = []

    class Full(socket.socket):
        def send(self, *_: Any) -> int:
            timeouts.append(self.gettimeout())
            raise BlockingIOError

    monkeypatch.setattr(socket, "socket", Full)
    Tracing(Clock(), daemon.address).add(SAMPLED, "event stored", IDS)
    assert timeouts == [0.0]


def test_a_trace_gets_no_more_annotations_than_x_ray_indexes(daemon: Daemon) -> None:
    limited = Tracing(Clock(), daemon.address)
    for number in range(100):
        limited.add(SAMPLED, "domain object applied", Ids(correlation_ids=(f"a{number}", f"b{number}"), domain_id="d"))
    sent = daemon.received()
    assert sum(len(each["annotations"]) for each in sent) == MAX_ANNOTATIONS == 50
    limited.add(SAMPLED.replace(PARENT, "0" * 16), "event stored", IDS)
    assert len(daemon.received()) == len(sent) + 1


@given(
    texts=st.tuples(*[st.text(st.characters(), max_size=3_000)] * 3)
    | st.tuples(*[st.sampled_from(["\U0001f600", "\ud800", "\x00"]).map(lambda each: each * 3_000)] * 3)
)
def test_any_ids_make_a_document_that_x_ray_takes(texts: tuple[str, str, str]) -> None:
    """Keys have only letters, values have at most 1,000 characters, and the document fits into one datagram."""
    correlation_id, domain_id, event_name = texts
    with listening() as daemon:
        ids = Ids(event_name=event_name, correlation_ids=(correlation_id,), domain_id=domain_id)
        Tracing(Clock(), daemon.address).add(SAMPLED, "event stored", ids)
        (sent,) = daemon.received()
    assert len(daemon.texts[0]) <= MAX_DATAGRAM_BYTES
    assert all(key.isalnum() and key.isascii() for key in sent["annotations"])
    assert sent["annotations"]["CorrelationId"] == json.loads(json.dumps(correlation_id[:1_000]))
    assert max(map(len, sent["annotations"].values())) <= 1_000
