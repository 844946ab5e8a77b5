"""Invocations that run side by side, each of them stopped before every storage call until it is its turn."""

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
    CUT = "takes effect, and an error comes back instead of the reply"
    REPEATED = "takes effect, no reply comes, and the SDK makes it again"
    LAST = "takes effect, and the process dies before the reply"


@dataclass(frozen=True, slots=True)
class Call:
    """What a task is about to ask of AWS."""

    operation: str
    request: Mapping[str, Any]


class Task(greenlet):  # type: ignore[misc]  # it has no types
    """Work that is done step by step."""

    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__()
        self._work = work
        self.call: Call | None = None
        """The call that it stands before."""
        self.until: Callable[[], bool] | None = None
        """What it waits for."""
        self.value: Any = None
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self.value = self._work()
        except GreenletExit:
            raise
        except BaseException as error:  # noqa: BLE001  whoever waits for it is told
            self.error = error


class Scheduler:
    """Gives the turns. Its own greenlet is the one in which it was made."""

    def __init__(self) -> None:
        self._hub = getcurrent()
        self._tasks: list[Task] = []

    def spawn(self, work: Callable[[], Any]) -> Task:
        """A task, begun with the next `settle`."""
        task = Task(work)
        task.parent = self._hub
        self._tasks.append(task)
        return task

    def turn(self, call: Call) -> Turn:
        """In a task: stop before a call."""
        task: Any = getcurrent()
        task.call = call
        turn: Turn = self._hub.switch()
        task.call = None
        return turn

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """In a task: go on once something has come about."""
        task: Any = getcurrent()
        while not condition():
            task.until = condition
            self._hub.switch()
        task.until = None

    def settle(self) -> None:
        """Let all go on that stand before no call and wait for nothing."""
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
        """Let a task make the call that it stands before, and go on to its next."""
        task.switch(turn)
        self.settle()

    def end(self) -> None:
        """Drop whatever is not done."""
        for task in self._tasks:
            task.throw(GreenletExit)
        self._tasks.clear()


class Invocation:
    """One run of a function, with as many tasks as it has threads."""

    def __init__(self, scheduler: Scheduler, name: str) -> None:
        self.name = name
        self.domain_ids: set[str] = set()
        """The domain of the one event that it was delivered, if it was one."""
        self.faults = 0
        """Of its calls, how many failed."""
        self.is_abandoned = False
        """Whether Lambda has given it up and gone on; it may not have noticed."""
        self.without_row: dict[str, bool] = {}
        """Domains for which it found no row and has not written one; and whether it has read the store since."""
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
        """Its tasks that stand before a call."""
        return [task for task in self._tasks if task.call is not None and not task.dead]

    def kill(self) -> None:
        """End its process."""
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
    """Takes the place of the function's thread pool."""

    def __init__(self, invocation: Invocation, scheduler: Scheduler) -> None:
        self._invocation = invocation
        self._scheduler = scheduler

    def submit(self, work: Callable[..., Any], *arguments: Any) -> "Writing":
        return Writing(self._invocation.add(lambda: work(*arguments)), self._scheduler)


class Writing:
    """Takes the place of a future."""

    def __init__(self, task: Task, scheduler: Scheduler) -> None:
        self._task = task
        self._scheduler = scheduler

    def result(self) -> Any:
        self._scheduler.wait_until(lambda: bool(self._task.dead))
        if self._task.error is not None:
            raise self._task.error
        return self._task.value


class Reached:
    """A service as one invocation reaches it: every call waits for its turn, and may end badly."""

    def __init__(self, double: Double, invocation: Invocation, scheduler: Scheduler, page: int) -> None:
        self._double = double
        self._invocation = invocation
        self._scheduler = scheduler
        self._page = page

    def handle(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        if operation == "Query":
            request = {**request, "Limit": self._page}  # in place of pages of 1 MB
        while True:
            turn = self._scheduler.turn(Call(operation, request))
            if turn is Turn.REFUSED:
                self._noted(operation, request, None)
                raise AwsError("ThrottlingException", "Rate exceeded")
            try:
                reply = self._double.handle(operation, request)
            except AwsError:
                if turn is Turn.WELL:
                    self._noted(operation, request, None)
                    raise
                reply = {}
            if turn is Turn.REPEATED:
                continue
            self._noted(operation, request, reply if turn is Turn.WELL else None)
            if turn is Turn.LAST:
                raise Crashed(f"{self._invocation.name} died after {operation}")
            if turn is Turn.CUT:
                raise AwsError("InternalServerError", "Internal server error")
            return reply

    def _noted(self, operation: str, request: Mapping[str, Any], reply: Mapping[str, Any] | None) -> None:
        """Keep account of the writes that lie ahead on the word of a row that was not there.

        After a call that failed (`reply` is None) its domain goes back to where it came from: none lies ahead.
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
            case "PutItem", "rows":
                without.pop(request["Item"]["DomainId"]["S"], None)
            case "PutItem", "snapshots" if reply is None:
                without.pop(request["Item"]["DomainId"]["S"], None)

    def _seen(self, domain_id: str, item: Mapping[str, Any] | None) -> None:
        if item is None or "Revision" not in item.get("CpEventSource", {}).get("M", {}):
            self._invocation.without_row[domain_id] = False
        else:
            self._invocation.without_row.pop(domain_id, None)
