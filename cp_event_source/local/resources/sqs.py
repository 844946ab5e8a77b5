"""SQS queues and their policies."""

from typing import Final

from cp_event_source.local.resources.request import Created, Creator, Request, text

_ATTRIBUTES: Final = {
    "ContentBasedDeduplication": "contentBasedDeduplication",
    "DeduplicationScope": "deduplicationScope",
    "DelaySeconds": "delaySeconds",
    "FifoQueue": "fifoQueue",
    "FifoThroughputLimit": "fifoThroughputLimit",
    "KmsDataKeyReusePeriodSeconds": "kmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId": "kmsMasterKeyId",
    "MaximumMessageSize": "maxMessageSize",
    "MessageRetentionPeriod": "messageRetentionSeconds",
    "Policy": "policy",
    "ReceiveMessageWaitTimeSeconds": "receiveWaitTimeSeconds",
    "RedriveAllowPolicy": "redriveAllowPolicy",
    "RedrivePolicy": "redrivePolicy",
    "SqsManagedSseEnabled": "sqsManagedSseEnabled",
    "VisibilityTimeout": "visibilityTimeoutSeconds",
}


def _queue(request: Request) -> Created:
    sqs = request.clients("sqs")
    given = request.inputs.given(**_ATTRIBUTES)
    name = request.physical_name(80)
    if given.get("FifoQueue") and not name.endswith(".fifo"):
        name += ".fifo"
    url = sqs.create_queue(
        QueueName=name,
        Attributes={attribute: text(value) for attribute, value in given.items()},
        tags=request.inputs.get("tags", {}),
    )["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return Created(url, {"name": name, "arn": arn, "url": url})


def _attribute_of_a_queue(attribute: str, name: str) -> Creator:
    """A resource that is one attribute of a queue."""

    def create(request: Request) -> Created:
        url = request.inputs.need("queueUrl")
        value = text(request.inputs.need(name))
        request.clients("sqs").set_queue_attributes(QueueUrl=url, Attributes={attribute: value})
        return Created(url)

    return create


CREATORS: Final[dict[str, Creator]] = {
    "aws:sqs/queue:Queue": _queue,
    "aws:sqs/queuePolicy:QueuePolicy": _attribute_of_a_queue("Policy", "policy"),
    "aws:sqs/redrivePolicy:RedrivePolicy": _attribute_of_a_queue("RedrivePolicy", "redrivePolicy"),
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": _attribute_of_a_queue("RedriveAllowPolicy", "redriveAllowPolicy"),
}
