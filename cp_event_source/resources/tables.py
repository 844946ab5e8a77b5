"""The three tables: the events, append-only, and computed from them the rows and snapshots of earlier rows."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from ..handler.projection import rows, snapshots
from .scope import Scope

PARKED_INDEX = "ParkedDomains"
PARKED_SINCE = rows.PARKED_SINCE
"""A top-level attribute that a row has only while its domain object is parked, so that the index holds only those."""
SLOT = snapshots.SLOT
"""Distinguishes the snapshots of a domain object."""


@dataclass(frozen=True)
class Tables:
    """The component's tables."""

    domain_events: aws.dynamodb.Table
    """Every event of the domain, those of a domain object in the order of event time. Its stream feeds the project
    function."""
    domain: aws.dynamodb.Table
    """A row for each domain object: its state after all its events. Its stream notifies consumers of every change."""
    domain_snapshots: aws.dynamodb.Table
    """A few earlier states of each domain object, so that a late event is folded in from one of them.

    Derived: a lost snapshot only makes a fold start earlier. The slots are small numbers that are used again, so that
    the table does not grow with the history. Nobody follows it: it has no stream.
    """


def create_tables(scope: Scope, *, key_arn: pulumi.Output[str]) -> Tables:
    """The tables, encrypted with the key.

    Unless the stack is a development stack, Pulumi and DynamoDB both refuse to delete them, and they can be restored to
    any second of the last 35 days.
    """
    return Tables(
        domain_events=_table(
            scope,
            "domain-events",
            key_arn,
            attributes={"DomainId": "S", "EventKey": "S"},
            range_key="EventKey",
            stream_view_type="NEW_IMAGE",
        ),
        domain=_table(
            scope,
            "domain",
            key_arn,
            attributes={"DomainId": "S", PARKED_SINCE: "S"},
            index=aws.dynamodb.TableGlobalSecondaryIndexArgs(
                name=PARKED_INDEX,
                key_schemas=[
                    aws.dynamodb.TableGlobalSecondaryIndexKeySchemaArgs(attribute_name=PARKED_SINCE, key_type="HASH")
                ],
                projection_type="KEYS_ONLY",
            ),
            stream_view_type="NEW_AND_OLD_IMAGES",
        ),
        domain_snapshots=_table(
            scope, "domain-snapshots", key_arn, attributes={"DomainId": "S", SLOT: "N"}, range_key=SLOT
        ),
    )


def _table(
    scope: Scope,
    suffix: str,
    key_arn: pulumi.Output[str],
    *,
    attributes: Mapping[str, str],
    range_key: str | None = None,
    index: aws.dynamodb.TableGlobalSecondaryIndexArgs | None = None,
    stream_view_type: str | None = None,
) -> aws.dynamodb.Table:
    return aws.dynamodb.Table(
        scope.child(suffix),
        hash_key="DomainId",
        range_key=range_key,
        attributes=[aws.dynamodb.TableAttributeArgs(name=name, type=type_) for name, type_ in attributes.items()],
        global_secondary_indexes=[index] if index else None,
        billing_mode="PAY_PER_REQUEST",
        stream_enabled=True if stream_view_type else None,
        stream_view_type=stream_view_type,
        server_side_encryption=aws.dynamodb.TableServerSideEncryptionArgs(enabled=True, kms_key_arn=key_arn),
        point_in_time_recovery=aws.dynamodb.TablePointInTimeRecoveryArgs(enabled=scope.keep),
        deletion_protection_enabled=scope.keep,
        tags=scope.tags,
        opts=scope.options(protect=scope.keep),
    )
