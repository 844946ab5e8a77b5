"""Controls on the queues."""

from typing import Final

from .control import Control, Default, Standards

CONTROLS: Final = (
    Control(
        key="queues-encrypted",
        asks="Queues are encrypted with the key",
        why="Queues hold whole events, for up to 14 days.",
        property="`sqs.Queue`: `kms_master_key_id`",
        status=Default(),
        standards=Standards(
            security_hub=("SQS.1",), cdk_nag=("AwsSolutions-SQS2",), checkov=("CKV_AWS_27", "CKV2_AWS_73")
        ),
    ),
    Control(
        key="queues-not-public",
        asks="Only the component's own rules of EventBridge may write to queues, and nobody from outside the account",
        why="The persist function trusts every message in the ingest queue to be an event of the bus.",
        property="`sqs.QueuePolicy`: `aws:SourceArn` and `aws:SourceAccount`",
        status=Default(),
        standards=Standards(security_hub=("SQS.3",), checkov=("CKV_AWS_168", "CKV_AWS_387")),
    ),
    Control(
        key="queues-tls",
        asks="Queues refuse requests without TLS",
        why="Nobody may read events on the network.",
        property="`sqs.QueuePolicy` of every queue: `Deny` where `aws:SecureTransport` is false",
        status=Default(),
        standards=Standards(cdk_nag=("AwsSolutions-SQS4",)),
    ),
    Control(
        key="queues-keep",
        asks="Messages at which the function fails repeatedly are kept",
        why="Every event that arrives is stored, or lies in a dead-letter queue for the 14 days that SQS keeps it.",
        property="`sqs.Queue`: `redrive_policy` of the ingest queue; `message_retention_seconds` of all",
        status=Default(),
    ),
    Control(
        key="queues-protected",
        asks="Queues are not deleted by mistake",
        why="A deleted queue loses its messages: events not stored yet, and dead letters. No alarm counts those.",
        property="`sqs.Queue`: Pulumi's `protect`",
        status=Default(off_in_development=True),
    ),
)
