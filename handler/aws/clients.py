"""The functions' AWS clients: made once, at start, and kept by the warm function.

By botocore itself: boto3's clients are the same, and its resources and transfers, which nothing here uses, make a cold
start a tenth longer.
"""

from typing import TYPE_CHECKING, cast

from botocore.config import Config
from botocore.session import get_session

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient
    from types_boto3_sqs.client import SQSClient

CONNECTIONS = 10
"""Threads that write at once."""

MAX_CALL_SECONDS = 15
"""About: of the network's names and addresses it takes the usual, one that answers."""

# Short time-outs and few tries: what fails goes back to the queue or the stream, which wait better than a function.
# So a call is over after MAX_CALL_SECONDS: three times connect and read, and botocore's waits of 1 and 2 s at most.
_CONFIG = Config(
    connect_timeout=1,
    read_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 3},
    tcp_keepalive=True,
    max_pool_connections=CONNECTIONS + 1,  # the thread that computes reads meanwhile
)
_SESSION = get_session()


def dynamodb() -> "DynamoDBClient":
    """The region's DynamoDB."""
    return cast("DynamoDBClient", _SESSION.create_client("dynamodb", config=_CONFIG))


def sqs() -> "SQSClient":
    """The region's SQS."""
    return cast("SQSClient", _SESSION.create_client("sqs", config=_CONFIG))
