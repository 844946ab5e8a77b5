"""Decides which rebuild runs next, how many run at a time, and which are tried again. It calls nothing."""

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from cp_event_source.deployed.counted import counted
from cp_event_source.deployed.errors import CommandError
from cp_event_source.deployed.rebuild import NotRebuilt, Problem, Rebuilt
from cp_event_source.handler.values.clock import Clock
from cp_event_source.operate.journal import DONE

MAX_SECONDS_FOR_ANOTHER: Final = 16 * 60.0
"""How long an object waits for another rebuild of it. That has ended after 15 minutes, whatever became of it."""

MAX_TROUBLES: Final = 6
"""After this many failures outside of the logic, an object has failed. The waits between them take a minute."""

MAX_INVOCATIONS: Final = 100
"""The invocations of one history that takes longer than one: a day of folding."""

MAX_SECONDS_REFUSED: Final = 20 * 60.0
"""How long the function may refuse all invocations. One takes at most 15 minutes, and then another is free."""

MAX_DEFERRED: Final = 10_000
"""The objects that wait to be tried again, in memory. Above that, no other object is begun."""

_FIRST_PAUSE_SECONDS: Final = 0.5
_MAX_PAUSE_SECONDS: Final = 30.0
_FIRST_DELAY_SECONDS: Final = 1.0
_MAX_DELAY_SECONDS: Final = 30.0


class RefusedError(CommandError):
    """The function refuses all invocations, or does not start."""


@dataclass(frozen=True)
class NotInvoked:
    """The function was not invoked: it is throttled, is being updated, or cannot be reached."""

    domain_id: str
    reason: str


@dataclass(frozen=True)
class NoAnswer:
    """The connection broke before the answer: the function may have been invoked."""

    domain_id: str
    reason: str


Ended = Rebuilt | NotRebuilt | NotInvoked | NoAnswer


@dataclass
class _Tried:
    """What an object has gone through that is tried again."""

    first_refused_at: float | None = None
    refused: int = 0
    troubles: int = 0
    invocations: int = 0
    folded: int = -1


