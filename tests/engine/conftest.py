"""One engine and one emulator for all tests that run in a process. Each test has stacks of its own."""

from collections.abc import Iterator

import pytest

from cp_event_source.local.clients import emulator_clients
from cp_event_source.local.emulator import REGION, Emulator

from .harness import Engine, missing_tools, start


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    if reason := missing_tools("pulumi", "pulumi-language-python"):
        pytest.skip(f"{reason}: Pulumi's CLI brings both")
    with Emulator() as emulator:
        clients = emulator_clients(emulator.endpoint, REGION)
        yield start(tmp_path_factory.mktemp("engine"), emulator, clients)
