"""Controls on the key."""

from typing import Final

from .control import Control, Default, Standards

CONTROLS: Final = (
    Control(
        key="key-rotation",
        asks="The key is rotated every year",
        why="Everything at rest is encrypted with this one key.",
        property="`kms.Key`: `enable_key_rotation`",
        status=Default(),
        standards=Standards(
            security_hub=("KMS.4",),
            cdk_nag=("AwsSolutions-KMS5", "NIST.800.53.R5-KMSBackingKeyRotationEnabled"),
            checkov=("CKV_AWS_7",),
        ),
    ),
    Control(
        key="key-kept",
        asks="The key is not deleted by mistake",
        why="Without the key, all events are lost, backups included.",
        property="`kms.Key`: `deletion_window_in_days=30`, and Pulumi's `protect`",
        status=Default(off_in_development=True),
        standards=Standards(security_hub=("KMS.3",)),
    ),
    Control(
        key="key-not-public",
        asks="The key's policy lets in nobody from outside the account",
        why="It names the account, whose policies decide, and three services, each for this account's resources only.",
        property="`kms.Key`: `policy`",
        status=Default(),
        standards=Standards(security_hub=("KMS.5",), checkov=("CKV_AWS_33", "CKV2_AWS_64")),
    ),
    Control(
        key="key-usable",
        asks="The key's policy lets in each service that must use the key",
        why=(
            "Otherwise EventBridge could not write to the queues, CloudWatch could not notify the topic, and Logs "
            "would refuse the log groups. No scanner checks this."
        ),
        property=(
            "`kms.Key`: `policy`, for `events.amazonaws.com`, `cloudwatch.amazonaws.com` and "
            "`logs.REGION.amazonaws.com`"
        ),
        status=Default(),
    ),
)