@dataclass
class Schedule:
    """The rebuilds of some objects: at most `concurrency` at a time.

    If the function refuses an invocation, half as many run at a time, and after each round of successes one more.

    Args:
        objects: the objects, each once. It is read when an object can begin.
        concurrency: the most rebuilds at a time.
        clock: the time.
    """

    objects: Iterator[str]
    concurrency: int
    clock: Clock
    limit: float = field(init=False)
    """How many may run at a time now."""
    _running: dict[str, float] = field(default_factory=dict)
    """When each began."""
    _deferred: list[tuple[float, int, str]] = field(default_factory=list)
    """The objects to be tried again, by when."""
    _tried: dict[str, _Tried] = field(default_factory=dict)
    _order: Iterator[int] = field(default_factory=count)
    _exhausted: bool = False
    _not_before: float = -math.inf
    _halved_at: float = -math.inf
    _pauses: int = 0
    _answered_at: float = field(init=False)

    def __post_init__(self) -> None:
        self.limit = float(self.concurrency)
        self._answered_at = self.clock.monotonic()

    @property
    def running(self) -> int:
        return len(self._running)

    @property
    def deferred(self) -> int:
        """How many objects wait to be tried again."""
        return len(self._deferred)

    @property
    def is_over(self) -> bool:
        """True if every object has an outcome. `next` must have returned None."""
        return self._exhausted and not self._running and not self._deferred

    def next(self) -> str | None:
        """The object whose rebuild begins now; None if none may."""
        now = self.clock.monotonic()
        if now < self._not_before or len(self._running) >= int(self.limit):
            return None
        if self._deferred and self._deferred[0][0] <= now:
            _, _, domain_id = heapq.heappop(self._deferred)
        elif self._exhausted or len(self._deferred) >= MAX_DEFERRED:
            return None
        else:
            following = next(self.objects, None)
            if following is None:
                self._exhausted = True
                return None
            domain_id = following
        self._running[domain_id] = now
        return domain_id

    def seconds_to_wait(self) -> float | None:
        """After `next` returned None: the seconds until another object may begin; None if a rebuild must end first."""
        if len(self._running) >= int(self.limit):
            return None
        due = [self._deferred[0][0]] if self._deferred else []
        if not self._exhausted and len(self._deferred) < MAX_DEFERRED:
            due.append(-math.inf)
        return max(0.0, max(min(due), self._not_before) - self.clock.monotonic()) if due else None

    def ended(self, ended: Ended) -> str | None:
        """A rebuild has ended.

        Returns:
            The object's outcome; None if it is tried again.

        Raises:
            RefusedError: the function has refused all invocations for MAX_SECONDS_REFUSED, or does not start.
        """
        began = self._running.pop(ended.domain_id)
        match ended:
            case Rebuilt():
                self._speed_up()
                self._tried.pop(ended.domain_id, None)
                return DONE
            case NotInvoked():
                self._slow_down(began)
                self._refuse_forever(ended.reason)
                self._defer(ended.domain_id, 0)
                return None
            case NoAnswer():
                self._slow_down(began)
                return self._after_trouble(ended.domain_id, ended.reason)
            case NotRebuilt(problem=Problem.NO_START):
                raise RefusedError(
                    f"the project function does not start: {ended.reason}; deploy logic that starts, and then continue"
                )
        if ended.problem is Problem.TROUBLE:  # such as a table that throttles the function
            self._slow_down(began)
        else:
            self._speed_up()
        return self._after(ended)

    def _after(self, ended: NotRebuilt) -> str | None:
        domain_id = ended.domain_id
        tried = self._tried.setdefault(domain_id, _Tried())
        match ended.problem:
            case Problem.RUNNING:
                now = self.clock.monotonic()
                if tried.first_refused_at is None:
                    tried.first_refused_at = now
                if now - tried.first_refused_at <= MAX_SECONDS_FOR_ANOTHER:
                    self._defer(domain_id, _growing(tried.refused))
                    tried.refused += 1
                    return None
            case Problem.UNFINISHED:
                tried.invocations += 1
                progressed = ended.folded is None or ended.folded > tried.folded
                tried.folded = ended.folded if ended.folded is not None else tried.folded
                if progressed and tried.invocations < MAX_INVOCATIONS:
                    tried.first_refused_at = None
                    self._defer(domain_id, 0)
                    return None
            case Problem.TROUBLE:
                return self._after_trouble(domain_id, ended.reason)
        self._tried.pop(domain_id, None)
        return ended.reason

    def _after_trouble(self, domain_id: str, reason: str) -> str | None:
        tried = self._tried.setdefault(domain_id, _Tried())
        tried.troubles += 1
        if tried.troubles < MAX_TROUBLES:
            self._defer(domain_id, _growing(tried.troubles))
            return None
        del self._tried[domain_id]
        return f"{reason} (tried {counted(MAX_TROUBLES, 'time')})"

    def _defer(self, domain_id: str, seconds: float) -> None:
        heapq.heappush(self._deferred, (self.clock.monotonic() + seconds, next(self._order), domain_id))

    def _speed_up(self) -> None:
        self._answered_at = self.clock.monotonic()
        self._pauses = 0
        self.limit = min(float(self.concurrency), self.limit + 1 / self.limit)

    def _slow_down(self, began: float) -> None:
        """Halve the limit, once for all that ran at the time."""
        if began < self._halved_at:
            return
        now = self.clock.monotonic()
        self.limit = max(1.0, self.limit / 2)
        self._halved_at = math.nextafter(now, math.inf)
        self._not_before = now + min(_MAX_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * float(2**self._pauses))
        self._pauses = min(self._pauses + 1, 10)

    def _refuse_forever(self, reason: str) -> None:
        if self.clock.monotonic() - self._answered_at > MAX_SECONDS_REFUSED:
            raise RefusedError(
                f"the project function has refused all invocations for {MAX_SECONDS_REFUSED / 60:g} minutes: {reason};"
                " give it more concurrency, or wait until others leave it some, and then continue"
            )


def _growing(times: int) -> float:
    return min(_MAX_DELAY_SECONDS, _FIRST_DELAY_SECONDS * float(2 ** min(times, 10)))
