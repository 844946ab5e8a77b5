"""Faults of single AWS calls: which call, which of its tries, how it fails, and whether it takes effect.

A call is identified by its number in the run. If threads make the order of calls random, it is identified by what it
asks for.
"""

import copy
import json
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from botocore.exceptions import ReadTimeoutError

from cp_event_source.handler.aws import clients

from ..doubles.aws import AwsError, Clock, Intercept
from ..doubles.mappings import Crashed

TRIES: int = clients._CONFIG.retries["total_max_attempts"]  # type: ignore[attr-defined]
"""That botocore makes of one call."""
READ_TIMEOUT: float = clients._CONFIG.read_timeout  # type: ignore[attr-defined]

_THROTTLED = {
    "dynamodb": ("ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"),
    "sqs": ("ThrottlingException", "RequestThrottled"),
}


class When(Enum):
    """When a failed try takes effect."""

    NEVER = "never"
    AT_ONCE = "at once; the reply is lost"
    SOON = "after the next request"
    LAST = "after everything is delivered"


class How(Enum):
    """What the function sees of the fault."""

    THROTTLED = "throttled"
    SERVER = "internal server error"
    TIMEOUT = "read time-out"
    CRASH = "the process ends"


@dataclass(frozen=True, slots=True)
class Try:
    """One failed try of a call."""

    how: How
    when: When = When.NEVER


Fault = tuple[Try, ...]
"""The failed tries of a call, one after another. The next try succeeds."""


@dataclass(frozen=True, slots=True)
class Outage:
    """From a call on, its table or queue fails until the end of the next invocation."""

    how: How


Signature = tuple[str, ...]
CallId = int | tuple[Signature, int]
"""A call's number, which starts at 1; or what it asks for, and how many earlier calls asked for the same."""


@dataclass
class Process:
    """A function's process. It stays warm until it crashes."""

    name: str
    is_met: bool = False
    """True if other steps happen while it runs, one before each of its calls."""
    deadline: float = 0
    """The end of the invocation that runs."""
    has_crashed: bool = False
    faults: Mapping[int, "Fault"] = field(default_factory=dict)
    """Faults of this process's calls, by the number of the call in the process."""
    calls: int = 0
    steps: int = 0
    """The number of the last call before which another step ran."""
    tries: dict[int, "_Call"] = field(default_factory=dict)
    """The running calls, by thread."""


@dataclass
class _Call:
    id_: CallId
    number: int
    """The number of the call in its process."""
    tries: int = 0
    failing: Try | None = None


@dataclass
class _Stray:
    """A request that has not arrived yet. Nobody waits for its reply."""

    send: Callable[[], object]
    left: int | None
    """How many requests arrive before it; None if all do."""


