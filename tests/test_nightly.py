"""Guarantee: a search that fails says so at once, and how to see it again."""

from ast import literal_eval

import pytest
from hypothesis import Phase, reproduce_failure, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from .nightly import NIGHTLY, search

TRIED: list[list[int]] = []


class Numbers(RuleBasedStateMachine):
    """Fails at any large number."""

    def __init__(self) -> None:
        super().__init__()
        TRIED.append([])

    @rule(number=st.integers(0, 1_000_000))
    def add(self, number: int) -> None:
        TRIED[-1].append(number)
        assert number < 1_000, "too large"


@pytest.mark.skipif(NIGHTLY, reason="then it is made smaller")
def test_the_first_failure_is_reported_with_its_steps_and_what_tries_them_again() -> None:
    TRIED.clear()
    found = failure_of(Numbers, settings(search(300, 300), database=None))
    first = next(numbers for numbers in TRIED if numbers[-1] >= 1_000)
    assert TRIED.index(first) >= len(TRIED) - 3, "it was tried again to be sure, and to be reported, and no more"
    assert f"add(number={first[-1]})" in found

    TRIED.clear()
    version, blob = literal_eval(
        found[found.index("@reproduce_failure(") + len("@reproduce_failure") :].split(" as ")[0]
    )

    class Again(Numbers):
        pass

    failure_of(reproduce_failure(version, blob)(Again), settings(search(300, 300), database=None))
    assert TRIED[0] == first


def failure_of(machine: type[RuleBasedStateMachine], search: settings) -> str:
    with pytest.raises(AssertionError, match="too large") as failed:
        run_state_machine_as_test(machine, settings=search)
    return "\n".join([str(failed.value), *getattr(failed.value, "__notes__", ())])


def test_by_night_it_is_made_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.nightly.NIGHTLY", True)
    assert Phase.shrink in search(1, 1).phases
    TRIED.clear()
    assert "add(number=1000)" in failure_of(Numbers, settings(search(300, 300), database=None))
