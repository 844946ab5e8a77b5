"""Creates the functions' AWS clients. Each function creates them once, at start, and keeps them while it is warm.

The clients come from botocore. boto3's clients are the same, but boto3's resources and transfers, which the functions
do not use, make a cold start a tenth longer.
"""

from contextlib import suppress
from typing import TYPE_CHECKING, cast

from botocore import handlers
from botocore.config import Config
from botocore.session import get_session

from .replies import read_items
from .requests import keep_arguments, write_arguments

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient
    from types_boto3_sqs.client import SQSClient

CONNECTIONS = 10
"""The number of threads that write at once."""

MAX_CALL_SECONDS = 15
"""The approximate maximum duration of a call, in seconds, if the first address of the host name answers."""

_SESSION = get_session()
with suppress(AttributeError):  # a later botocore may have another name for it
    # two headers tell AWS which requests are repetitions; no service needs them, and they take 3% of a call
    _SESSION.unregister("request-created", handlers.add_retry_headers)  # type: ignore[arg-type]

# Short time-outs and few attempts: failed work goes back to the queue or the stream, where waiting is cheaper than in a
# function. A call ends after MAX_CALL_SECONDS: three times connect and read, and botocore's waits of at most 1 and 2 s.
_CONFIG = Config(
    connect_timeout=1,
    read_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 3},
    tcp_keepalive=True,
    max_pool_connections=CONNECTIONS + 1,  # one more for the computing thread, which reads at the same time
    # the functions' own calls are valid, and DynamoDB checks them again; botocore's check takes a twentieth of a call
    parameter_validation=False,
    # made once; botocore would compose a longer one twice for each call, which takes a tenth of it
    user_agent=_SESSION.user_agent(),
)


def dynamodb() -> "DynamoDBClient":
    """A client for DynamoDB in the function's region."""
    client = _SESSION.create_client("dynamodb", config=_CONFIG)
    client.meta.events.register("provide-client-params.dynamodb.PutItem", keep_arguments)  # type: ignore[arg-type]
    client.meta.events.register("before-call.dynamodb.PutItem", write_arguments)
    client.meta.events.register("before-parse.dynamodb", read_items)
    return cast("DynamoDBClient", client)


def sqs() -> "SQSClient":
    """A client for SQS in the function's region."""
    return cast("SQSClient", _SESSION.create_client("sqs", config=_CONFIG))
