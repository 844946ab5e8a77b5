"""X-Ray's daemon, as far as the functions see it: a UDP socket on this machine."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

HEADER = '{"format": "json", "version": 1}\n'
ROOT, PARENT = "1-5759e988-bd862e3fe1be46a994272793", "53995c3f42cd8ad8"
SAMPLED = f"Root={ROOT};Parent={PARENT};Sampled=1;Lineage=1:a87bd80c:0"
MAX_DATAGRAM_BYTES = 65_507


class Daemon:
    """The received documents. On this machine a datagram arrives as soon as it is sent."""

    def __init__(self, receiver: socket.socket) -> None:
        self._receiver = receiver
        self.port: int = receiver.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self.texts: list[str] = []

    def received(self) -> list[dict[str, Any]]:
        """All documents so far."""
        while True:
            try:
                datagram = self._receiver.recv(MAX_DATAGRAM_BYTES)
            except BlockingIOError:
                return [json.loads(text.removeprefix(HEADER)) for text in self.texts]
            self.texts.append(datagram.decode("ascii"))
            assert self.texts[-1].startswith(HEADER)


@contextmanager
def listening() -> Iterator[Daemon]:
    """A daemon on a free port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.setblocking(False)
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        receiver.bind(("127.0.0.1", 0))
        yield Daemon(receiver)
