"""What is measured of each of the compared programs."""

import random
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from statistics import median

from bench import events
from bench.disorder import shuffled

from .compared import Compared, Driver, DriverError, Pipeline, Used
from .domain import Event, history, right_state

Run = Callable[[], float]
"""A timed run. It returns its CPU time in seconds."""

_WINDOW = 5
"""By how many positions an event may be late, among the events of its object."""
_TWICE = 10
"""One event of this number comes twice, the second time up to `_WINDOW` events later."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Sizes and repetitions."""

    histories: Sequence[int]
    """Lengths of the histories whose state is read. The last is also rebuilt."""
    long_history: int
    """The length of a history to which single events are added, besides one of ten events."""
    runs: int
    """How many runs are timed. The report shows the median."""
    warm_up: int
    """How many runs go before, untimed: Node compiles what runs often."""
    long_runs: int
    """How many runs of a whole long history are timed. One goes before."""
    alone: int
    """How many events a run has."""
    reads: int
    """How many events a run of reads reads, at least; a run has one read at least."""
    objects: int
    """How many objects a stream of disorder has."""
    events_each: int
    """How many events each of them has."""
    pairs: int
    """How many times two writers meet."""


FULL = Scale(
    histories=(10, 1_000, 10_000),
    long_history=1_000,
    runs=7,
    warm_up=3,
    long_runs=3,
    alone=40,
    reads=2_000,
    objects=40,
    events_each=20,
    pairs=20,
)
QUICK = Scale((10, 30), 20, runs=1, warm_up=0, long_runs=1, alone=3, reads=10, objects=5, events_each=10, pairs=3)
"""Tiny sizes, to see that everything runs."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a stream does with the events of many objects."""

    name: str
    late: bool = False
    twice: bool = False


TROUBLES = (
    Trouble("in order, each once"),
    Trouble(f"late: up to {_WINDOW} positions off", late=True),
    Trouble(f"repeated: one event of {_TWICE} twice", twice=True),
    Trouble("both", late=True, twice=True),
)


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of one event or of one read."""

    used: Used
    """Of all of them."""
    number: int
    seconds: float
    """The median of the runs, for one."""

    @property
    def wcu(self) -> float:
        return self.used.wcu / self.number

    @property
    def rcu(self) -> float:
        return self.used.rcu / self.number


@dataclass(frozen=True, slots=True)
class Read:
    """The history or the state of one object, read."""

    cost: Cost
    right: bool
    """True if the result is the fold of all events."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Two writers that read the same object before either writes."""

    lost: int
    """How many objects are wrong, although no writer got an error that it could act on."""
    errors: int
    """How many writers got an error. What they did not write was delivered again."""


@dataclass(slots=True)
class Result:
    """Everything about one of the compared programs."""

    compared: Compared
    versions: Mapping[str, str]
    alone: dict[int, Cost] = field(default_factory=dict)
    """A single event, by the length of the history that it is added to."""
    full: Cost | None = None
    """An event in full batches, if there are batches."""
    reads: dict[int, Read] = field(default_factory=dict)
    rebuild: Read | None = None
    bytes_per_event: float = 0
    wrong: dict[Trouble, int] = field(default_factory=dict)
    pairs: Pairs = Pairs(0, 0)

    def is_right(self) -> bool:
        """True if no state was wrong."""
        reads = [*self.reads.values(), *([self.rebuild] if self.rebuild else [])]
        return all(read.right for read in reads) and not any(self.wrong.values()) and not self.pairs.lost


