"""One complete run of a scenario with faults, and the matrix of runs."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from ..nightly import NIGHTLY, effort
from . import oracle
from .injector import CallId, Fault, Outage
from .pipeline import LEASE_SECONDS, Pipeline
from .scenarios import Scenario

Faults = Mapping[CallId, Fault | Outage]


def run(
    scenario: Scenario,
    faults: Faults | None = None,
    *,
    rebuild_faults: Sequence[dict[int, Fault]] = (),
    is_wired: bool = False,
    has_threads: bool = False,
    heals: bool = True,
) -> Pipeline:
    """Run a scenario with faults, then without them until everything is delivered, and check every guarantee.

    Args:
        scenario: what happens.
        faults: by call.
        rebuild_faults: the faults of the first rebuild processes, by the number of the call in each process.
        is_wired: True if all of botocore runs.
        has_threads: True if threads write.
        heals: True if the run ends with new logic and rebuilds, which doubles its time.
    """
    pipeline = Pipeline(is_wired=is_wired, has_threads=has_threads)
    pipeline.rebuild_faults += rebuild_faults
    _let_happen(pipeline, scenario, faults or {})
    wrong = oracle.broken(pipeline)
    parked = oracle.parked_objects(pipeline)
    if parked != scenario.parked and not pipeline.is_slow and not pipeline.injector.crashes:
        wrong.append(f"parked are {sorted(parked)}; must be {sorted(scenario.parked)}")
    if scenario.rebuilt and "" not in pipeline.rebuilds:
        wrong.append(f"never rebuilt: {pipeline.rebuilds}")
    if heals and not wrong:
        _heal(pipeline)
        wrong = [f"after healing: {each}" for each in [*oracle.broken(pipeline), *_unhealed(pipeline)]]
    assert not wrong, f"with {dict(faults or {})} {list(rebuild_faults)}: " + "\n".join(wrong)
    return pipeline


@cache
def calls_of(scenario: Scenario, *, is_wired: bool = False, has_threads: bool = False) -> Sequence[CallId]:
    """All calls that a scenario makes without faults and without healing."""
    pipeline = Pipeline(is_wired=is_wired, has_threads=has_threads)
    _let_happen(pipeline, scenario, {})
    return pipeline.injector.call_ids


def inject(
    scenario: Scenario,
    fault: Fault | Outage,
    *,
    is_wired: bool = False,
    has_threads: bool = False,
    first: int = 0,
    every: int = 1,
) -> int:
    """Run a scenario once for each of its calls (or for every n-th call), and let that call fail.

    Args:
        scenario: what happens.
        fault: how the call fails.
        is_wired: True if botocore runs.
        has_threads: True if threads write the rows.
        first: the number of the first call.
        every: n.

    Returns:
        The number of faults that happened.
    """
    injected = 0
    # botocore makes the same calls; a scenario whose time runs out may make one more
    calls = calls_of(scenario, is_wired=is_wired and NIGHTLY, has_threads=has_threads)
    chosen = calls[first % min(every, len(calls)) :: every]
    for number, call in enumerate(chosen):
        heals = number % effort(8, 1) == 0
        done = run(scenario, {call: fault}, is_wired=is_wired, has_threads=has_threads, heals=heals)
        injected += done.injector.fired
    return injected


def pairs(scenario: Scenario, first: Fault, second: Fault) -> Iterator[Faults]:
    """All pairs of a failed call and a later failed call of the same run."""
    for call in calls_of(scenario):
        assert isinstance(call, int)
        calls = run(scenario, {call: first}, heals=False).calls_under_faults
        for later in range(call + 1, calls + 1):
            yield {call: first, later: second}


@cache
def _given(scenario: Scenario) -> Pipeline:
    """The pipeline as each of the many runs of a scenario finds it."""
    pipeline = Pipeline()
    scenario.given(pipeline)
    return pipeline


def _let_happen(pipeline: Pipeline, scenario: Scenario, faults: Faults) -> None:
    pipeline.continue_from(_given(scenario))
    pipeline.injector.restart(faults)
    scenario.when(pipeline)
    pipeline.calls_under_faults = pipeline.injector.calls
    pipeline.injector.faults.clear()
    pipeline.rebuild_faults.clear()
    pipeline.drain()
    pipeline.injector.settle()
    pipeline.drain()


def _heal(pipeline: Pipeline) -> None:
    """Store a late event for each domain object: wrong marks or snapshots would give a wrong row.

    Then deploy logic that applies every event: the parked objects continue at their next event, and each object can be
    rebuilt.
    """
    pipeline.seconds_per_event = 0
    domain_ids = sorted(oracle.domain_ids(pipeline.db))
    for domain_id in domain_ids:
        pipeline.store_just_before_the_newest(domain_id)
    pipeline.drain()
    pipeline.violations += oracle.rows_are_folds_of_all_stored_events(pipeline)
    pipeline.clock.advance(LEASE_SECONDS)
    pipeline.deploy("v3")
    for domain_id in domain_ids:
        pipeline.store(domain_id, 59)
    pipeline.drain()
    pipeline.violations += [f"{each} is still parked" for each in sorted(oracle.parked_objects(pipeline))]
    for domain_id in domain_ids:
        if not pipeline.rebuild(domain_id, "last"):
            pipeline.violations.append(f"{domain_id} cannot be rebuilt: {pipeline.rebuilds}")


def _unhealed(pipeline: Pipeline) -> list[str]:
    return [
        f"the new logic did not compute the whole row of {row['DomainId']['S']}: {row['CpEventSource']}"
        for row in pipeline.db.items("rows")
        if row["CpEventSource"]["M"]["LogicVersion"]["S"] != "v3" or "Rebuilding" in row["CpEventSource"]["M"]
    ]
