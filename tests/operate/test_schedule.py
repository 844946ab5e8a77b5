"""Guarantees: every object gets one outcome; never more rebuilds run than allowed; a function that throttles gets fewer
invocations and no object fails for it; what cannot end is given up."""

import heapq
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cp_event_source.deployed.rebuild import NotRebuilt, Problem, Rebuilt
from cp_event_source.operate import schedule
from cp_event_source.operate.journal import DONE
from cp_event_source.operate.schedule import Ended, NoAnswer, NotInvoked, RefusedError, Schedule
from tests.doubles.clock import FunctionClock

Answer = Callable[[str], Ended]


def rebuilt(domain_id: str) -> Ended:
    return Rebuilt(domain_id, 1, "key", "v1")


def throttled(domain_id: str) -> Ended:
    return NotInvoked(domain_id, "Rate exceeded")


def broken(domain_id: str) -> Ended:
    return NoAnswer(domain_id, "connection closed")


def problem(kind: Problem, folded: int | None = None) -> Answer:
    return lambda domain_id: NotRebuilt(domain_id, kind, kind.value, folded)


def simulated(answers: dict[str, Iterator[Answer]], concurrency: int, seconds: Iterator[float]) -> "Simulation":
    return Simulation(answers, concurrency, seconds)


class Simulation:
    """Rebuilds that take some seconds each, by a clock that a wait moves."""

    def __init__(self, answers: dict[str, Iterator[Answer]], concurrency: int, seconds: Iterator[float]) -> None:
        self.clock = FunctionClock()
        self.begun = self.clock.monotonic()
        self.schedule = Schedule(iter(answers), concurrency, self.clock)
        self.outcomes: list[tuple[str, str]] = []
        self.calls: list[str] = []
        self.most = 0
        running: list[tuple[float, int, str]] = []
        while True:
            while (domain_id := self.schedule.next()) is not None:
                self.calls.append(domain_id)
                heapq.heappush(running, (self.clock.monotonic() + next(seconds), len(self.calls), domain_id))
                self.most = max(self.most, len(running))
                assert self.schedule.running == len(running) <= concurrency
            if self.schedule.is_over:
                break
            wait = self.schedule.seconds_to_wait()
            until_end = running[0][0] - self.clock.monotonic() if running else None
            assert wait is not None or until_end is not None, "nothing will ever happen"
            if until_end is None or (wait is not None and wait < until_end):
                assert wait is not None
                self.clock.advance(wait)
                continue
            self.clock.advance(max(0.0, until_end))
            _, _, ended = heapq.heappop(running)
            outcome = self.schedule.ended(next(answers[ended])(ended))
            if outcome is not None:
                self.outcomes.append((ended, outcome))

    @property
    def seconds(self) -> float:
        return self.clock.monotonic() - self.begun


def always(*answers: Answer) -> Iterator[Answer]:
    yield from answers
    while True:
        yield answers[-1]


ANSWERS = st.sampled_from(
    [
        throttled,
        broken,
        problem(Problem.RUNNING),
        problem(Problem.TROUBLE),
        problem(Problem.UNFINISHED),
        problem(Problem.EVENTS_MISSING),
        problem(Problem.REFUSED),
        rebuilt,
    ]
)


@given(
    answers=st.lists(st.lists(ANSWERS, max_size=8), max_size=12),
    concurrency=st.integers(1, 5),
    seconds=st.lists(st.floats(0, 100), min_size=1, max_size=10),
)
def test_every_object_gets_one_outcome_whatever_the_answers(
    answers: list[list[Answer]], concurrency: int, seconds: list[float]
) -> None:
    script = {f"o{number}": always(*each, rebuilt) for number, each in enumerate(answers)}

    def durations() -> Iterator[float]:
        while True:
            yield from seconds

    simulation = simulated(script, concurrency, durations())

    assert sorted(domain_id for domain_id, _ in simulation.outcomes) == sorted(script)
    assert not simulation.schedule._tried, "what is done takes no memory"
    for domain_id, outcome in simulation.outcomes:
        answered = [each("") for each in answers[int(domain_id[1:])]]
        kinds = [each.problem if isinstance(each, NotRebuilt) else type(each) for each in answered]
        if not {Problem.EVENTS_MISSING, Problem.REFUSED, Problem.RUNNING} & {*kinds}:
            troubles = kinds.count(Problem.TROUBLE) + kinds.count(NoAnswer)
            assert outcome == DONE or troubles >= schedule.MAX_TROUBLES


