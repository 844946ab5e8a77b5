"""Rebuilds a domain object by a call of the project function, and reads its answer."""

import json
import re
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final


class Problem(Enum):
    """Why an object was not rebuilt."""

    RUNNING = "another rebuild of the object is running"
    UNFINISHED = "the history takes several invocations, and what is folded is kept"
    TROUBLE = "something outside of the logic failed, and a repetition may succeed"
    EVENTS_MISSING = "the store lacks events that the row holds"
    NO_START = "the function does not start"
    REFUSED = "a repetition fails, too"


@dataclass(frozen=True)
class Rebuilt:
    """An object was rebuilt."""

    domain_id: str
    events: int
    """How many events the new row holds."""
    checkpoint: str | None
    logic_version: str


@dataclass(frozen=True)
class NotRebuilt:
    """An object was not rebuilt."""

    domain_id: str
    problem: Problem
    reason: str
    """What the function says."""
    folded: int | None = None
    """With UNFINISHED: the events that all invocations so far have folded, if the function says it."""


def rebuild(
    client: Any, function: str, domain_name: str, domain_id: str, *, accept_missing_events: bool = False
) -> Rebuilt | NotRebuilt:
    """Rebuild a domain object, and wait for the result.

    The function is called directly. So neither the bus's rule for rebuild requests sees it, nor the alarm that watches
    that rule.

    Args:
        client: Lambda's client. A rebuild answers when it is done, after up to 15 minutes.
        function: the project function's name.
        domain_name: the domain.
        domain_id: the object.
        accept_missing_events: whether the new row may hold fewer events than the old one.

    Raises:
        botocore.exceptions.ClientError: the function was not called.
        botocore.exceptions.BotoCoreError: no answer came.
    """
    request: dict[str, Any] = {"EventType": "REBUILD", "DomainName": domain_name, "DomainId": domain_id}
    if accept_missing_events:
        request["AcceptMissingEvents"] = True
    answer = client.invoke(FunctionName=function, Payload=json.dumps({"detail": request}).encode())
    return read_answer(domain_id, answer["Payload"].read())


def read_answer(domain_id: str, payload: bytes) -> Rebuilt | NotRebuilt:
    """The result in the function's answer."""
    try:
        value = json.loads(payload)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        return NotRebuilt(domain_id, Problem.REFUSED, f"the function's answer must be an object; got {payload[:200]!r}")
    if "EventCount" in value:
        return Rebuilt(domain_id, value["EventCount"], value["Checkpoint"], value["LogicVersion"])
    reason, kind = str(value.get("errorMessage", "")), str(value.get("errorType", ""))
    if kind in _OF_A_START:
        return NotRebuilt(domain_id, Problem.NO_START, f"{kind}: {reason}")
    if kind in _PROBLEMS:
        return NotRebuilt(domain_id, _PROBLEMS[kind], reason, _folded(reason))
    if kind in _OF_THE_END or not reason:
        reason = (
            f"the function's process ended during the rebuild ({kind}: {reason}); its log says more; fix the logic, or"
            " give the function more memory"
        )
    return NotRebuilt(domain_id, Problem.REFUSED, reason)


def _folded(reason: str) -> int | None:
    found = re.search(r"(\d+) events folded", reason)
    return int(found[1]) if found else None


_PROBLEMS: Final = {
    "AnotherRebuildRuns": Problem.RUNNING,
    "RebuildUnfinished": Problem.UNFINISHED,
    "RebuildInterrupted": Problem.TROUBLE,
    "EventsMissing": Problem.EVENTS_MISSING,
}
"""The function's errors, by the names of their classes in handler/projection/rebuild.py."""

_OF_A_START: Final = frozenset(
    {
        "BrokenDomainLogic",
        "BrokenSettings",
        "Runtime.HandlerNotFound",
        "Runtime.ImportModuleError",
        "Runtime.InvalidEntrypoint",
        "Runtime.MalformedHandlerName",
        "Runtime.UserCodeSyntaxError",
    }
)
_OF_THE_END: Final = frozenset({"Runtime.ExitError", "Runtime.OutOfMemory", "Sandbox.Timedout"})
