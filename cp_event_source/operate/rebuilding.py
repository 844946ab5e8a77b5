"""The engine that rebuilds the objects of a journal: many at a time, at the pace that the function bears."""

import queue
import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Final

from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
)
from botocore.exceptions import ConnectionError as NoConnectionError

from cp_event_source.deployed.counted import counted
from cp_event_source.deployed.errors import CommandError
from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.deployed.rebuild import rebuild
from cp_event_source.handler.values.clock import Clock
from cp_event_source.operate.journal import DONE, Journal
from cp_event_source.operate.output import Output
from cp_event_source.operate.schedule import Ended, NoAnswer, NotInvoked, Schedule

DEFAULT_CONCURRENCY: Final = 10
MAX_CONCURRENCY: Final = 1000

SHARDS: Final = 4
"""Invocations that the events table's stream takes, to begin with."""

_ANSWER_SECONDS: Final = 920
"""Longer than any invocation."""

_READY_SECONDS: Final = 600.0
_LOOK_EVERY_SECONDS: Final = 1.0
_MOST_AT_ONCE: Final = 500

_TRANSIENT_STATUSES: Final = frozenset({429, 500, 503, 504})
_TRANSIENT_CODES: Final = frozenset(
    {
        "EC2ThrottledException",
        "EC2UnexpectedException",
        "ENILimitReachedException",
        "RequestLimitExceeded",
        "ResourceConflictException",
        "ResourceNotReadyException",
        "ServiceException",
        "SubnetIPAddressLimitReachedException",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
"""Lambda's errors that another attempt does not get: it throttles, or the function is being updated."""


class NotReadyError(CommandError):
    """The project function cannot be invoked."""


def invoker(pipeline: Pipeline, concurrency: int, *, accept_missing_events: bool) -> Callable[[str], Ended]:
    """What rebuilds one object, for several threads at a time.

    botocore does not repeat its calls: a call that is repeated would find its own first rebuild running.
    """
    client = pipeline.clients.with_settings(
        "lambda",
        retries={"mode": "standard", "total_max_attempts": 1},
        read_timeout=_ANSWER_SECONDS,
        tcp_keepalive=True,
        max_pool_connections=concurrency,
    )
    function, domain_name = pipeline.project_function, pipeline.domain_name

    def invoke(domain_id: str) -> Ended:
        try:
            return rebuild(client, function, domain_name, domain_id, accept_missing_events=accept_missing_events)
        except ClientError as error:
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
            if status in _TRANSIENT_STATUSES or error.response.get("Error", {}).get("Code") in _TRANSIENT_CODES:
                return NotInvoked(domain_id, str(error))
            raise
        except (NoConnectionError, EndpointConnectionError, ConnectTimeoutError) as error:
            return NotInvoked(domain_id, str(error))
        except HTTPClientError as error:  # the request may have been sent
            return NoAnswer(domain_id, str(error))

    return invoke


def wait_until_ready(pipeline: Pipeline, output: Output, clock: Clock) -> None:
    """Wait until the project function's last update is live, so that rebuilds run with its logic.

    Raises:
        NotReadyError: the update failed, or it takes longer than ten minutes.
    """
    client, name = pipeline.clients("lambda"), pipeline.project_function
    deadline = clock.monotonic() + _READY_SECONDS
    noted = False
    while True:
        now = client.get_function_configuration(FunctionName=name)
        state, update = now.get("State", "Active"), now.get("LastUpdateStatus", "Successful")
        if state == "Failed" or update == "Failed":
            reason = now.get("StateReason") or now.get("LastUpdateStatusReason") or "AWS gives no reason"
            raise NotReadyError(f"{name}: must be ready; its last update failed: {reason}; deploy the stack again")
        if state != "Pending" and update != "InProgress":
            return
        if clock.monotonic() > deadline:
            raise NotReadyError(f"{name}: must be ready; is {state}, update {update}, for 10 minutes; try again later")
        if not noted:
            output.note(f"Waiting for the update of {name}")
            noted = True
        clock.sleep(_LOOK_EVERY_SECONDS)


def bearable(pipeline: Pipeline, concurrency: int, output: Output) -> int:
    """How many rebuilds may run at a time, so that the function's reserved concurrency suffices for the stream, too.

    Raises:
        NotReadyError: it has no concurrency: somebody switched it off.
    """
    reply = pipeline.clients("lambda").get_function_concurrency(FunctionName=pipeline.project_function)
    reserved: int | None = reply.get("ReservedConcurrentExecutions")
    if reserved is None:
        return concurrency
    if reserved == 0:
        raise NotReadyError(
            f"{pipeline.project_function}: must have concurrency; its reserved concurrency is 0; raise it"
        )
    free = max(1, reserved - SHARDS)
    if free < concurrency:
        output.note(
            f"At most {counted(free, 'rebuild')} at a time: the function's reserved concurrency is {reserved}, and the"
            f" stream needs {SHARDS}"
        )
    return min(concurrency, free)


@dataclass(frozen=True)
class Work:
    """What one run of the engine did."""

    rebuilt: int
    failed: int
    seconds: float


@dataclass
class Engine:
    """Rebuilds the open objects of a journal. Only the thread that calls it uses the journal.

    Args:
        invoke: rebuilds one object, in any thread.
        concurrency: the most at a time.
        clock: the time.
        on_end: called with each result, also of those that are tried again.
    """

    invoke: Callable[[str], Ended]
    concurrency: int
    clock: Clock = field(default_factory=Clock)
    on_end: Callable[[Ended], None] = lambda _: None

    def run(self, journal: Journal, output: Output) -> Work:
        """Rebuild until every object has an outcome.

        An interruption or an error begins no more rebuilds, waits for those that run and notes their outcomes. A second
        interruption does not wait. Either is harmless: what has no outcome is rebuilt again later.

        Raises:
            RefusedError: the function refuses all invocations, or does not start.
            botocore.exceptions.ClientError: the caller may not invoke it, or it does not exist.
        """
        schedule = Schedule(journal.open_objects(), self.concurrency, self.clock)
        begun, rebuilt, failed = self.clock.monotonic(), 0, 0
        problem: BaseException | None = None
        with (
            _Callers(self.invoke) as callers,
            _Stop(callers.wake) as stop,
            output.step("Rebuilding", journal.count(open_only=True)) as step,
        ):
            ends, outcomes = False, dict[str, str]()
            while True:
                if not ends and (stop.signal is not None or problem is not None):
                    ends = True
                    if callers.are_busy:
                        output.note("Waiting for the rebuilds that run; interrupt again to end at once")
                while not ends and (domain_id := schedule.next()) is not None:
                    callers.begin(domain_id, schedule.running)
                journal.finish_all(outcomes)  # while others run: it waits for the disk
                if schedule.is_over or (ends and not callers.are_busy):
                    break
                outcomes, found = self._outcomes(
                    schedule, callers.ended(_LOOK_EVERY_SECONDS if ends else schedule.seconds_to_wait())
                )
                problem = problem or found
                done = sum(outcome == DONE for outcome in outcomes.values())
                rebuilt, failed = rebuilt + done, failed + len(outcomes) - done
                step.advance(len(outcomes))
                step.say(_said(schedule, failed, self.concurrency))
        if problem is not None:
            raise problem
        return Work(rebuilt, failed, self.clock.monotonic() - begun)

    def _outcomes(
        self, schedule: Schedule, ended: "Sequence[Ended | _Broken]"
    ) -> tuple[dict[str, str], BaseException | None]:
        """The outcomes of what ended, and the error that ends all work."""
        outcomes: dict[str, str] = {}
        problem: BaseException | None = None
        for each in ended:
            if isinstance(each, _Broken):
                problem = each.error
                continue
            try:
                outcome = schedule.ended(each)
            except CommandError as error:
                problem = error
            else:
                self.on_end(each)
                if outcome is not None:
                    outcomes[each.domain_id] = outcome
        return outcomes, problem


def _said(schedule: Schedule, failed: int, concurrency: int) -> str:
    parts = []
    if failed:
        parts.append(f"{failed} failed")
    if schedule.deferred:
        parts.append(f"{schedule.deferred} tried again later")
    if int(schedule.limit) < concurrency:
        parts.append(f"slowed down to {int(schedule.limit)} at a time")
    return ", ".join(parts)


class _Stop:
    """Takes the first signal to end as a wish, and the second one as an order. A context manager.

    The handlers that were there raise an error: for the first signal at the end of the block, so that it does not get
    between a result and the journal.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self.signal: int | None = None
        self._wake = wake
        self._before: dict[int, Callable[[int, FrameType | None], Any]] = {}

    def __enter__(self) -> "_Stop":
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                handler = signal.getsignal(number)
                if callable(handler):
                    self._before[number] = handler
                    signal.signal(number, self._came)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        if self.signal is not None:
            self._before[self.signal](self.signal, None)

    def _came(self, number: int, frame: FrameType | None) -> None:
        if self.signal is not None:
            self._before[number](number, frame)
        self.signal = number
        self._wake()


@dataclass(frozen=True)
class _Broken:
    """A call raised an error that ends all work."""

    error: BaseException


class _Callers:
    """Threads that call a function. They do not keep the process alive, as those of `concurrent.futures` would."""

    def __init__(self, call: Callable[[str], Ended]) -> None:
        self._call = call
        self._todo: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._ended: queue.SimpleQueue[Ended | _Broken | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._calling = 0
        self._lock = threading.Lock()

    def __enter__(self) -> "_Callers":
        return self

    def __exit__(self, *_: object) -> None:
        for _thread in self._threads:
            self._todo.put(None)

    def begin(self, domain_id: str, running: int) -> None:
        """Call the function with an object.

        Args:
            domain_id: the object.
            running: how many calls run with this one.
        """
        if len(self._threads) < running:
            thread = threading.Thread(target=self._work, daemon=True)
            thread.start()
            self._threads.append(thread)
        self._todo.put(domain_id)

    @property
    def are_busy(self) -> bool:
        """True while a call runs, or a result was not taken."""
        return not self._todo.empty() or self._calling > 0 or not self._ended.empty()

    def wake(self) -> None:
        """Let `ended` return, also from a handler of a signal."""
        self._ended.put(None)

    def ended(self, seconds: float | None) -> "list[Ended | _Broken]":
        """The results since the last call, at most _MOST_AT_ONCE. It waits for the first one, or for `wake`.

        Args:
            seconds: how long it waits at most; None without a limit.
        """
        ended = []
        try:
            ended.append(self._ended.get(timeout=seconds))
            while len(ended) < _MOST_AT_ONCE:
                ended.append(self._ended.get_nowait())
        except queue.Empty:
            pass
        return [each for each in ended if each is not None]

    def _work(self) -> None:
        while (domain_id := self._todo.get()) is not None:
            with self._lock:
                self._calling += 1
            try:
                self._ended.put(self._call(domain_id))
            except BaseException as error:  # noqa: BLE001  the main thread raises it
                self._ended.put(_Broken(error))
            finally:
                with self._lock:
                    self._calling -= 1


def engine_of(
    pipeline: Pipeline,
    output: Output,
    clock: Clock,
    *,
    concurrency: int = DEFAULT_CONCURRENCY,
    accept_missing_events: bool = False,
    on_end: Callable[[Ended], None] = lambda _: None,
) -> Engine:
    """The engine for a pipeline's project function, when the function's last update is live.

    Raises:
        NotReadyError: the function cannot be invoked.
    """
    wait_until_ready(pipeline, output, clock)
    free = bearable(pipeline, concurrency, output)
    return Engine(invoker(pipeline, free, accept_missing_events=accept_missing_events), free, clock, on_end)
