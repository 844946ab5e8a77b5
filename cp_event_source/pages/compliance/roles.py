"""Controls on roles and policies."""

from typing import Final

from .control import Control, Default, Standards

CONTROLS: Final = (
    Control(
        key="no-wildcard-actions",
        asks="Policies name each action",
        why="What the code does not do, its role may not.",
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
        why="A role reaches this component's tables, queues, bus and key, and nobody else's.",
        property=(
            "`iam.RolePolicy`, `iam.Policy`: `Resource`; wildcards only where AWS knows no resource (X-Ray, "
            "`dynamodb:ListStreams`) and for the streams of a function's own log group, whose names are made at run "
            "time: for these cdk-nag's AwsSolutions-IAM5 wants a suppression"
        ),
        status=Default(),
        standards=Standards(security_hub=("KMS.1", "KMS.2"), checkov=("CKV_AWS_290", "CKV_AWS_355")),
    ),
    Control(
        key="no-managed-policies",
        asks="Roles have no policies of AWS's",
        why="Those allow more than is needed, and change.",
        property="`iam.Role`: no `managed_policy_arns`; no `iam.RolePolicyAttachment`",
        status=Default(),
        standards=Standards(cdk_nag=("AwsSolutions-IAM4",), checkov=("CKV_AWS_274", "CKV2_AWS_56")),
    ),
    Control(
        key="roles-for-lambda-only",
        asks="Only Lambda assumes the functions' roles",
        why="They are nobody's way in.",
        property="`iam.Role`: `assume_role_policy`",
        status=Default(),
        standards=Standards(checkov=("CKV_AWS_60", "CKV_AWS_61")),
    ),
    Control(
        key="roles-suffice",
        asks="Roles allow what the functions must do when something goes wrong",
        why=(
            "A right to a dead-letter queue, to the key or to a log group is missed only on the day when it is "
            "needed: no scanner looks for it."
        ),
        property=(
            "`iam.RolePolicy`: for each function the queues in its environment and of its mapping's `on_failure`, "
            "the bus, its tables, its log group and the key"
        ),
        status=Default(),
    ),
)
