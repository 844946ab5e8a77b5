"""Controls on roles and policies."""

from typing import Final

from .control import Control, Default, Standards

CONTROLS: Final = (
    Control(
        key="no-wildcard-actions",
        asks="Policies name each action",
        why="A role has no right that its code does not use.",
        property="`iam.RolePolicy`, `iam.Policy`: `Action`",
        status=Default(),
        standards=Standards(
            security_hub=("IAM.21",),
            cdk_nag=(
                "NIST.800.53.R5-IAMPolicyNoStatementsWithAdminAccess",
                "NIST.800.53.R5-IAMPolicyNoStatementsWithFullAccess",
            ),
            checkov=(
                *("CKV_AWS_62", "CKV_AWS_63", "CKV2_AWS_40"),
                *("CKV_AWS_286", "CKV_AWS_287", "CKV_AWS_288", "CKV_AWS_289"),
            ),
        ),
    ),
    Control(
        key="no-wildcard-resources",
        asks="Policies name each resource",
        why="A role can use this component's tables, queues, bus and key, and no others.",
        property=(
            "`iam.RolePolicy`, `iam.Policy`: `Resource`; wildcards only where AWS knows no resource (X-Ray, metrics, "
            "`dynamodb:ListStreams`, `lambda:ListEventSourceMappings`), for the list of alarms, and for what is made "
            "later: the streams of a function's own log group, and versions of the domain layer; with "
            "`domain_table_indexes`, also all indexes of the domain table, whose names would not fit into a policy; "
            "for these, cdk-nag's AwsSolutions-IAM5 needs a suppression"
        ),
        status=Default(),
        standards=Standards(security_hub=("KMS.1", "KMS.2"), checkov=("CKV_AWS_290", "CKV_AWS_355")),
    ),
    Control(
        key="no-managed-policies",
        asks="Roles have none of AWS's managed policies",
        why="AWS's policies allow more than is needed, and AWS changes them.",
        property="`iam.Role`: no `managed_policy_arns`; no `iam.RolePolicyAttachment`",
        status=Default(),
        standards=Standards(cdk_nag=("AwsSolutions-IAM4",), checkov=("CKV_AWS_274", "CKV2_AWS_56")),
    ),
    Control(
        key="roles-for-lambda-only",
        asks="Only Lambda assumes the functions' roles",
        why="Nobody else can use the functions' rights.",
        property="`iam.Role`: `assume_role_policy`",
        status=Default(),
        standards=Standards(checkov=("CKV_AWS_60", "CKV_AWS_61")),
    ),
    Control(
        key="roles-suffice",
        asks="Roles allow what the functions must do when something goes wrong",
        why=(
            "You notice a missing right to a dead-letter queue, to the key or to a log group only when the function "
            "needs it. No scanner checks this."
        ),
        property=(
            "`iam.RolePolicy`: for each function the queues in its environment and of its mapping's `on_failure`, "
            "the bus, its tables, its log group and the key"
        ),
        status=Default(),
    ),
)
