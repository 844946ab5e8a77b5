"""Adds subsegments to an invocation's X-Ray trace. Their annotations name the events that it processed.

Lambda records the invocation itself. It provides the sampling decision, the ids, and a daemon that accepts JSON by UDP.
The remaining work is small. AWS's X-Ray SDK, which is not in Lambda's Python runtime, would make the package larger and
a cold start longer, and is in maintenance since February 2026.

The source of the format and the limits is the X-Ray developer guide, "Segment documents" and "Sending trace data".
"""

import json
import secrets
import socket
from contextlib import suppress

from ..events.ids import Ids
from ..values.clock import Clock

MAX_ANNOTATIONS = 50
"""X-Ray indexes at most this many annotations of one trace."""

_MAX_VALUE_CHARACTERS = 1_000
"""The maximum characters of an annotation. A subsegment with three annotations fits into a datagram, even escaped."""

_HEADER = b'{"format": "json", "version": 1}\n'


class Tracing:
    """Sends subsegments to X-Ray's daemon.

    It never fails and never waits. If a datagram cannot be sent at once, its part of the trace is missing.
    """

    def __init__(self, clock: Clock, daemon: str = "") -> None:
        """Connect to the daemon. If the address is not usable, the object sends nothing.

        Args:
            clock: the time.
            daemon: the environment's AWS_XRAY_DAEMON_ADDRESS: `address:port`, or parts `tcp:address:port` and
                `udp:address:port`. The address must be numeric, since looking up a name would wait.
        """
        self._clock = clock
        self._socket = _connected(daemon)
        self._trace = ""
        self._annotations_left = 0

    def add(
        self,
        trace: str,
        name: str,
        ids: Ids,
        *,
        begun: float | None = None,
        ended: float | None = None,
        flag: str | None = None,
    ) -> None:
        """Record one piece of work: one subsegment for each of its correlation ids, or one if it has none.

        Each id needs its own subsegment, because an annotation has one value and you search by that value. After
        MAX_ANNOTATIONS annotations in a trace, nothing more is sent; the log has all ids.

        Args:
            trace: the environment's _X_AMZN_TRACE_ID, `Root=...;Parent=...;Sampled=1`.
            name: what was done.
            ids: the ids of the event, message or domain object.
            begun, ended: when the work began and ended, in POSIX seconds; by default now.
            flag: `error` or `fault` if the work did not succeed.
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
            "end_time": now if ended is None else ended,
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
        with suppress(OSError):  # the buffer is full, or there is no daemon
            self._socket.send(_HEADER + json.dumps(subsegment).encode("ascii"))


def _connected(daemon: str) -> socket.socket | None:
    """A non-blocking socket to the daemon; None if its address is not usable."""
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
