"""Controls on the queues."""

from typing import Final

from .control import Control, Default, Standards

CONTROLS: Final = (
    Control(
        key="queues-encrypted",
        asks="Queues are encrypted with the key",
        why="Whole events lie in them, for up to 14 days.",
        property="`sqs.Queue`: `kms_master_key_id`",
        status=Default(),
        standards=Standards(
            security_hub=("SQS.1",), cdk_nag=("AwsSolutions-SQS2",), checkov=("CKV_AWS_27", "CKV2_AWS_73")
        ),
    ),
    Control(
        key="queues-not-public",
        asks="Of EventBridge only the component's own rules may write to queues, and nobody from outside",
        why="What lies in the ingest queue is taken for an event of the bus.",
        property="`sqs.QueuePolicy`: `aws:SourceArn` and `aws:SourceAccount`",
        status=Default(),
        standards=Standards(security_hub=("SQS.3",), checkov=("CKV_AWS_168", "CKV_AWS_387")),
    ),
    Control(
        key="queues-tls",
        asks="Queues refuse who comes without TLS",
        why="Events are not to be read on the wire.",
        property="`sqs.QueuePolicy` of every queue: `Deny` where `aws:SecureTransport` is false",
        status=Default(),
        standards=Standards(cdk_nag=("AwsSolutions-SQS4",)),
    ),
    Control(
        key="queues-keep",
        asks="What the queue's function fails at again and again is kept",
        why="Every event that comes in is stored, or lies in a dead-letter queue, for the 14 days that SQS keeps it.",
        property="`sqs.Queue`: `redrive_policy` of the ingest queue; `message_retention_seconds` of all",
        status=Default(),
    ),
    Control(
        key="queues-protected",
        asks="Queues are not deleted by mistake",
        why="A queue takes its messages along: events that are not stored yet, dead letters. No alarm counts those.",
        property="`sqs.Queue`: Pulumi's `protect`",
        status=Default(off_in_development=True),
    ),
)
