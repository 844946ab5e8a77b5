"""Subsegments of an invocation's X-Ray trace, which say by annotations which events it dealt with.

Lambda records the invocation itself, and gives the sampling, the ids, and a daemon that takes JSON by UDP. What is left
to do fits this page; AWS's X-Ray SDK, which is not in Lambda's Python runtime, would make the package larger and a cold
start longer, and is in maintenance since February 2026.

Source of the format and the limits: the X-Ray developer guide, "Segment documents" and "Sending trace data".
"""

import json
import secrets
import socket
from contextlib import suppress

from ..events.ids import Ids
from ..values.clock import Clock

MAX_ANNOTATIONS = 50
"""Of one trace, that X-Ray indexes."""

_MAX_VALUE_CHARACTERS = 1_000
"""Characters of an annotation. So a subsegment of three stays within a datagram, however it is escaped."""

_HEADER = b'{"format": "json", "version": 1}\n'


class Tracing:
    """Sends subsegments to X-Ray's daemon.

    Never fails and never waits: a datagram that cannot be sent at once is lost, and with it a part of a picture.
    """

    def __init__(self, clock: Clock, daemon: str = "") -> None:
        """Prepare to send, or to be silent where the address cannot be used.

        Args:
            daemon: the environment's AWS_XRAY_DAEMON_ADDRESS: `address:port`, or parts `tcp:address:port` and
                `udp:address:port`. Numbers alone: to look up a name would wait.
        """
        self._clock = clock
        self._socket = _connected(daemon)
        self._trace = ""
        self._annotations_left = 0

    def add(self, trace: str, name: str, ids: Ids, *, begun: float | None = None, flag: str | None = None) -> None:
        """Tell of one piece of work: by a subsegment for each of its correlation ids, or one if it has none.

        One for each, since an annotation has one value and is searched for by it. Beyond the 50 annotations that X-Ray
        indexes of a trace, nothing is sent: the log has all.

        Args:
            trace: the environment's _X_AMZN_TRACE_ID, `Root=...;Parent=...;Sampled=1`.
            name: what was done.
            ids: whom it was done to.
            begun: when, in POSIX seconds; by default only just now.
            flag: `error` or `fault`, where it did not go well.
        """
        if self._socket is None or "Sampled=1" not in trace:
            return
        parts = dict(part.split("=", 1) for part in trace.split(";") if "=" in part)
        if "Root" not in parts or "Parent" not in parts:
            return
        if trace != self._trace:
            self._trace, self._annotations_left = trace, MAX_ANNOTATIONS
        now = self._clock.now()
        subsegment = {
            "name": name,
            "trace_id": parts["Root"],
            "parent_id": parts["Parent"],
            "type": "subsegment",
            "start_time": now if begun is None else begun,
            "end_time": now,
        }
        if flag is not None:
            subsegment[flag] = True
        shared = {"DomainId": ids.domain_id, "EventName": ids.event_name}
        for correlation_id in ids.correlation_ids or (None,):
            named = {"CorrelationId": correlation_id, **shared}
            annotations = {key: text[:_MAX_VALUE_CHARACTERS] for key, text in named.items() if text is not None}
            self._annotations_left -= len(annotations)
            if self._annotations_left < 0:
                return
            self._send({**subsegment, "id": secrets.token_hex(8), "annotations": annotations})

    def _send(self, subsegment: dict[str, object]) -> None:
        if self._socket is None:
            return
        with suppress(OSError):  # no room, or nobody there
            self._socket.send(_HEADER + json.dumps(subsegment).encode("ascii"))


def _connected(daemon: str) -> socket.socket | None:
    """A socket that sends to the daemon without waiting; None where its address is no such address."""
    addresses = [part.removeprefix("udp:") for part in daemon.split() if not part.startswith("tcp:")]
    host, _, port = addresses[0].rpartition(":") if addresses else ("", "", "")
    try:
        ((family, kind, protocol, _, address), *_) = socket.getaddrinfo(
            host.strip("[]"), int(port), type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST
        )
        sender = socket.socket(family, kind, protocol)
        sender.setblocking(False)  # noqa: FBT003  its only argument
        sender.connect(address)
    except (OSError, OverflowError, ValueError):
        return None
    return sender
