"""One deployment with the component's own bus, which most tests look at."""

import pytest

from .deployment import Deployment, component, deploy, in_program


@pytest.fixture(scope="session")
def deployment() -> Deployment:
    """`CpEventSource("files")` for the domain `File`, with the defaults."""

    return deploy(in_program(component))
