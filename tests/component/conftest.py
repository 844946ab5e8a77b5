"""One deployment with the component's own bus, which most tests look at."""

import logging

import pytest

from .deployment import Deployment, deployed_with

# Programs that fail on purpose leave futures that nobody awaits; asyncio would report them when the process ends,
# behind pytest's closing line.
logging.getLogger("asyncio").setLevel(logging.CRITICAL)


@pytest.fixture(scope="session")
def deployment() -> Deployment:
    """`CpEventSource("files")` for the domain `File`, with the defaults."""

    return deployed_with()
