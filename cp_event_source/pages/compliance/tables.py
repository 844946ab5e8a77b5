"""Controls on the tables."""

from typing import Final

from .control import Control, Default, Standards

CONTROLS: Final = (
    Control(
        key="on-demand-capacity",
        asks="The tables' capacity follows the demand",
        why="A throttled table delays events, and a burst of events must not throttle it.",
        property='`dynamodb.Table`: `billing_mode="PAY_PER_REQUEST"`',
        status=Default(),
        standards=Standards(
            security_hub=("DynamoDB.1",),
            cdk_nag=("NIST.800.53.R5-DynamoDBAutoScalingEnabled",),
            checkov=("CKV2_AWS_16",),
        ),
    ),
    Control(
        key="point-in-time-recovery",
        asks="Tables can be restored to any second of the last 35 days",
        why="The events table is the only copy of the history.",
        property="`dynamodb.Table`: `point_in_time_recovery.enabled`",
        status=Default(off_in_development=True),
        standards=Standards(
            security_hub=("DynamoDB.2",),
            cdk_nag=("AwsSolutions-DDB3", "NIST.800.53.R5-DynamoDBPITREnabled"),
            checkov=("CKV_AWS_28",),
        ),
    ),
    Control(
        key="deletion-protection",
        asks="Tables are protected from deletion",
        why="Neither a wrong `pulumi destroy` nor a click in the console may delete the history.",
        property="`dynamodb.Table`: `deletion_protection_enabled`, and Pulumi's `protect`",
        status=Default(off_in_development=True),
        standards=Standards(security_hub=("DynamoDB.6",)),
    ),
    Control(
        key="tables-encrypted",
        asks="Tables are encrypted with a customer-managed key",
        why="The key's policy then also decides who may read events, and CloudTrail records each use of the key.",
        property="`dynamodb.Table`: `server_side_encryption` with `kms_key_arn`",
        status=Default(),
        standards=Standards(checkov=("CKV_AWS_119",)),
    ),
    Control(
        key="tags",
        asks="Every resource that can have tags has them",
        why="Costs, owners and backups are found by tags. `tags` adds yours to the component's own two.",
        property="every resource with `tags`: `cp-event-source:component`, `cp-event-source:domain` and yours",
        status=Default(),
        standards=Standards(security_hub=("DynamoDB.5", "EventBridge.2", "Lambda.6", "SNS.3", "SQS.2")),
    ),
)
