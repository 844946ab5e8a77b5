"""What other stacks may do here: managed policies that they attach to their own roles."""

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from .policy_documents import Statement, allow, document, follow
from .scope import Scope
from .tables import PARKED_INDEX, Tables

_READ: Final = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"]


@dataclass(frozen=True)
class AccessPolicies:
    """One policy for each kind of neighbour."""

    publisher: aws.iam.Policy
    reader: aws.iam.Policy
    auditor: aws.iam.Policy


def create_access_policies(
    scope: Scope, *, event_bus_arn: pulumi.Output[str], tables: Tables, key_arn: pulumi.Output[str]
) -> AccessPolicies:
    """The policies.

    Whoever may put events may put those of any domain, since IAM does not look into an event's `detail`. The rule and
    the functions check that an event is of this domain.
    """
    # DynamoDB opens a table for a caller who may decrypt with its key.
    decrypt = allow("UseKey", ["kms:Decrypt"], key_arn)
    # The index holds only keys. Whoever reads rows or events must know which rows lack events.
    list_parked = allow(
        "ListParked", ["dynamodb:Scan"], pulumi.Output.concat(tables.domain.arn, "/index/", PARKED_INDEX)
    )
    return AccessPolicies(
        publisher=_policy(
            scope,
            "publisher",
            "Put events on the bus of an event source",
            [allow("PublishEvents", ["events:PutEvents"], event_bus_arn)],
        ),
        reader=_policy(
            scope,
            "reader",
            "Read the rows of an event source and follow their changes",
            [
                allow("ReadRows", _READ, tables.domain.arn),
                list_parked,
                *follow("FollowRows", tables.domain.stream_arn),
                decrypt,
            ],
        ),
        auditor=_policy(
            scope,
            "auditor",
            "Read all events of an event source and follow new ones",
            [
                allow("ReadEvents", _READ, tables.domain_events.arn),
                list_parked,
                *follow("FollowEvents", tables.domain_events.stream_arn),
                decrypt,
            ],
        ),
    )


def _policy(scope: Scope, suffix: str, description: str, statements: list[Statement]) -> aws.iam.Policy:
    return aws.iam.Policy(
        scope.child(suffix),
        # Never change a description: to IAM it makes another policy, and the old one cannot be deleted while roles of
        # other stacks have it.
        description=description,
        policy=document(statements),
        tags=scope.tags,
        opts=scope.options(),
    )
