"""Controls on the functions, and on what invokes them."""

from typing import Final

from .control import Control, Default, Standards

CONTROLS: Final = (
    Control(
        key="invoked-by-own-rule",
        asks="From outside, only the rebuild rule may invoke a function",
        why="A permission for the service alone would let in any account's rule.",
        property="`lambda_.Permission`: `source_arn` and `source_account`; no function URL",
        status=Default(),
        standards=Standards(security_hub=("Lambda.1",), checkov=("CKV_AWS_301", "CKV_AWS_364")),
    ),
    Control(
        key="newest-runtime",
        asks="Functions run on the newest Python runtime",
        why="The newest runtime gets updates for the longest time.",
        property='`lambda_.Function`: `runtime="python3.14"`',
        status=Default(),
        standards=Standards(
            security_hub=("Lambda.2",), cdk_nag=("AwsSolutions-L1", "LambdaLatestVersion"), checkov=("CKV_AWS_363",)
        ),
    ),
    Control(
        key="tracing",
        asks="Functions are traced",
        why=(
            "You can follow an event from its producer to its row. Without the rights to send them, traces are "
            "dropped silently."
        ),
        property='`lambda_.Function`: `tracing_config.mode="Active"`; the role: X-Ray\'s two actions',
        status=Default(off_in_development=True),
        standards=Standards(security_hub=("Lambda.7",), cdk_nag=("LambdaTracing",), checkov=("CKV_AWS_50",)),
    ),
    Control(
        key="environment-encrypted",
        asks="The functions' environment is encrypted with the key",
        why="The environment holds no secrets, but the names of resources that hold data. The roles may decrypt it.",
        property="`lambda_.Function`: `kms_key_arn`; the role: `kms:Decrypt`",
        status=Default(),
        standards=Standards(checkov=("CKV_AWS_173",)),
    ),
    Control(
        key="asynchronous-failures",
        asks="Results of asynchronous invocations go to a destination",
        why="Without a destination, a failed rebuild would leave no report after two retries.",
        property=(
            "`lambda_.FunctionEventInvokeConfig`: `on_success` and `on_failure` are the bus; the role: "
            "`events:PutEvents`"
        ),
        status=Default(),
        standards=Standards(cdk_nag=("LambdaAsyncFailureDestination",)),
    ),
    Control(
        key="batch-failures",
        asks="A failing record neither delays nor loses other records",
        why=(
            "Batches of the stream are tried again until they expire, because a limited number of retries would skip "
            "events silently. A queue is notified of each batch that expires."
        ),
        property=(
            "`lambda_.EventSourceMapping`: `ReportBatchItemFailures`; for the stream also "
            "`bisect_batch_on_function_error`, "
            "unlimited retries and `on_failure`; for the queue, its redrive policy applies instead"
        ),
        status=Default(),
        standards=Standards(cdk_nag=("LambdaEventSourceMappingDestination",)),
    ),
    Control(
        key="visibility-timeout",
        asks="A message is hidden for six times the function's time-out",
        why="With less, SQS would deliver the message again while the function still works on it.",
        property="`sqs.Queue`: `visibility_timeout_seconds` of the ingest queue",
        status=Default(),
        standards=Standards(cdk_nag=("LambdaEventSourceSQSVisibilityTimeout",)),
    ),
)
