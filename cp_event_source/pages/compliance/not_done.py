"""Controls that the component does not satisfy."""

from typing import Final

from .control import Control, NotDone, Standards

CONTROLS: Final = (
    Control(
        key="function-dead-letters",
        asks="Functions have a dead-letter queue",
        why="Nothing is lost without one: see `asynchronous-failures`, `batch-failures`, `target-dead-letters`.",
        property="`lambda_.Function`: `dead_letter_config`",
        status=NotDone(
            "Such a queue receives asynchronous invocations only. The persist function has none. Those of the project "
            "function have a destination, which receives more: request, result and error."
        ),
        standards=Standards(cdk_nag=("NIST.800.53.R5-LambdaDLQ",), checkov=("CKV_AWS_116",)),
    ),
    Control(
        key="inline-policies",
        asks="Roles have managed policies instead of inline ones",
        why="Each policy fits one role.",
        property="`iam.RolePolicy`",
        status=NotDone("A managed policy could be attached to another role, and stay after its own role is deleted."),
        standards=Standards(cdk_nag=("NIST.800.53.R5-IAMNoInlinePolicy",)),
    ),
    Control(
        key="side-queues-dead-letters",
        asks="Every queue has a dead-letter queue",
        why="The ingest queue has one. The other three queues are the last stop.",
        property="`sqs.Queue`: `redrive_policy`",
        status=NotDone(
            "Only people and their tools receive from them, so no function can fail at a message again and again."
        ),
        standards=Standards(cdk_nag=("AwsSolutions-SQS3", "SQSRedrivePolicy")),
    ),
    Control(
        key="filters-encrypted",
        asks="Event source mappings' filters are encrypted with a customer-managed key",
        why="The filter here contains `INSERT` and no data.",
        property="`lambda_.EventSourceMapping`: `kms_key_arn`",
        status=NotDone("There is nothing in it to protect."),
    ),
    Control(
        key="bus-key",
        asks="The bus is encrypted with a customer-managed key",
        why="Events only pass through the bus. The queues and tables that store them are encrypted with such a key.",
        property="`cloudwatch.EventBus`: `kms_key_identifier`",
        status=NotDone(
            "EventBridge encrypts the bus with a key of AWS's. If you need your own key, give a bus that is encrypted "
            "with it as `cp_event_bus`."
        ),
    ),
)
