"""What other stacks may do here: managed policies that they attach to their own roles."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from ..inputs.indexes import PARKED_INDEX
from . import arns
from .policy_documents import Statement, allow, document, follow
from .queues import Queues
from .scope import Scope
from .tables import Tables

_READ: Final = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"]

_LOOKED_AT: Final = ["dynamodb", "sqs", "lambda"]
"""The services whose encrypted contents operators and auditors read."""

_VIA_SERVICE: Final = {"aws": "amazonaws.com", "aws-us-gov": "amazonaws.com"}
"""What the values of `kms:ViaService` end with, by partition
(https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service)."""


@dataclass(frozen=True)
class AccessPolicies:
    """One policy for each kind of neighbour."""

    publisher: aws.iam.Policy
    reader: aws.iam.Policy
    auditor: aws.iam.Policy
    operator: aws.iam.Policy
    decider: aws.iam.Policy


@dataclass(frozen=True)
class Watchable:
    """What operators and auditors look at beside the tables."""

    queues: Queues
    persist: aws.lambda_.Function
    project: aws.lambda_.Function
    logic_layer: pulumi.Output[str]
    rules: Sequence[aws.cloudwatch.EventRule]

    @property
    def dead_letter_arns(self) -> list[pulumi.Output[str]]:
        """The queues that no function takes messages from."""
        queues = self.queues
        return [queues.ingest_dead_letter.arn, queues.parked.arn, queues.projection_dead_letter.arn]


def create_access_policies(
    scope: Scope,
    *,
    event_bus_arn: pulumi.Output[str],
    tables: Tables,
    has_indexes: bool,
    watchable: Watchable,
    key_arn: pulumi.Output[str],
) -> AccessPolicies:
    """The policies.

    Whoever may put events may put those of any domain, since IAM does not look into an event's `detail`. The rule and
    the functions check that an event is of this domain.
    """
    # The index holds only keys. Whoever reads rows or events must know which rows lack events.
    read_rows = [
        allow("ReadRows", _READ, tables.domain.arn),
        allow("ListParked", ["dynamodb:Scan"], _index_arn(tables, PARKED_INDEX)),
        *_read_indexes(tables, has_indexes=has_indexes),
    ]
    # The commands for operators that change nothing need these.
    look = [
        allow("ReadEvents", _READ, tables.domain_events.arn),
        *read_rows,
        *_look_around(tables, watchable),
    ]
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
                *read_rows,
                *follow("FollowRows", tables.domain.stream_arn),
                _use_key(key_arn, ["kms:Decrypt"], through=["dynamodb"]),
            ],
        ),
        auditor=_policy(
            scope,
            "auditor",
            "Read all events of an event source and follow new ones",
            [
                *look,
                *follow("FollowEvents", tables.domain_events.stream_arn),
                _use_key(key_arn, ["kms:Decrypt"], through=_LOOKED_AT),
            ],
        ),
        operator=_policy(
            scope,
            "operator",
            "Operate an event source: rebuild rows, send back dead letters, restore and erase events",
            [
                *look,
                *_operate(tables, watchable),
                _use_key(key_arn, ["kms:Decrypt", "kms:GenerateDataKey"], through=_LOOKED_AT),
            ],
        ),
        decider=_policy(
            scope,
            "decider",
            "Decide on the objects of an event source: append events together with their rows",
            [*_decide(tables), _use_key(key_arn, ["kms:Decrypt", "kms:GenerateDataKey"], through=["dynamodb"])],
        ),
    )


def _index_arn(tables: Tables, name: str) -> pulumi.Output[str]:
    return pulumi.Output.concat(tables.domain.arn, "/index/", name)


def _read_indexes(tables: Tables, *, has_indexes: bool) -> list[Statement]:
    if not has_indexes:
        return []
    # All that there are: the ARNs of 19 would not fit into a policy. They hold nothing that the table does not hold.
    return [allow("ReadIndexes", ["dynamodb:Query", "dynamodb:Scan"], _index_arn(tables, "*"))]


def _look_around(tables: Tables, watchable: Watchable) -> list[Statement]:
    """Reading messages hides them from others for some seconds; it deletes none."""
    queues = watchable.queues
    return [
        allow(
            "DescribeTables",
            ["dynamodb:DescribeTable", "dynamodb:DescribeTimeToLive"],
            [tables.domain_events.arn, tables.domain.arn, tables.domain_snapshots.arn],
        ),
        allow("CountMessages", ["sqs:GetQueueAttributes"], [queues.ingest.arn, *watchable.dead_letter_arns]),
        allow("ReadMessages", ["sqs:ChangeMessageVisibility", "sqs:ReceiveMessage"], watchable.dead_letter_arns),
        allow(
            "DescribeFunctions",
            ["lambda:GetFunctionConcurrency", "lambda:GetFunctionConfiguration"],
            [watchable.persist.arn, watchable.project.arn],
        ),
        allow("DescribeRules", ["events:DescribeRule"], [rule.arn for rule in watchable.rules]),
        # The versions that are still to be deployed, too: else each deployment of logic would change the policies.
        allow("ReadLogic", ["lambda:GetLayerVersion"], watchable.logic_layer.apply(arns.all_versions)),
        # To list alarms, one must be allowed to see any of them.
        allow("ReadAlarms", ["cloudwatch:DescribeAlarms"], tables.domain.arn.apply(arns.alarms_beside)),
        # These actions take no resource but `*`.
        allow("ReadMetrics", ["cloudwatch:GetMetricData", "lambda:ListEventSourceMappings"], "*"),
    ]


def _operate(tables: Tables, watchable: Watchable) -> list[Statement]:
    queues = watchable.queues
    events = tables.domain_events.arn
    return [
        allow("Rebuild", ["lambda:InvokeFunction"], watchable.project.arn),
        # A put of an event that is stored changes nothing, and a put of a tombstone erases it.
        allow("PutEvents", ["dynamodb:PutItem"], events),
        # The table beside it that a point in time is recovered into, as the how-to names it.
        allow("ReadRestored", ["dynamodb:DescribeTable", "dynamodb:Scan"], pulumi.Output.concat(events, "-restored")),
        allow("SendBack", ["sqs:SendMessage"], queues.ingest.arn),
        allow("DeleteMessages", ["sqs:DeleteMessage"], watchable.dead_letter_arns),
    ]


_IN_TRANSACTIONS: Final = {"ForAnyValue:StringEquals": {"dynamodb:EnclosingOperation": ["TransactWriteItems"]}}
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html"""