def measured(all_compared: Sequence[Compared], scale: Scale, progress: Callable[[str], None]) -> list[Result]:
    """Measure the compared programs. Their timed runs alternate, so that all have the same conditions."""
    with ExitStack() as stack:
        drivers = [stack.enter_context(each.started()) for each in all_compared]
        results = [Result(driver.compared, driver.versions) for driver in drivers]
        accounts = count()
        for length, number in ((10, scale.alone), (scale.long_history, 1)):
            progress(f"single events after {length:,} others")
            costs = _alone(drivers, [next(accounts) for _ in range(number)], length, scale)
            for result, cost in zip(results, costs, strict=True):
                result.alone[length] = cost
        for driver, result in zip(drivers, results, strict=True):
            if isinstance(driver, Pipeline):
                progress("full batches")
                result.full = _full(driver, [next(accounts) for _ in range(10)], scale)
        for length in scale.histories:
            progress(f"a history of {length:,} events")
            account = next(accounts)
            for driver, result in zip(drivers, results, strict=True):
                before = driver.stored_bytes()
                driver.seed(history(account, range(length)))
                result.bytes_per_event = (driver.stored_bytes() - before) / length
            reads = _reads(drivers, account, length, scale, max(1, scale.reads // length))
            for result, read in zip(results, reads, strict=True):
                result.reads[length] = read
        progress("rebuilds")
        keeping = [driver for driver in drivers if driver.compared.keeps_history]
        rebuilds = dict(zip(keeping, _rebuilds(keeping, account, length, scale), strict=True))
        for driver, result in zip(drivers, results, strict=True):
            result.rebuild = rebuilds.get(driver)
        for trouble in TROUBLES:
            progress(trouble.name)
            troubled_accounts = [next(accounts) for _ in range(scale.objects)]
            for driver, result in zip(drivers, results, strict=True):
                result.wrong[trouble] = _wrong(driver, trouble, troubled_accounts, scale.events_each)
        progress("two writers at once")
        paired = [next(accounts) for _ in range(scale.pairs)]
        for driver, result in zip(drivers, results, strict=True):
            with driver.compared.second(driver) as other:
                result.pairs = _pairs(driver, other, paired)
        progress("done")
        return results


def _alone(drivers: Sequence[Driver], accounts: Sequence[int], length: int, scale: Scale) -> list[Cost]:
    """Single events, in turn for each account, that are added to histories of a length."""
    each = 1 if len(accounts) > 1 else max(1, scale.alone // 4)  # a peer reads a long history for each event
    runs = [
        [event for account in accounts for event in history(account, range(first, first + each))]
        for first in range(length, length + each * (scale.warm_up + scale.runs), each)
    ]

    def prepare(driver: Driver) -> Sequence[Run]:
        for account in accounts:
            driver.seed(history(account, range(length)))
        return [partial(driver.deliver, run) for run in runs]

    return _timed(drivers, prepare, len(runs[0]), scale.warm_up)


def _full(driver: Pipeline, accounts: Sequence[int], scale: Scale) -> Cost:
    """Ten events of each of ten objects in a batch."""
    runs = [
        [event for number in range(first, first + 10) for account in accounts for event in _one(account, number)]
        for first in range(10, 10 + 10 * (scale.warm_up + scale.runs), 10)
    ]
    for account in accounts:
        driver.seed(history(account, range(10)))
    return _timed(
        [driver], lambda _: [partial(driver.deliver, run, full=True) for run in runs], len(runs[0]), scale.warm_up
    )[0]


def _one(account: int, number: int) -> list[Event]:
    return history(account, range(number, number + 1))


def _reads(drivers: Sequence[Driver], account: int, length: int, scale: Scale, times: int) -> list[Read]:
    domain_id = events.domain_id(account)
    warm_up, runs = (scale.warm_up, scale.runs) if times > 1 else (1, scale.long_runs)

    def prepare(driver: Driver) -> Sequence[Run]:
        return [lambda: driver.state(domain_id, times)[1]] * (warm_up + runs)

    costs = _timed(drivers, prepare, times, warm_up)
    right = right_state(history(account, range(length)))
    return [Read(cost, driver.state(domain_id)[0] == right) for driver, cost in zip(drivers, costs, strict=True)]


def _rebuilds(drivers: Sequence[Driver], account: int, length: int, scale: Scale) -> list[Read]:
    domain_id = events.domain_id(account)
    costs = _timed(drivers, lambda driver: [partial(driver.rebuild, domain_id)] * (1 + scale.long_runs), 1, 1)
    right = right_state(history(account, range(length)))
    return [Read(cost, driver.rebuilt(domain_id) == right) for driver, cost in zip(drivers, costs, strict=True)]


def _timed(
    drivers: Sequence[Driver], prepare: Callable[[Driver], Sequence[Run]], number: int, warm_up: int
) -> list[Cost]:
    """The cost of one of the `number` things that each run does, for each driver. The first runs are not timed."""
    runs = [prepare(driver) for driver in drivers]
    for each in runs:
        for run in each[:warm_up]:
            run()
    for driver in drivers:
        driver.used()
    seconds = list(zip(*([each[turn]() for each in runs] for turn in range(warm_up, len(runs[0]))), strict=True))
    return [
        Cost(driver.used(), number * len(own), median(own) / number)
        for driver, own in zip(drivers, seconds, strict=True)
    ]


def _wrong(driver: Driver, trouble: Trouble, accounts: Sequence[int], each: int) -> int:
    """How many objects end in another state than the fold of their events in the order of their times."""
    stream = troubled([history(account, range(each)) for account in accounts], trouble)
    if trouble.twice:
        driver.deliver_again(stream)
    else:
        driver.deliver(stream)
    return sum(not _is_right(driver, account, each) for account in accounts)


def troubled(histories: Sequence[Sequence[Event]], trouble: Trouble) -> list[Event]:
    """The events of all histories, mixed, in the order of their arrival."""
    rng = random.Random(1)  # noqa: S311  the same stream on each run, for all
    arriving = [shuffled(each, _WINDOW if trouble.late else 0, rng) for each in histories]
    if trouble.twice:
        arriving = [_with_repetitions(each, rng) for each in arriving]
    turns = [number for number, each in enumerate(arriving) for _ in each]
    rng.shuffle(turns)
    rest = [iter(each) for each in arriving]
    return [next(rest[number]) for number in turns]


def _with_repetitions(arriving: Sequence[Event], rng: random.Random) -> list[Event]:
    places = [(float(place), event) for place, event in enumerate(arriving)]
    again = [(place + 0.5 + rng.randrange(_WINDOW), event) for place, event in places[::_TWICE]]
    return [event for _, event in sorted(places + again, key=lambda each: each[0])]


def _is_right(driver: Driver, account: int, number: int) -> bool:
    return driver.state(events.domain_id(account))[0] == right_state(history(account, range(number)))


def _pairs(driver: Driver, other: Driver, accounts: Sequence[int]) -> Pairs:
    """Two writers add an event each to the same object; both have read before either writes."""
    errors = lost = 0
    with ThreadPoolExecutor(2) as threads:
        for account in accounts:
            first, *pair = history(account, range(3))
            driver.deliver([first])
            driver.hold_two_writes()
            acts = [writer.ready(event) for writer, event in zip((driver, other), pair, strict=True)]
            failed = list(threads.map(_fails, acts))
            errors += sum(failed)
            again = [event for event, has_failed in zip(pair, failed, strict=True) if has_failed]
            if again:
                driver.deliver(again)
            entries = driver.state(events.domain_id(account))[0]["Entries"]
            lost += entries != 3
    return Pairs(lost, errors)


def _fails(act: Callable[[], object]) -> bool:
    try:
        act()
    except DriverError:
        return True
    return False
