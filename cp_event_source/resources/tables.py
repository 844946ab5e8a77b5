"""The three tables: the events, append-only, and computed from them the rows and snapshots of earlier rows."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi_aws as aws

from ..handler.projection import rows, snapshots
from .encryption import EncryptionKey
from .scope import Scope

PARKED_INDEX = "ParkedDomains"
PARKED_SINCE = rows.PARKED_SINCE
"""A top-level attribute that a domain's row has only while it is parked, so that the index holds only those."""
SLOT = snapshots.SLOT
"""Tells a domain's snapshots apart."""


@dataclass(frozen=True)
class Safety:
    """What keeps the data of all three tables."""

    key: EncryptionKey
    """What they are encrypted with."""
    keep: bool
    """Whether Pulumi and DynamoDB both refuse to delete them, and any second of the last 35 days can be restored."""


def domain_events_table(scope: Scope, safety: Safety) -> aws.dynamodb.Table:
    """Every event of the domain, in a domain's order of event time."""
    return _table(
        scope,
        "domain-events",
        safety,
        attributes={"DomainId": "S", "EventKey": "S"},
        range_key="EventKey",
        stream_view_type="NEW_IMAGE",
    )


def domain_table(scope: Scope, safety: Safety) -> aws.dynamodb.Table:
    """A row a domain: its state after all its events. Its stream tells consumers of every change."""
    return _table(
        scope,
        "domain",
        safety,
        attributes={"DomainId": "S", PARKED_SINCE: "S"},
        index=aws.dynamodb.TableGlobalSecondaryIndexArgs(
            name=PARKED_INDEX,
            key_schemas=[
                aws.dynamodb.TableGlobalSecondaryIndexKeySchemaArgs(attribute_name=PARKED_SINCE, key_type="HASH")
            ],
            projection_type="KEYS_ONLY",
        ),
        stream_view_type="NEW_AND_OLD_IMAGES",
    )


def domain_snapshots_table(scope: Scope, safety: Safety) -> aws.dynamodb.Table:
    """A few earlier states of each domain object, so that a late event is folded in from one of them.

    Derived: what is lost here only makes folds start further back. The slots are small numbers used again and
    again, so that the table does not grow with the history. Nobody follows it: no stream.
    """
    return _table(scope, "domain-snapshots", safety, attributes={"DomainId": "S", SLOT: "N"}, range_key=SLOT)


def _table(
    scope: Scope,
    suffix: str,
    safety: Safety,
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
        server_side_encryption=aws.dynamodb.TableServerSideEncryptionArgs(enabled=True, kms_key_arn=safety.key.arn),
        point_in_time_recovery=aws.dynamodb.TablePointInTimeRecoveryArgs(enabled=safety.keep),
        deletion_protection_enabled=safety.keep,
        tags=scope.tags,
        opts=scope.options(protect=safety.keep),
    )
