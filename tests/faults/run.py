"""One run of a scenario under faults, to its end; and the matrix of runs."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from ..nightly import effort
from . import oracle
from .functions import time_of
from .injector import Fault, Outage, Place
from .pipeline import LEASE_SECONDS, Pipeline
from .scenarios import Scenario

Faults = Mapping[Place, Fault | Outage]


def run(
    scenario: Scenario,
    faults: Faults | None = None,
    *,
    fates: Sequence[dict[int, Fault]] = (),
    is_wired: bool = False,
    has_threads: bool = False,
    heals: bool = True,
) -> Pipeline:
    """Let a scenario happen under faults, go on without them until all has come to rest, and look at everything.

    Args:
        scenario: what happens.
        faults: by the place of the call.
        fates: the faults of the first rebuilds' processes, by the number of the call in each.
        is_wired: whether all of botocore runs.
        has_threads: whether writes go out in threads.
        heals: whether it ends with new logic and rebuilds, which takes as long as all the rest.
    """
    pipeline = Pipeline(is_wired=is_wired, has_threads=has_threads)
    pipeline.fates += fates
    with time_of(pipeline.clock):
        _let_happen(pipeline, scenario, faults or {})
        wrong = oracle.broken(pipeline)
        parked = oracle.parked_domains(pipeline)
        if parked != scenario.parked and not pipeline.is_slow and not pipeline.injector.deaths:
            wrong.append(f"parked are {sorted(parked)}, and should be {sorted(scenario.parked)}")
        if scenario.rebuilt and "" not in pipeline.rebuilds:
            wrong.append(f"never rebuilt: {pipeline.rebuilds}")
        if heals and not wrong:
            _heal(pipeline)
            wrong = [f"after healing: {each}" for each in [*oracle.broken(pipeline), *_unhealed(pipeline)]]
    assert not wrong, f"under {dict(faults or {})} {list(fates)}: " + "\n".join(wrong)
    return pipeline


@cache
def places(scenario: Scenario, *, is_wired: bool = False, has_threads: bool = False) -> Sequence[Place]:
    """Of all calls that a scenario makes without faults, healing apart."""
    pipeline = Pipeline(is_wired=is_wired, has_threads=has_threads)
    with time_of(pipeline.clock):
        _let_happen(pipeline, scenario, {})
    return pipeline.injector.places


def inject(
    scenario: Scenario,
    fault: Fault | Outage,
    *,
    is_wired: bool = False,
    has_threads: bool = False,
    first: int = 0,
    every: int = 1,
) -> int:
    """Run a scenario once for each of its calls, which fails. Returns the faults that came about.

    Args:
        scenario: what happens.
        fault: what each call meets in turn.
        is_wired: whether all of botocore runs.
        has_threads: whether writes go out in threads.
        first: the call with which to begin.
        every: take one call of so many.
    """
    injected = 0
    calls = places(scenario, is_wired=is_wired, has_threads=has_threads)
    chosen = calls[first % min(every, len(calls)) :: every]
    for number, place in enumerate(chosen):
        heals = number % effort(8, 1) == 0
        done = run(scenario, {place: fault}, is_wired=is_wired, has_threads=has_threads, heals=heals)
        injected += done.injector.fired
    return injected


def pairs(scenario: Scenario, first: Fault, second: Fault) -> Iterator[Faults]:
    """For every call that fails, each call that follows then, which fails too."""
    for place in places(scenario):
        assert isinstance(place, int)
        calls = run(scenario, {place: first}, heals=False).calls_under_faults
        for later in range(place + 1, calls + 1):
            yield {place: first, later: second}


def _let_happen(pipeline: Pipeline, scenario: Scenario, faults: Faults) -> None:
    scenario.given(pipeline)
    pipeline.injector.restart(faults)
    scenario.when(pipeline)
    pipeline.calls_under_faults = pipeline.injector.calls
    pipeline.injector.faults.clear()
    pipeline.fates.clear()
    pipeline.drain()
    pipeline.injector.settle()
    pipeline.drain()


def _heal(pipeline: Pipeline) -> None:
    """First an event that is late by one, which what was left behind may lead astray; then new logic that applies every
    event: the parked go on at their next event, and any domain can be rebuilt.
    """
    pipeline.seconds_per_event = 0
    domains = sorted(oracle.domains(pipeline.db))
    for domain_id in domains:
        pipeline.store_just_before_the_newest(domain_id)
    pipeline.drain()
    pipeline.violations += oracle.rows_are_folds_of_all_stored_events(pipeline)
    pipeline.clock.advance(LEASE_SECONDS)
    pipeline.deploy("v3")
    for domain_id in domains:
        pipeline.store(domain_id, 59)
    pipeline.drain()
    pipeline.violations += [f"{each} is still parked" for each in sorted(oracle.parked_domains(pipeline))]
    for domain_id in domains:
        if not pipeline.rebuild(domain_id, "last"):
            pipeline.violations.append(f"{domain_id} cannot be rebuilt: {pipeline.rebuilds}")


def _unhealed(pipeline: Pipeline) -> list[str]:
    return [
        f"{row['DomainId']['S']} is not wholly of the new logic: {row['CpEventSource']}"
        for row in pipeline.db.items("rows")
        if row["CpEventSource"]["M"]["LogicVersion"]["S"] != "v3" or "Rebuilding" in row["CpEventSource"]["M"]
    ]