def _decide(tables: Tables) -> list[Statement]:
    """A transaction needs the rights of its writes, and these only: no put by itself leaves an event without its row.

    IAM cannot demand the conditions of the writes, nor what else is in a transaction.
    """
    events, rows, snapshots = tables.domain_events.arn, tables.domain.arn, tables.domain_snapshots.arn
    return [
        allow("ReadEvents", ["dynamodb:Query"], events),
        allow("ReadRows", ["dynamodb:GetItem"], rows),
        {**allow("AppendEventsWithRows", ["dynamodb:PutItem"], [events, rows]), "Condition": _IN_TRANSACTIONS},
        allow("KeepSnapshots", ["dynamodb:GetItem", "dynamodb:PutItem"], snapshots),
    ]


def _use_key(key_arn: pulumi.Output[str], actions: list[str], *, through: Sequence[str]) -> pulumi.Output[Statement]:
    """The right to have services use the key, and nobody else: DynamoDB opens a table for a caller who may decrypt with
    its key, SQS a message, Lambda a function's environment.

    Where it is not known how `kms:ViaService` names the services, as in China, the statement names none.
    """

    def statement(arn: str) -> Statement:
        partition, region, _ = arns.place_of(arn)
        plain = allow("UseKey", actions, arn)
        if partition not in _VIA_SERVICE:
            return plain
        services = [f"{service}.{region}.{_VIA_SERVICE[partition]}" for service in through]
        return {**plain, "Condition": {"StringEquals": {"kms:ViaService": services}}}

    return key_arn.apply(statement)


def _policy(scope: Scope, suffix: str, description: str, statements: list[pulumi.Input[Statement]]) -> aws.iam.Policy:
    return aws.iam.Policy(
        scope.child(suffix),
        # Never change a description: to IAM it makes another policy, and the old one cannot be deleted while roles of
        # other stacks have it.
        description=description,
        policy=document(statements),
        tags=scope.tags,
        opts=scope.options(),
    )
