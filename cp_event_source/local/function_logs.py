"""What functions write: the log events that the emulator keeps for them, invocation by invocation."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cp_event_source.deployed.clients import Clients

_PLATFORM: Final = re.compile(r"(START|END|REPORT) RequestId: ")
"""The lines that Lambda itself adds."""


@dataclass(frozen=True)
class Invocation:
    """One invocation of a function that has ended."""

    stream: str
    """The log stream: the emulator writes one for each invocation."""
    lines: Sequence[str]
    """What the function wrote; after an error also its traceback."""


def invocations(clients: Clients, function_name: str, *, since: float = 0.0) -> list[Invocation]:
    """The invocations that ended since a time (POSIX seconds), oldest first; at most some 10,000 lines of them."""
    lambda_, logs = clients("lambda"), clients("logs")
    configuration = lambda_.get_function_configuration(FunctionName=function_name)
    group = configuration.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{configuration['FunctionName']}"
    try:
        events = logs.filter_log_events(logGroupName=group, startTime=int(since * 1000))["events"]
    except logs.exceptions.ResourceNotFoundException:  # it has never run
        return []
    lines: dict[str, list[str]] = {}
    for event in events:
        of_invocation = lines.setdefault(event["logStreamName"], [])
        if not _PLATFORM.match(event["message"]):
            of_invocation.append(event["message"])
    return [Invocation(stream, each) for stream, each in lines.items()]
