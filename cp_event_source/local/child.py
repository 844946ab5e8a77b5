"""The processes that a deployment starts: the program, and the package's plugin."""

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO

from cp_event_source.deployed.child_environment import clean_environment
from cp_event_source.local.deployment import Deployment
from cp_event_source.local.emulator import CREDENTIALS
from cp_event_source.local.guarded import Guarded
from cp_event_source.local.held_signals import held_signals


@contextmanager
def child(
    command: Sequence[str], deployment: Deployment, environment: Mapping[str, str] | None = None
) -> Iterator[Guarded]:
    """A process in the program's folder that ends with the block, and all that it started with it.

    If it calls AWS itself, it calls the emulator, never an account.
    """
    all_variables = clean_environment(os.environ) | {
        **CREDENTIALS,
        "AWS_ENDPOINT_URL": str(deployment.clients.endpoint),
        "AWS_REGION": deployment.clients.region,
        "PYTHONUNBUFFERED": "1",
        **(environment or {}),
    }
    process: Guarded | None = None
    try:
        with held_signals():
            process = Guarded(command, environment=all_variables, folder=deployment.folder)
        yield process
    finally:
        if process is not None:
            process.end()


def relay(streams: Sequence[IO[bytes]], announce: Callable[[str], None]) -> list[threading.Thread]:
    """Announce each line of some streams until they end. Returns the threads that do."""

    def read(stream: IO[bytes]) -> None:
        for line in stream:
            announce(line.decode(errors="replace").rstrip())

    threads = [threading.Thread(target=read, args=[stream], daemon=True) for stream in streams]
    for thread in threads:
        thread.start()
    return threads
