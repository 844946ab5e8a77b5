"""The resource types that a local run creates in the emulator: one module per service."""

from typing import Final

from cp_event_source.local.resources import dynamodb, events, iam, lambda_functions, logs, sqs
from cp_event_source.local.resources.request import Created, Creator, Request

CREATORS: Final[dict[str, Creator]] = {
    **dynamodb.CREATORS,
    **events.CREATORS,
    **iam.CREATORS,
    **lambda_functions.CREATORS,
    **logs.CREATORS,
    **sqs.CREATORS,
}
"""What creates a resource of a type, by Pulumi's type token."""

NOTES: Final = {**lambda_functions.NOTES}
"""What to announce of a resource of a type that does less here than on AWS, by Pulumi's type token."""

__all__ = ["CREATORS", "NOTES", "Created", "Creator", "Request"]
