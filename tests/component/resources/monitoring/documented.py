"""The metrics that AWS documents, of those that are used here, each with the sets of dimensions that it has data for.

A metric with other dimensions is no error to CloudWatch: the alarm just never goes off.
"""

from collections.abc import Mapping
from typing import Any

Dimensions = frozenset[str]

_QUEUE = {frozenset({"QueueName"})}
_FUNCTION = {frozenset({"FunctionName"})}
_TABLE = {frozenset({"TableName"})}
_OPERATION = {frozenset({"TableName", "Operation"})}
# The first for rules on the default bus, the second for those on any other.
_RULE = {frozenset({"RuleName"}), frozenset({"EventBusName", "RuleName"})}

DOCUMENTED: Mapping[tuple[str, str], set[Dimensions]] = {
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    ("AWS/SQS", "ApproximateAgeOfOldestMessage"): _QUEUE,
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): _QUEUE,
    # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    ("AWS/Lambda", "AsyncEventsDropped"): _FUNCTION,
    ("AWS/Lambda", "ConcurrentExecutions"): _FUNCTION,
    ("AWS/Lambda", "DestinationDeliveryFailures"): _FUNCTION,
    ("AWS/Lambda", "Duration"): _FUNCTION,
    ("AWS/Lambda", "Errors"): _FUNCTION,
    ("AWS/Lambda", "Invocations"): _FUNCTION,
    ("AWS/Lambda", "IteratorAge"): _FUNCTION,
    ("AWS/Lambda", "Throttles"): _FUNCTION,
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
    ("AWS/DynamoDB", "ConditionalCheckFailedRequests"): _TABLE,
    ("AWS/DynamoDB", "ConsumedReadCapacityUnits"): _TABLE,
    ("AWS/DynamoDB", "ConsumedWriteCapacityUnits"): _TABLE,
    ("AWS/DynamoDB", "ReadThrottleEvents"): _TABLE,
    ("AWS/DynamoDB", "SystemErrors"): _OPERATION,
    ("AWS/DynamoDB", "TransactionConflict"): _TABLE,
    ("AWS/DynamoDB", "WriteThrottleEvents"): _TABLE,
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
    ("AWS/Events", "FailedInvocations"): _RULE,
    ("AWS/Events", "Invocations"): _RULE,
    ("AWS/Events", "InvocationsFailedToBeSentToDlq"): _RULE,
    ("AWS/Events", "InvocationsSentToDlq"): _RULE,
    ("AWS/Events", "TriggeredRules"): _RULE,
}


def is_documented(namespace: str, name: str, dimensions: Mapping[str, Any]) -> bool:
    return frozenset(dimensions) in DOCUMENTED.get((namespace, name), set())
