"""Structured logs and metrics (CloudWatch's embedded metric format).

Logs hold ids, names, sizes and classes of errors; never a payload, a UserId, an IpAddress, nor an exception's
text, which may carry any of them.
"""

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit
from botocore.exceptions import ClientError

NAMESPACE = "CpEventSource"


class Telemetry:
    """One function's logs and metrics, by domain name."""

    def __init__(self, domain_name: str) -> None:
        self._logger = Logger(service=domain_name, level="INFO")
        self._metrics = Metrics(namespace=NAMESPACE, service=domain_name)

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
        self._metrics.add_metric(name=name, unit=MetricUnit.Count, value=number)

    def flush(self) -> None:
        """Send what was counted since the last time, if anything was."""
        if self._metrics.metric_set:
            self._metrics.flush_metrics()


def error_class(error: BaseException) -> str:
    """An error's class, with AWS's own code where AWS sent it."""
    name = type(error).__name__
    return f"{name}:{error.response.get('Error', {}).get('Code', '')}" if isinstance(error, ClientError) else name