@given(refused=st.integers(0, 30), objects=st.integers(1, 40))
def test_a_throttled_function_fails_no_object_and_gets_fewer_invocations(refused: int, objects: int) -> None:
    left = iter([throttled] * refused)

    def answer() -> Iterator[Answer]:
        while True:
            yield next(left, rebuilt)

    shared = answer()
    simulation = simulated(
        dict.fromkeys((f"o{number}" for number in range(objects)), shared), 8, iter(lambda: 1.0, None)
    )

    assert [outcome for _, outcome in simulation.outcomes] == [DONE] * objects
    assert len(simulation.calls) == objects + refused


def test_a_refusal_halves_the_number_at_a_time_once_for_all_that_ran_and_successes_raise_it_again() -> None:
    clock = FunctionClock()
    plan = Schedule((f"o{number}" for number in range(10_000)), 16, clock)
    first = [plan.next() for _ in range(16)]
    for domain_id in first:
        assert domain_id is not None
        plan.ended(throttled(domain_id))
    assert plan.limit == 8
    assert plan.next() is None, "it pauses"
    clock.advance(plan.seconds_to_wait() or 0)

    for _ in range(200):
        running = []
        while (domain_id := plan.next()) is not None:
            running.append(domain_id)
        for domain_id in running:
            plan.ended(rebuilt(domain_id))
    assert int(plan.limit) == 16


def test_an_object_that_another_rebuild_holds_waits_for_its_end() -> None:
    simulation = simulated({"a": always(*[problem(Problem.RUNNING)] * 30, rebuilt)}, 2, iter(lambda: 0.1, None))
    assert simulation.outcomes == [("a", DONE)]
    assert 60 < simulation.seconds < 16 * 60

    given_up = simulated({"a": always(problem(Problem.RUNNING))}, 2, iter(lambda: 0.1, None))
    assert given_up.outcomes == [("a", Problem.RUNNING.value)]
    assert 16 * 60 < given_up.seconds < 17 * 60


def test_a_long_history_continues_as_long_as_it_gets_further() -> None:
    parts = [problem(Problem.UNFINISHED, folded) for folded in (10, 20, 30)]
    assert simulated({"a": always(*parts, rebuilt)}, 1, iter(lambda: 900.0, None)).outcomes == [("a", DONE)]

    stuck = simulated({"a": always(*parts, problem(Problem.UNFINISHED, 30))}, 1, iter(lambda: 900.0, None))
    assert stuck.outcomes == [("a", Problem.UNFINISHED.value)]
    assert len(stuck.calls) == 4


def test_a_function_that_refuses_everything_ends_the_work() -> None:
    with pytest.raises(RefusedError, match="refused all invocations for 20 minutes: Rate exceeded"):
        simulated({"a": always(throttled)}, 4, iter(lambda: 0.1, None))
    with pytest.raises(RefusedError, match="does not start"):
        simulated({"a": always(problem(Problem.NO_START))}, 4, iter(lambda: 0.1, None))


def test_what_waits_in_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "MAX_DEFERRED", 5)
    taken = []

    def objects() -> Iterator[str]:
        for number in range(100):
            taken.append(number)
            yield f"o{number}"

    plan = Schedule(objects(), 2, FunctionClock())
    while (domain_id := plan.next()) is not None:
        plan.ended(problem(Problem.RUNNING)(domain_id))

    assert len(taken) == 5
    assert (plan.seconds_to_wait() or 0) > 0