class Injector:
    """The hook of all doubles of one run."""

    def __init__(self, clock: Clock, *, by_signature: bool = False) -> None:
        self.clock = clock
        self.faults: dict[CallId, Fault | Outage] = {}
        self.fired = 0
        self.crashes = 0
        self.calls = 0
        self.call_ids: list[CallId] = []
        """All calls so far, in their order."""
        self.current: Process | None = None
        """The process whose invocation runs; None while the test itself calls."""
        self.touched: list[str] = []
        """DomainIds whose calls failed in this invocation; `*` if a call was for several objects."""
        self.before_call: Callable[[Process], None] = lambda process: None
        self.after_effect: Callable[[str, Mapping[str, Any]], None] = lambda operation, request: None
        self.invocations = 0
        self._by_signature = by_signature
        self._seen: Counter[Signature] = Counter()
        self._outages: dict[str, tuple[How, int]] = {}
        self._strays: list[_Stray] = []
        self._lock = threading.RLock()

    def hook(self, service: str, handle: Callable[[str, Mapping[str, Any]], object], *, is_wired: bool) -> Intercept:
        """The hook for a service's double.

        If `is_wired`, somebody else calls `begin` for each call, since a request may be a later try of the same call.
        """

        def intercept(operation: str, request: Mapping[str, Any], phase: str) -> None:
            process = self.current
            if process is None:
                return
            if phase == "before":
                if process.has_crashed:
                    raise Crashed
                if self.clock.now > process.deadline:
                    self._crash(process)
                if not is_wired:
                    self.begin(process, operation, request)
                self.before_call(process)
                with self._lock:
                    self._land()
                    self._before(process, service, operation, request, handle)
            else:
                with self._lock:
                    self.after_effect(operation, request)
                    self._after(process, service, operation, request)

        return intercept

    def begin(self, process: Process, operation: str, request: Mapping[str, Any]) -> None:
        """A call begins."""
        with self._lock:
            self.calls += 1
            process.calls += 1
            call_id: CallId = self.calls
            if self._by_signature:
                signature = signature_of(operation, request)
                call_id = (signature, self._seen[signature])
                self._seen[signature] += 1
            self.call_ids.append(call_id)
            process.tries[threading.get_ident()] = _Call(call_id, process.calls)

    def restart(self, faults: Mapping[CallId, Fault | Outage]) -> None:
        """Count calls from 1 again, and let these calls fail."""
        self.faults = dict(faults)
        self.calls = 0
        self.call_ids = []
        self._seen.clear()

    def settle(self) -> None:
        """Let the requests arrive that have not arrived yet."""
        strays, self._strays = self._strays, []
        for stray in strays:
            self._send(stray)

    def _before(
        self,
        process: Process,
        service: str,
        operation: str,
        request: Mapping[str, Any],
        handle: Callable[[str, Mapping[str, Any]], object],
    ) -> None:
        call = process.tries[threading.get_ident()]
        fault = self.faults.get(call.id_) or process.faults.get(call.number)
        resource = _resource(request)
        if isinstance(fault, Outage):
            self._outages.setdefault(resource, (fault.how, self.invocations + 1))
            del self.faults[call.id_]
            self.fired += 1
            fault = None
        how, until = self._outages.get(resource, (How.SERVER, -1))
        failing = Try(how) if self.invocations <= until else None
        if failing is None and fault is not None and call.tries < len(fault):
            failing = fault[call.tries]
            self.fired += call.tries == 0
        call.tries += 1
        call.failing = None
        if failing is None:
            return
        if failing.when is When.AT_ONCE:
            call.failing = failing
            return
        if failing.when is not When.NEVER:
            sent = copy.deepcopy(dict(request))

            def arrive() -> None:
                handle(operation, sent)
                self.after_effect(operation, sent)

            self._strays.append(_Stray(arrive, 1 if failing.when is When.SOON else None))
        self._fail(process, failing.how, service, request)

    def _after(self, process: Process, service: str, operation: str, request: Mapping[str, Any]) -> None:
        call = process.tries.get(threading.get_ident())
        if call is not None and call.failing is not None:
            failing, call.failing = call.failing, None
            self._fail(process, failing.how, service, request)

    def _fail(self, process: Process, how: How, service: str, request: Mapping[str, Any]) -> None:
        self.touched += domain_ids_of(request)
        match how:
            case How.THROTTLED:
                codes = _THROTTLED[service]
                raise AwsError(codes[self.calls % len(codes)], "slow down")
            case How.SERVER:
                raise AwsError("InternalServerError", "oops")
            case How.TIMEOUT:
                self.clock.advance(READ_TIMEOUT)
                raise ReadTimeoutError(endpoint_url=f"https://{service}")
            case How.CRASH:
                self._crash(process)

    def _crash(self, process: Process) -> None:
        process.has_crashed = True
        self.crashes += 1
        raise Crashed

    def _land(self) -> None:
        for stray in [each for each in self._strays if each.left is not None]:
            if stray.left == 0:
                self._strays.remove(stray)
                self._send(stray)
            else:
                stray.left = (stray.left or 0) - 1

    def _send(self, stray: _Stray) -> None:
        process, self.current = self.current, None
        try:
            stray.send()
        except AwsError:
            pass  # the service refused it, and nobody waits for the reply
        finally:
            self.current = process


def domain_ids_of(request: Mapping[str, Any]) -> list[str]:
    """The DomainId that a call was for; `*` if it was for several objects or for none."""
    if "TransactItems" in request:
        request = request["TransactItems"][-1]["Put"]
    for source, name in (("Item", "DomainId"), ("Key", "DomainId"), ("ExpressionAttributeValues", ":domain")):
        if name in request.get(source, {}):
            return [request[source][name]["S"]]
    body = request.get("MessageBody", "")
    if body.startswith("{"):
        return [str(json.loads(body).get("DomainId", "*"))]
    return ["*"]


def signature_of(operation: str, request: Mapping[str, Any]) -> Signature:
    """What a call asks for, without its random parts."""
    if "TransactItems" in request:
        return (operation, _resource(request), *domain_ids_of(request))
    key = request.get("Item") or request.get("Key") or {}
    names = [str(key[name]) for name in ("EventKey", "CpEventSourceSlot") if name in key]
    return (operation, _resource(request), *domain_ids_of(request), *names)


def _resource(request: Mapping[str, Any]) -> str:
    if "TransactItems" in request:
        return str(request["TransactItems"][-1]["Put"]["TableName"])
    if "RequestItems" in request:
        return str(next(iter(request["RequestItems"])))
    return str(request.get("TableName") or request["QueueUrl"])
