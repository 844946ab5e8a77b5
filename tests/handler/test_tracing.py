"""Guarantee: a sampled invocation's trace tells by ids what it dealt with; tracing never fails, waits, or goes on."""

import json
import re
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cp_event_source.handler.aws import tracing
from cp_event_source.handler.aws.tracing import MOST_ANNOTATIONS, Tracing
from cp_event_source.handler.events.ids import NO_IDS, Ids

from .daemon import LARGEST_DATAGRAM, PARENT, ROOT, SAMPLED, Daemon, listening

IDS = Ids("e-1", "Noted", ("c-1",), "b-1", "d-1")


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    with listening() as daemon:
        yield daemon


def test_a_piece_of_work_is_a_subsegment_of_the_invocation(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1767225610.5)
    Tracing(daemon.address).add(SAMPLED, "event stored", IDS, begun=1767225610.25)
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


@pytest.mark.parametrize("flag", ["error", "fault"])
def test_what_did_not_go_well_is_flagged(daemon: Daemon, flag: str) -> None:
    Tracing(daemon.address).add(SAMPLED, "event quarantined", IDS, flag=flag)
    (sent,) = daemon.received()
    assert sent[flag] is True
    assert sent["start_time"] == sent["end_time"]


def test_there_is_one_for_each_correlation_id_with_an_id_of_its_own(daemon: Daemon) -> None:
    Tracing(daemon.address).add(SAMPLED, "domain applied", Ids(correlation_ids=("a", "b"), domain_id="d"))
    sent = daemon.received()
    assert [each["annotations"] for each in sent] == [{"CorrelationId": each, "DomainId": "d"} for each in "ab"]
    assert len({each["id"] for each in sent}) == 2


def test_what_has_no_correlation_id_is_told_too(daemon: Daemon) -> None:
    Tracing(daemon.address).add(SAMPLED, "domain applied", Ids(domain_id="d"))
    Tracing(daemon.address).add(SAMPLED, "message goes back to the queue", NO_IDS)
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
    Tracing(daemon.address).add(trace, "event stored", IDS)
    assert daemon.received() == []


@pytest.mark.parametrize("trace", ["", SAMPLED.replace("Sampled=1", "Sampled=0")])
def test_nor_is_anything_made_ready_for_it(daemon: Daemon, monkeypatch: pytest.MonkeyPatch, trace: str) -> None:
    """It costs a look at the header: this runs for each event."""
    silent = Tracing(daemon.address)
    for name in ("json", "secrets", "time"):
        monkeypatch.setattr(tracing, name, None)
    silent.add(trace, "event stored", IDS)


@pytest.mark.parametrize("form", ["{}", "udp:{}", "tcp:127.0.0.1:9 udp:{}", "udp:{} tcp:127.0.0.1:9"])
def test_the_address_may_have_any_form_that_aws_documents(daemon: Daemon, form: str) -> None:
    Tracing(form.format(daemon.address)).add(SAMPLED, "event stored", IDS)
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
def test_an_address_that_cannot_be_used_makes_it_silent(address: str) -> None:
    Tracing(address).add(SAMPLED, "event stored", IDS)


def test_a_daemon_that_is_not_there_disturbs_nobody() -> None:
    with listening() as daemon:
        address = daemon.address
    alone = Tracing(address)
    for _ in range(3):  # the second would hear that nobody took the first
        alone.add(SAMPLED, "event stored", IDS)


def test_a_socket_that_has_no_room_is_not_waited_for(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    timeouts: list[Any] = []

    class Full(socket.socket):
        def send(self, *_: Any) -> int:
            timeouts.append(self.gettimeout())
            raise BlockingIOError

    monkeypatch.setattr(socket, "socket", Full)
    Tracing(daemon.address).add(SAMPLED, "event stored", IDS)
    assert timeouts == [0.0]


def test_a_trace_gets_no_more_annotations_than_x_ray_indexes(daemon: Daemon) -> None:
    limited = Tracing(daemon.address)
    for number in range(100):
        limited.add(SAMPLED, "domain applied", Ids(correlation_ids=(f"a{number}", f"b{number}"), domain_id="d"))
    sent = daemon.received()
    assert sum(len(each["annotations"]) for each in sent) == MOST_ANNOTATIONS == 50
    limited.add(SAMPLED.replace(PARENT, "0" * 16), "event stored", IDS)
    assert len(daemon.received()) == len(sent) + 1


@given(
    texts=st.tuples(*[st.text(st.characters(), max_size=3_000)] * 3)
    | st.tuples(*[st.sampled_from(["\U0001f600", "\ud800", "\x00"]).map(lambda each: each * 3_000)] * 3)
)
def test_any_ids_make_a_document_that_x_ray_takes(texts: tuple[str, str, str]) -> None:
    """Keys of letters alone, values of at most 1,000 characters, and all of it in one datagram."""
    correlation_id, domain_id, event_name = texts
    with listening() as daemon:
        ids = Ids(event_name=event_name, correlation_ids=(correlation_id,), domain_id=domain_id)
        Tracing(daemon.address).add(SAMPLED, "event stored", ids)
        (sent,) = daemon.received()
    assert len(daemon.texts[0]) <= LARGEST_DATAGRAM
    assert all(key.isalnum() and key.isascii() for key in sent["annotations"])
    assert sent["annotations"]["CorrelationId"] == json.loads(json.dumps(correlation_id[:1_000]))
    assert max(map(len, sent["annotations"].values())) <= 1_000
