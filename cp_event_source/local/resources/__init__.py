"""The resource types that a local run creates in the emulator: one module per service."""

from typing import Final

from cp_event_source.local.resources import cloudwatch, dynamodb, events, iam, kms, lambda_functions, logs, sns, sqs
from cp_event_source.local.resources.request import Created, Creator, Request

CREATORS: Final[dict[str, Creator]] = {
    **cloudwatch.CREATORS,
    **dynamodb.CREATORS,
    **events.CREATORS,
    **iam.CREATORS,
    **kms.CREATORS,
    **lambda_functions.CREATORS,
    **logs.CREATORS,
    **sns.CREATORS,
    **sqs.CREATORS,
}
"""What creates a resource of a type, by Pulumi's type token."""

NOTES: Final = {**cloudwatch.NOTES, **lambda_functions.NOTES}
"""What to announce of a resource type that does less here than on AWS, by Pulumi's type token: once for a program."""

__all__ = ["CREATORS", "NOTES", "Created", "Creator", "Request"]
