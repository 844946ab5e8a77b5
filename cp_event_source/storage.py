"""The three tables: the events, append-only, and computed from them the rows and snapshots of earlier rows."""

import pulumi_aws as aws

from .handler_code import domain_row, snapshot
from .scope import Scope

PARKED_INDEX = "ParkedDomains"
PARKED_SINCE = domain_row.PARKED_SINCE
"""A top-level attribute that a domain's row has only while it is parked, so that the index holds only those."""
SLOT = snapshot.SLOT
"""Tells a domain's snapshots apart."""


def domain_events_table(scope: Scope) -> aws.dynamodb.Table:
    """Every event of the domain, in a domain's order of event time."""
    return aws.dynamodb.Table(
        scope.child("domain-events"),
        hash_key="DomainId",
        range_key="EventKey",
        attributes=[
            aws.dynamodb.TableAttributeArgs(name="DomainId", type="S"),
            aws.dynamodb.TableAttributeArgs(name="EventKey", type="S"),
        ],
        billing_mode="PAY_PER_REQUEST",
        point_in_time_recovery=aws.dynamodb.TablePointInTimeRecoveryArgs(enabled=True),
        stream_enabled=True,
        stream_view_type="NEW_IMAGE",
        tags=scope.tags,
        opts=scope.options(),
    )


def domain_table(scope: Scope) -> aws.dynamodb.Table:
    """A row a domain: its state after all its events. Its stream tells consumers of every change."""
    return aws.dynamodb.Table(
        scope.child("domain"),
        hash_key="DomainId",
        attributes=[
            aws.dynamodb.TableAttributeArgs(name="DomainId", type="S"),
            aws.dynamodb.TableAttributeArgs(name=PARKED_SINCE, type="S"),
        ],
        global_secondary_indexes=[
            aws.dynamodb.TableGlobalSecondaryIndexArgs(
                name=PARKED_INDEX,
                key_schemas=[
                    aws.dynamodb.TableGlobalSecondaryIndexKeySchemaArgs(attribute_name=PARKED_SINCE, key_type="HASH")
                ],
                projection_type="KEYS_ONLY",
            )
        ],
        billing_mode="PAY_PER_REQUEST",
        point_in_time_recovery=aws.dynamodb.TablePointInTimeRecoveryArgs(enabled=True),
        stream_enabled=True,
        stream_view_type="NEW_AND_OLD_IMAGES",
        tags=scope.tags,
        opts=scope.options(),
    )


def domain_snapshots_table(scope: Scope) -> aws.dynamodb.Table:
    """A few earlier states of each domain object, so that a late event is folded in from one of them.

    Derived: what is lost here only makes folds start further back. The slots are small numbers used again and
    again, so that the table does not grow with the history. Nobody follows it: no stream.
    """
    return aws.dynamodb.Table(
        scope.child("domain-snapshots"),
        hash_key="DomainId",
        range_key=SLOT,
        attributes=[
            aws.dynamodb.TableAttributeArgs(name="DomainId", type="S"),
            aws.dynamodb.TableAttributeArgs(name=SLOT, type="N"),
        ],
        billing_mode="PAY_PER_REQUEST",
        point_in_time_recovery=aws.dynamodb.TablePointInTimeRecoveryArgs(enabled=True),
        tags=scope.tags,
        opts=scope.options(),
    )
