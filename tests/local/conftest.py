"""One emulator for all tests of the local run; every test deploys programs of its own."""

from collections.abc import Iterator

import pytest

from cp_event_source.local import LocalRun


class Announcements(list[str]):
    """What the run announced, line by line."""


@pytest.fixture(scope="session")
def announcements() -> Announcements:
    return Announcements()


@pytest.fixture(scope="session")
def run(announcements: Announcements) -> Iterator[LocalRun]:
    with LocalRun(announcements.append) as run:
        yield run
