"""The resource types that a local run creates in the emulator: one module for each service."""

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
"""The function that creates a resource of a type, by Pulumi's type token."""

NOTES: Final = {**cloudwatch.NOTES, **lambda_functions.NOTES}
"""The note on a resource type that does less here than on AWS, by Pulumi's type token. A program gets it once."""

__all__ = ["CREATORS", "NOTES", "Created", "Creator", "Request"]
