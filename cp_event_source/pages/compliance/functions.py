"""Controls on the functions, and on what invokes them."""

from typing import Final

from .control import Control, Default, Standards

CONTROLS: Final = (
    Control(
        key="invoked-by-own-rule",
        asks="Nobody but the rebuild rule may invoke a function from outside",
        why="A service's principal alone would let any account's rule in.",
        property="`lambda_.Permission`: `source_arn` and `source_account`; no function URL",
        status=Default(),
        standards=Standards(security_hub=("Lambda.1",), checkov=("CKV_AWS_301", "CKV_AWS_364")),
    ),
    Control(
        key="newest-runtime",
        asks="Functions run on the newest Python runtime",
        why="It is the one with updates for longest.",
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
            "An event's way can be followed from its producer to its row; without the rights, traces are dropped "
            "silently."
        ),
        property='`lambda_.Function`: `tracing_config.mode="Active"`; the role: X-Ray\'s two actions',
        status=Default(),
        standards=Standards(security_hub=("Lambda.7",), cdk_nag=("LambdaTracing",), checkov=("CKV_AWS_50",)),
    ),
    Control(
        key="environment-encrypted",
        asks="Functions' environment is encrypted with the key",
        why="It holds no secrets, but names of what does; the roles may decrypt it.",
        property="`lambda_.Function`: `kms_key_arn`; the role: `kms:Decrypt`",
        status=Default(),
        standards=Standards(checkov=("CKV_AWS_173",)),
    ),
    Control(
        key="asynchronous-failures",
        asks="Results of asynchronous invocations go somewhere",
        why="A rebuild that fails would be forgotten after two retries.",
        property=(
            "`lambda_.FunctionEventInvokeConfig`: `on_success` and `on_failure` are the bus; the role: "
            "`events:PutEvents`"
        ),
        status=Default(),
        standards=Standards(cdk_nag=("LambdaAsyncFailureDestination",)),
    ),
    Control(
        key="batch-failures",
        asks="A failing record holds back or loses no other",
        why=(
            "The stream is tried again until it expires, since a bounded number of retries would skip events "
            "silently; what expires is told to a queue."
        ),
        property=(
            "`lambda_.EventSourceMapping`: `ReportBatchItemFailures`; of the stream also "
            "`bisect_batch_on_function_error`, "
            "unlimited retries and `on_failure`; the queue's failures go by its redrive policy instead"
        ),
        status=Default(),
        standards=Standards(cdk_nag=("LambdaEventSourceMappingDestination",)),
    ),
    Control(
        key="visibility-timeout",
        asks="A message is hidden for six times the function's time-out",
        why="Else it is delivered again while its first delivery is still worked on.",
        property="`sqs.Queue`: `visibility_timeout_seconds` of the ingest queue",
        status=Default(),
        standards=Standards(cdk_nag=("LambdaEventSourceSQSVisibilityTimeout",)),
    ),
)
