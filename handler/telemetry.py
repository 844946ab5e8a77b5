"""Structured logs and metrics (CloudWatch's embedded metric format).

Logs hold ids, names, sizes and classes of errors; never a payload, a UserId, an IpAddress, nor an exception's
text, which may carry any of them.
"""

from collections import Counter

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from botocore.exceptions import ClientError

NAMESPACE = "CpEventSource"


class Telemetry:
    """One function's logs and metrics.

    The metrics' dimensions are `DomainName` and `FunctionName`: two pipelines of one domain name in one account
    (a team's own stacks, say) are counted apart.
    """

    def __init__(self, domain_name: str, function_name: str) -> None:
        self._logger = Logger(service=domain_name, level="INFO", location=None, utc=True, use_rfc3339=True)
        self._dimensions = {"DomainName": domain_name, "FunctionName": function_name}
        self._counts: Counter[str] = Counter()

    def info(self, message: str, **fields: object) -> None:
        """Log what went as it should."""
        self._logger.info(message, extra=fields)

    def warning(self, message: str, **fields: object) -> None:
        """Log what somebody should look at."""
        self._logger.warning(message, extra=fields)

    def failed(self, message: str, error: BaseException, **fields: object) -> None:
        """Log an error by its class."""
        self._logger.error(message, extra={**fields, "error": error_class(error)})

    def count(self, name: str, number: int = 1) -> None:
        """Count something; sent with `flush`."""
        self._counts[name] += number

    def flush(self) -> None:
        """Send what was counted since the last time, if anything was."""
        if not self._counts:
            return
        metrics = EphemeralMetrics(namespace=NAMESPACE)
        for dimension, value in self._dimensions.items():
            metrics.add_dimension(name=dimension, value=value)
        for name, number in self._counts.items():
            metrics.add_metric(name=name, unit=MetricUnit.Count, value=number)
        metrics.flush_metrics()
        self._counts.clear()


def error_class(error: BaseException) -> str:
    """An error's class, with AWS's own code where AWS sent it."""
    name = type(error).__name__
    return f"{name}:{error.response.get('Error', {}).get('Code', '')}" if isinstance(error, ClientError) else name
