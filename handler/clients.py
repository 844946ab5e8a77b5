"""The functions' AWS clients: made once, at start, and kept by the warm function."""

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient
    from types_boto3_sqs.client import SQSClient

# Short time-outs and few tries: what fails goes back to the queue or the stream, which wait better than a function.
_CONFIG = Config(
    connect_timeout=2,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 4},
    tcp_keepalive=True,
)


def dynamodb() -> "DynamoDBClient":
    """The region's DynamoDB."""
    return boto3.client("dynamodb", config=_CONFIG)


def sqs() -> "SQSClient":
    """The region's SQS."""
    return boto3.client("sqs", config=_CONFIG)
