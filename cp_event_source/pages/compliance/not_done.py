"""Controls that the component does not satisfy."""

from typing import Final

from .control import Control, NotDone, Standards

CONTROLS: Final = (
    Control(
        key="vpc",
        asks="Functions run in a VPC",
        why="Both talk to AWS's own services only, over TLS, with rights to single resources.",
        property="`lambda_.Function`: `vpc_config`",
        status=NotDone(
            "It would need a NAT gateway, or an interface endpoint for each of KMS, Logs, SQS, X-Ray and events, and "
            "keep nobody out: no network reaches a Lambda function; it is invoked."
        ),
        standards=Standards(
            security_hub=("Lambda.3",), cdk_nag=("NIST.800.53.R5-LambdaInsideVPC",), checkov=("CKV_AWS_117",)
        ),
    ),
    Control(
        key="function-dead-letters",
        asks="Functions have a dead-letter queue",
        why="Nothing is lost without: see `asynchronous-failures`, `batch-failures`, `target-dead-letters`.",
        property="`lambda_.Function`: `dead_letter_config`",
        status=NotDone(
            "It takes asynchronous invocations alone. The persist function has none; the project function's have a "
            "destination, which is told more: request, result and error."
        ),
        standards=Standards(cdk_nag=("NIST.800.53.R5-LambdaDLQ",), checkov=("CKV_AWS_116",)),
    ),
    Control(
        key="inline-policies",
        asks="Roles have managed policies instead of inline ones",
        why="A role's rights here fit that one role.",
        property="`iam.RolePolicy`",
        status=NotDone("A managed policy could be attached to another role, and outlive its own."),
        standards=Standards(cdk_nag=("NIST.800.53.R5-IAMNoInlinePolicy",)),
    ),
    Control(
        key="side-queues-dead-letters",
        asks="Every queue has a dead-letter queue",
        why="The ingest queue has one; the other three are where things end.",
        property="`sqs.Queue`: `redrive_policy`",
        status=NotDone(
            "Nothing receives from them but people and their tools, so nothing can fail at it again and again."
        ),
        standards=Standards(cdk_nag=("AwsSolutions-SQS3", "SQSRedrivePolicy")),
    ),
    Control(
        key="filters-encrypted",
        asks="Event source mappings' filters are encrypted with a customer-managed key",
        why="The filter here says `INSERT`, and nothing about anybody.",
        property="`lambda_.EventSourceMapping`: `kms_key_arn`",
        status=NotDone("There is nothing in it to hide."),
    ),
    Control(
        key="bus-key",
        asks="The bus is encrypted with a customer-managed key",
        why="Events pass it; they lie in the queue and the tables, which are.",
        property="`cloudwatch.EventBus`: `kms_key_identifier`",
        status=NotDone(
            "EventBridge encrypts it with a key of AWS's. Give a bus that is encrypted with yours as `cp_event_bus`, "
            "if it must be."
        ),
    ),
)
