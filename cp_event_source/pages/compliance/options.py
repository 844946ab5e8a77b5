"""Controls that an input asks for."""

from typing import Final

from .control import Control, Option, Standards

CONTROLS: Final = (
    Control(
        key="reserved-concurrency",
        asks="Functions' concurrency is limited",
        why="It protects other functions of the account; not by default, since it is taken from the account's quota.",
        property="`lambda_.Function`: `reserved_concurrent_executions`",
        status=Option("persist_reserved_concurrency, project_reserved_concurrency"),
        standards=Standards(cdk_nag=("NIST.800.53.R5-LambdaConcurrency",), checkov=("CKV_AWS_115",)),
    ),
    Control(
        key="signed-code",
        asks="Functions run signed code only",
        why="Not by default, since the code must then be signed and lie in a bucket of yours.",
        property="`lambda_.Function`: `code_signing_config_arn`, `s3_bucket`, `s3_key`, `s3_object_version`",
        status=Option("signed_code"),
        standards=Standards(checkov=("CKV_AWS_272",)),
    ),
    Control(
        key="backup-plan",
        asks="Tables are in a backup plan",
        why="Plans, vaults and their locks are the account's; the tables bear the tag that a plan selects them by.",
        property="`dynamodb.Table`: `tags`",
        status=Option("tags"),
        standards=Standards(security_hub=("DynamoDB.4",), cdk_nag=("NIST.800.53.R5-DynamoDBInBackupPlan",)),
    ),
    Control(
        key="given-key",
        asks="Everything is encrypted with a key of yours",
        why="For accounts whose keys another team keeps; no key is made then.",
        property="`dynamodb.Table`, `sqs.Queue`, `sns.Topic`, `lambda_.Function`, `cloudwatch.LogGroup`: their keys",
        status=Option("kms_key_arn"),
    ),
    Control(
        key="named-publishers",
        asks="The bus lets in other accounts, each by its name",
        why="Without an input it is this account alone.",
        property="`cloudwatch.EventBusPolicy`: `Principal`",
        status=Option("publishers"),
    ),
    Control(
        key="given-topic",
        asks="Alarms tell a topic of yours",
        why="For accounts with one place for all alarms; no topic is made then.",
        property="`cloudwatch.MetricAlarm`: `alarm_actions`",
        status=Option("alarm_topic_arn"),
    ),
)
