"""The functions of the package that programs in any language call. In Python they are ordinary functions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from .inputs import arn_patterns, checks
from .inputs.checks import Check
from .resources.encryption import key_policy_statements


@dataclass(frozen=True)
class Function:
    """A function of the package."""

    schema: Mapping[str, Any]
    """Its entry in the package's schema."""
    checks: Mapping[str, Check]
    """The check of each argument. All must be given."""
    call: Callable[..., dict[str, Any]]
    """Takes the arguments by name; returns the results by name."""


def _statements(*, partition: str, region: str, account: str) -> dict[str, Any]:
    return {"statements": key_policy_statements(partition=partition, region=region, account=account)}


FUNCTIONS: Final[Mapping[str, Function]] = {
    "cp-event-source:index:keyPolicyStatements": Function(
        schema={
            "description": "The statements that the policy of a key must have, so that the key can be given as "
            "`kmsKeyArn`, besides the one of the root user that every key's policy has: EventBridge writes to the "
            "queues, CloudWatch publishes alarms to the topic, CloudWatch Logs keeps the functions' log groups.",
            "inputs": {
                "properties": {
                    "partition": {
                        "type": "string",
                        "description": "The partition as in ARNs: `aws`, `aws-cn` or `aws-us-gov`.",
                    },
                    "region": {"type": "string", "description": "The region that the component is deployed to."},
                    "account": {
                        "type": "string",
                        "description": "The number of the account that the component is deployed to.",
                    },
                },
                "required": ["account", "partition", "region"],
            },
            "outputs": {
                "description": "What a key's policy must have.",
                "properties": {
                    "statements": {
                        "type": "array",
                        "items": {"$ref": "pulumi.json#/Any"},
                        "description": "Statements for the `Statement` of the key's policy document.",
                    }
                },
                "required": ["statements"],
            },
        },
        checks={
            "partition": checks.matching(arn_patterns.PARTITION, "a partition, such as aws"),
            "region": checks.region,
            "account": checks.matching(arn_patterns.ACCOUNT, "an account's number (12 digits)"),
        },
        call=_statements,
    )
}
"""The functions, by their tokens."""
