"""Controls that an input asks for."""

from typing import Final

from .control import Control, Option, Standards

CONTROLS: Final = (
    Control(
        key="reserved-concurrency",
        asks="Functions' concurrency is limited",
        why="It protects the account's other functions. It is off by default because it reduces the account's quota.",
        property="`lambda_.Function`: `reserved_concurrent_executions`",
        status=Option("functions.persist_reserved_concurrency, functions.project_reserved_concurrency"),
        standards=Standards(cdk_nag=("NIST.800.53.R5-LambdaConcurrency",), checkov=("CKV_AWS_115",)),
    ),
    Control(
        key="signed-code",
        asks="Functions run signed code only",
        why="It is off by default because you must sign the code and store it in a bucket of yours.",
        property="`lambda_.Function`: `code_signing_config_arn`, `s3_bucket`, `s3_key`, `s3_object_version`",
        status=Option("functions.signed_code"),
        standards=Standards(checkov=("CKV_AWS_272",)),
    ),
    Control(
        key="backup-plan",
        asks="Tables are in a backup plan",
        why="Plans, vaults and their locks are the account's. The tables have the tag by which a plan selects them.",
        property="`dynamodb.Table`: `tags`",
        status=Option("tags"),
        standards=Standards(security_hub=("DynamoDB.4",), cdk_nag=("NIST.800.53.R5-DynamoDBInBackupPlan",)),
    ),
    Control(
        key="given-key",
        asks="Everything is encrypted with a key of yours",
        why="For accounts in which another team manages the keys. The component then makes no key.",
        property="`dynamodb.Table`, `sqs.Queue`, `sns.Topic`, `lambda_.Function`, `cloudwatch.LogGroup`: their keys",
        status=Option("kms_key_arn"),
    ),
    Control(
        key="named-publishers",
        asks="The bus lets in other accounts, each by name",
        why="Without the input, the bus lets in this account only.",
        property="`cloudwatch.EventBusPolicy`: `Principal`",
        status=Option("publishers"),
    ),
    Control(
        key="given-topic",
        asks="Alarms notify a topic of yours",
        why="For accounts that collect all alarms in one topic. The component then makes no topic.",
        property="`cloudwatch.MetricAlarm`: `alarm_actions`",
        status=Option("monitoring.alarm_topic_arn"),
    ),
    Control(
        key="vpc",
        asks="Functions run in a VPC",
        why="It is off by default: both functions call DynamoDB and SQS only, over TLS, with rights to single "
        "resources. A VPC needs a NAT gateway or endpoints, and keeps nobody out: a Lambda function is invoked, and no "
        "network reaches it. Lambda may make network interfaces with the roles; the functions' own code may not.",
        property="`lambda_.Function`: `vpc_config`; `iam.RolePolicy`",
        status=Option("functions.subnet_ids, functions.security_group_ids"),
        standards=Standards(
            security_hub=("Lambda.3",), cdk_nag=("NIST.800.53.R5-LambdaInsideVPC",), checkov=("CKV_AWS_117",)
        ),
    ),
    Control(
        key="permissions-boundary",
        asks="A policy of the organisation bounds every role",
        why="For accounts in which teams may make only roles that have it.",
        property="`iam.Role`: `permissions_boundary`",
        status=Option("permissions_boundary"),
    ),
)
