"""Structured logs and metrics (CloudWatch's embedded metric format), as lines of JSON on the standard output.

Logs hold ids, names, sizes and classes of errors; never a payload, a UserId, an IpAddress, nor an exception's
text, which may carry any of them.

The lines have the fields that Powertools for AWS Lambda gives them, and are written without it: there is one for each
event, and Powertools' takes three times as long, more than all else that the persist function does with an event; to
import it, which Lambda does from source, is a sixth of a cold start.
"""

import json
import os
import sys
import time
from collections import Counter, defaultdict
from datetime import UTC, datetime

from botocore.exceptions import ClientError

NAMESPACE = "CpEventSource"

_MOST_VALUES = 100
"""Of one metric in a line of the embedded metric format (CloudWatch's limit)."""


class Telemetry:
    """One function's logs and metrics.

    The metrics' dimensions are `DomainName` and `FunctionName`: two pipelines of one domain name in one account
    (a team's own stacks, say) are counted apart.
    """

    def __init__(self, domain_name: str, function_name: str) -> None:
        self._service = domain_name
        self._dimensions = {"DomainName": domain_name, "FunctionName": function_name}
        self._counts: Counter[str] = Counter()
        self._measured: defaultdict[str, list[float]] = defaultdict(list)

    def info(self, message: str, **fields: object) -> None:
        """Log what went as it should."""
        self._log("INFO", message, fields)

    def warning(self, message: str, **fields: object) -> None:
        """Log what somebody should look at."""
        self._log("WARNING", message, fields)

    def failed(self, message: str, error: BaseException, **fields: object) -> None:
        """Log an error by its class."""
        self._log("ERROR", message, {**fields, "error": error_class(error)})

    def count(self, name: str, number: int = 1) -> None:
        """Count something; sent with `flush`."""
        self._counts[name] += number

    def measure(self, name: str, milliseconds: float) -> None:
        """Note a duration; sent with `flush`."""
        self._measured[name].append(milliseconds)

    def flush(self) -> None:
        """Send what was counted and measured since the last time, if anything was."""
        values: dict[str, list[float]] = {name: [number] for name, number in self._counts.items()}
        values |= self._measured
        units = dict.fromkeys(self._counts, "Count") | dict.fromkeys(self._measured, "Milliseconds")
        for start in range(0, max(map(len, values.values()), default=0), _MOST_VALUES):
            part = {name: each[start : start + _MOST_VALUES] for name, each in values.items() if len(each) > start}
            directive = {
                "Namespace": NAMESPACE,
                "Dimensions": [list(self._dimensions)],
                "Metrics": [{"Name": name, "Unit": units[name]} for name in part],
            }
            embedded = {"Timestamp": time.time_ns() // 1_000_000, "CloudWatchMetrics": [directive]}
            _write({"_aws": embedded, **self._dimensions, **part})
        self._counts.clear()
        self._measured.clear()

    def _log(self, level: str, message: str, fields: dict[str, object]) -> None:
        line = {
            "level": level,
            "message": message,
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "service": self._service,
            **fields,
            "xray_trace_id": _trace_id(),
        }
        _write({name: value for name, value in line.items() if value is not None})


def error_class(error: BaseException) -> str:
    """An error's class, with AWS's own code where AWS sent it."""
    name = type(error).__name__
    return f"{name}:{error.response.get('Error', {}).get('Code', '')}" if isinstance(error, ClientError) else name


def _trace_id() -> str | None:
    """X-Ray's id of this invocation: Lambda sets `Root=1-...;Parent=...;Sampled=1` for each."""
    root, _, _ = os.environ.get("_X_AMZN_TRACE_ID", "").partition(";")
    return root.removeprefix("Root=") or None


def _write(line: dict[str, object]) -> None:
    # ASCII, so that no text can fail to be written; one write, so that no other line gets in between
    sys.stdout.write(f"{_JSON.encode(line)}\n")
    sys.stdout.flush()


_JSON = json.JSONEncoder(separators=(",", ":"), default=str)
