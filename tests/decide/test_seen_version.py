"""Guarantee: the how-to's decider refuses an object that has changed since somebody saw it, also by a late event."""

import re
from pathlib import Path
from typing import Any

import pytest

from cp_event_source.decide import Event
from cp_event_source.testing import Given, event, load

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "refuse-what-may-not-happen.md"
LAYER = """
from dataclasses import asdict, dataclass


@dataclass
class Account:
    DomainId: str
    Balance: int = 0
    Version: int = 0

    def apply(self, payload):
        self.Balance += payload["Amount"]
        self.Version += 1


class Domain:
    create_new = staticmethod(lambda domain_id: Account(domain_id))
    from_dynamo_item = staticmethod(lambda item: Account(**item))
    to_dynamo_item = staticmethod(asdict)
"""


class Refused(Exception):
    """As in the page."""


@pytest.fixture
def correct() -> Any:
    (block,) = [each for each in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL) if "seen" in each]
    names: dict[str, Any] = {"Event": Event, "Refused": Refused}
    exec(block, names)
    return names["correct"]


@pytest.fixture
def account(tmp_path: Path) -> Given:
    (tmp_path / "domain_handler.py").write_text(LAYER)
    first, second, late = (event("AmountCredited", {"Amount": 1}, at=f"2026-01-01T00:00:0{at}Z") for at in (1, 3, 2))
    return load(tmp_path).given(first, second, late)


def test_the_state_that_was_seen_is_corrected(account: Given, correct: Any) -> None:
    decided = account.when(correct(-3, seen=3)).then(Event("BalanceCorrected", {"Amount": -3}))
    decided.then_row({"Balance": 0, "Version": 4}).check_repeatable()


def test_another_one_is_not(account: Given, correct: Any) -> None:
    account.when(correct(-3, seen=2)).then_refused(Refused, match="look again").check_repeatable()
