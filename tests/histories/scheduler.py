"""Invocations that run at the same time. Each stops before every storage call and waits for its turn."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from greenlet import GreenletExit, getcurrent, greenlet

from tests.doubles.aws import AwsError
from tests.doubles.clients import Double
from tests.doubles.mappings import Crashed


class Turn(Enum):
    """How a storage call ends."""

    WELL = "well"
    REFUSED = "refused: it takes no effect"
    CUT = "takes effect, and the reply is an error"
    REPEATED = "takes effect, the reply is lost, and the SDK retries it"
    LAST = "takes effect, and the process crashes before the reply"


@dataclass(frozen=True, slots=True)
class Call:
    """The call that a task makes next."""

    operation: str
    request: Mapping[str, Any]


class Task(greenlet):  # type: ignore[misc]  # it has no types
    """Work that runs step by step."""

    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__()
        self._work = work
        self.call: Call | None = None
        """The call that the task makes at its next turn."""
        self.until: Callable[[], bool] | None = None
        """The condition that the task waits for."""
        self.value: Any = None
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self.value = self._work()
        except GreenletExit:
            raise
        except BaseException as error:  # noqa: BLE001  the task that waits for the result raises it
            self.error = error


class Scheduler:
    """Gives each task its turns. It runs in the greenlet that created it."""

    def __init__(self) -> None:
        self._hub = getcurrent()
        self._tasks: list[Task] = []

    def spawn(self, work: Callable[[], Any]) -> Task:
        """Create a task. It begins with the next `settle`."""
        task = Task(work)
        task.parent = self._hub
        self._tasks.append(task)
        return task

    def turn(self, call: Call) -> Turn:
        """Called in a task: stop before a call."""
        task: Any = getcurrent()
        task.call = call
        turn: Turn = self._hub.switch()
        task.call = None
        return turn

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Called in a task: continue when a condition holds."""
        task: Any = getcurrent()
        while not condition():
            task.until = condition
            self._hub.switch()
        task.until = None

    def settle(self) -> None:
        """Let all tasks run until each stops before a call or waits for a condition."""
        moved = True
        while moved:
            moved = False
            for task in list(self._tasks):
                begun = bool(task) or task.dead
                if not begun or (not task.dead and task.until is not None and task.until()):
                    task.switch()
                    moved = True
            self._tasks = [task for task in self._tasks if not task.dead]

    def step(self, task: Task, turn: Turn) -> None:
        """Let a task make its call, and run to its next call."""
        task.switch(turn)
        self.settle()

    def end(self) -> None:
        """Drop all tasks that have not ended."""
        for task in self._tasks:
            task.throw(GreenletExit)
        self._tasks.clear()


class Invocation:
    """One run of a function, with one task for each thread."""

    def __init__(self, scheduler: Scheduler, name: str) -> None:
        self.name = name
        self.domain_ids: set[str] = set()
        """The DomainId of the delivered event, if the batch has only one event."""
        self.faults = 0
        """How many of its calls failed."""
        self.is_abandoned = False
        """True if Lambda no longer waits for the invocation, although it may still run."""
        self.without_row: dict[str, bool] = {}
        """DomainIds for which it found no row and has not written one. True if it has read the store since then."""
        self._scheduler = scheduler
        self._tasks: list[Task] = []

    def begin(self, handle: Callable[[], Any]) -> None:
        self.main = self.add(handle)

    def add(self, work: Callable[[], Any]) -> Task:
        """Work in a thread of its own."""
        task = self._scheduler.spawn(work)
        self._tasks.append(task)
        return task

    @property
    def is_over(self) -> bool:
        return bool(self.main.dead)

    def waiting(self) -> list[Task]:
        """The tasks that wait for a turn to make a call."""
        return [task for task in self._tasks if task.call is not None and not task.dead]

    def kill(self) -> None:
        """End the invocation's process."""
        for task in self._tasks:
            if not task.dead:
                task.throw(Crashed(f"{self.name} was killed"))
        self.without_row.clear()

    def step(self, task: Task, turn: Turn) -> None:
        self._scheduler.step(task, turn)
        if any(isinstance(each.error, Crashed) for each in self._tasks):
            self.kill()
        self._scheduler.settle()


