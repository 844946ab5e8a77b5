"""Writes structured logs and metrics (CloudWatch's embedded metric format) as lines of JSON to the standard output.

A line about an event, a message or a domain object has its ids, including correlation ids. If the invocation's trace is
sampled, the line also becomes a part of the trace.

Logs hold ids, names, sizes and classes of errors. They never hold a payload, a UserId, an IpAddress, or the text of an
exception, which may contain any of them.

The lines have the same fields as those of Powertools for AWS Lambda, but this module does not use it. There is one line
for each event, and Powertools takes three times as long for a line: more than all other work of the persist function on
an event. Importing it, which Lambda does from source, takes a sixth of a cold start.
"""

import json
import os
import sys
from collections import Counter, defaultdict

from botocore.exceptions import ClientError

from ..events.ids import NO_IDS, Ids
from ..values.clock import Clock
from .settings import LEVELS
from .tracing import Tracing

NAMESPACE = "CpEventSource"

_TRACE = "_X_AMZN_TRACE_ID"

_MAX_VALUES = 100
"""The maximum values of one metric in a line of the embedded metric format: CloudWatch's limit."""


class Telemetry:
    """Writes one function's logs, metrics and parts of traces.

    Lines below `log_level` are left out here, and not by Lambda's own filter: that takes the lines of metrics, which
    have no level, for INFO.

    The metrics' dimensions are `DomainName` and `FunctionName`. So two pipelines with one domain name in one account,
    such as a team's own stacks, have separate metrics.
    """

    def __init__(
        self,
        domain_name: str,
        function_name: str,
        clock: Clock,
        tracing: Tracing | None = None,
        *,
        log_level: str = "INFO",
    ) -> None:
        self._service = domain_name
        self._dimensions = {"DomainName": domain_name, "FunctionName": function_name}
        self._clock = clock
        self._tracing = tracing or Tracing(clock)
        self._logged = LEVELS[LEVELS.index(log_level) :]
        self._counts: Counter[str] = Counter()
        self._measured: defaultdict[str, list[float]] = defaultdict(list)

    def info(
        self,
        message: str,
        *,
        ids: Ids = NO_IDS,
        begun: float | None = None,
        ended: float | None = None,
        **fields: object,
    ) -> None:
        """Log work that succeeded.

        Args:
            message: what was done.
            ids: the ids of the event, message or domain object.
            begun: when the work began, in POSIX seconds.
            ended: when it ended; by default now.
            fields: further fields of the line.
        """
        self._record("INFO", message, ids, begun, ended, fields)

    def warning(
        self,
        message: str,
        *,
        ids: Ids = NO_IDS,
        begun: float | None = None,
        ended: float | None = None,
        **fields: object,
    ) -> None:
        """Log work that needs attention. The arguments are those of `info`."""
        self._record("WARNING", message, ids, begun, ended, fields, "error")

    def failed(
        self,
        message: str,
        error: BaseException,
        *,
        ids: Ids = NO_IDS,
        begun: float | None = None,
        ended: float | None = None,
        **fields: object,
    ) -> None:
        """Log an error by its class. The other arguments are those of `info`."""
        self._record("ERROR", message, ids, begun, ended, {**fields, "error": error_class(error)}, "fault")

    def count(self, name: str, number: int = 1) -> None:
        """Add to a counter. `flush` sends it."""
        self._counts[name] += number

    def measure(self, name: str, milliseconds: float) -> None:
        """Record a duration. `flush` sends it."""
        self._measured[name].append(milliseconds)

    def flush(self) -> None:
        """Send the counters and durations since the last call, if there are any."""
        values: dict[str, list[float]] = {name: [number] for name, number in self._counts.items()}
        values |= self._measured
        for start in range(0, max(map(len, values.values()), default=0), _MAX_VALUES):
            part = {name: each[start : start + _MAX_VALUES] for name, each in values.items() if len(each) > start}
            directive = {
                "Namespace": NAMESPACE,
                "Dimensions": [list(self._dimensions)],
                "Metrics": [
                    {"Name": name, "Unit": "Milliseconds" if name in self._measured else "Count"} for name in part
                ],
            }
            embedded = {"Timestamp": int(self._clock.now() * 1000), "CloudWatchMetrics": [directive]}
            self._write({"_aws": embedded, **self._dimensions, **part})
        self._counts.clear()
        self._measured.clear()

    def _record(
        self,
        level: str,
        message: str,
        ids: Ids,
        begun: float | None,
        ended: float | None,
        fields: dict[str, object],
        flag: str | None = None,
    ) -> None:
        trace = os.environ.get(_TRACE, "")
        if level in self._logged:
            line = {
                "level": level,
                "message": message,
                "timestamp": self._clock.text(),
                "service": self._service,
                **ids.fields(),
                **fields,
                "xray_trace_id": _trace_id(trace),
            }
            self._write({name: value for name, value in line.items() if value is not None})
        self._tracing.add(trace, message, ids, begun=begun, ended=ended, flag=flag)

    def _write(self, line: dict[str, object]) -> None:
        # ASCII, so that every text can be written; one write, so that lines do not mix
        sys.stdout.write(f"{_JSON.encode(line)}\n")
        sys.stdout.flush()


def error_class(error: BaseException) -> str:
    """The name of an error's class, with AWS's error code if AWS sent the error."""
    name = type(error).__name__
    return f"{name}:{error.response.get('Error', {}).get('Code', '')}" if isinstance(error, ClientError) else name


def _trace_id(trace: str) -> str | None:
    """X-Ray's id of this invocation: Lambda sets `Root=1-...;Parent=...;Sampled=1` for each."""
    root, _, _ = trace.partition(";")
    return root.removeprefix("Root=") or None


_JSON = json.JSONEncoder(separators=(",", ":"), default=str)
