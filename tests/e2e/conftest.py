"""One emulator for the whole session, with the three example programs deployed in it.

Tests do not disturb each other: each uses DomainIds of its own.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cp_event_source.local import LocalRun, Pipeline, Stack

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="session")
def run() -> Iterator[LocalRun]:
    with LocalRun() as run:
        yield run


@pytest.fixture(scope="session")
def default(run: LocalRun) -> Stack:
    return run.deploy(EXAMPLES / "default")


@pytest.fixture(scope="session")
def custom_event_bus(run: LocalRun) -> Stack:
    return run.deploy(EXAMPLES / "custom_event_bus")


@pytest.fixture(scope="session")
def consumer(run: LocalRun, default: Stack) -> Stack:
    return run.deploy(EXAMPLES / "consumer")


@pytest.fixture(scope="session")
def files(default: Stack) -> Pipeline:
    """The File domain's pipeline."""
    (pipeline,) = default.pipelines
    return pipeline


@pytest.fixture(scope="session")
def accounts(custom_event_bus: Stack) -> Pipeline:
    """The Account domain's pipeline."""
    (pipeline,) = custom_event_bus.pipelines
    return pipeline