class Writers:
    """Replaces the function's thread pool."""

    def __init__(self, invocation: Invocation, scheduler: Scheduler) -> None:
        self._invocation = invocation
        self._scheduler = scheduler

    def submit(self, work: Callable[..., Any], *arguments: Any) -> "Writing":
        return Writing(self._invocation.add(lambda: work(*arguments)), self._scheduler)


class Writing:
    """Replaces a future."""

    def __init__(self, task: Task, scheduler: Scheduler) -> None:
        self._task = task
        self._scheduler = scheduler

    def result(self) -> Any:
        self._scheduler.wait_until(lambda: bool(self._task.dead))
        if self._task.error is not None:
            raise self._task.error
        return self._task.value


class Reached:
    """A service as one invocation calls it: every call waits for its turn, and may fail."""

    def __init__(self, double: Double, invocation: Invocation, scheduler: Scheduler, page: int) -> None:
        self._double = double
        self._invocation = invocation
        self._scheduler = scheduler
        self._page = page

    def handle(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        if operation == "Query":
            request = {**request, "Limit": self._page}  # instead of pages of 1 MB
        tries = 0
        while True:
            turn = self._scheduler.turn(Call(operation, request))
            if turn is Turn.REFUSED:
                self._noted(operation, request, None)
                raise _after(tries, AwsError("ThrottlingException", "Rate exceeded"))
            try:
                reply = self._double.handle(operation, request)
            except AwsError as error:
                if turn is Turn.WELL:
                    self._noted(operation, request, None)
                    raise _after(tries, error) from None
                reply = {}
            if turn is Turn.REPEATED:
                tries += 1
                continue
            self._noted(operation, request, reply if turn is Turn.WELL else None)
            if turn is Turn.LAST:
                raise Crashed(f"{self._invocation.name} crashed after {operation}")
            if turn is Turn.CUT:
                raise AwsError("InternalServerError", "Internal server error")
            return reply

    def _noted(self, operation: str, request: Mapping[str, Any], reply: Mapping[str, Any] | None) -> None:
        """Note for which objects the invocation may still write a row because it found none.

        After a failed call (`reply` is None) the object's records return to their source: no write follows.
        """
        without = self._invocation.without_row
        match operation, request.get("TableName"):
            case "BatchGetItem", _ if reply is not None:
                found = {item["DomainId"]["S"]: item for item in reply["Responses"]["rows"]}
                for key in request["RequestItems"]["rows"]["Keys"]:
                    self._seen(key["DomainId"]["S"], found.get(key["DomainId"]["S"]))
            case "GetItem", "rows" if reply is not None:
                self._seen(request["Key"]["DomainId"]["S"], reply.get("Item"))
            case "Query", _:
                domain_id = request["ExpressionAttributeValues"][":domain"]["S"]
                if reply is None:
                    without.pop(domain_id, None)
                elif domain_id in without:
                    without[domain_id] = True
            case "TransactWriteItems", _ if reply is not None:
                without.pop(request["TransactItems"][-1]["Put"]["Item"]["DomainId"]["S"], None)
            case "PutItem", "rows":
                without.pop(request["Item"]["DomainId"]["S"], None)
            case "PutItem", "snapshots" if reply is None:
                without.pop(request["Item"]["DomainId"]["S"], None)

    def _seen(self, domain_id: str, item: Mapping[str, Any] | None) -> None:
        if item is None or "Revision" not in item.get("CpEventSource", {}).get("M", {}):
            self._invocation.without_row[domain_id] = False
        else:
            self._invocation.without_row.pop(domain_id, None)


def _after(tries: int, error: AwsError) -> AwsError:
    """The error of the SDK's last try of a call. Earlier ones got no reply, and may have taken effect."""
    error.retry_attempts = tries
    return error
