"""The three tables: the events, append-only, and computed from them the rows and snapshots of earlier rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from ..handler.domain.index_keys import HASH_KEY_BYTES, RANGE_KEY_BYTES, IndexKey, IndexKeys
from ..handler.projection import rows, snapshots
from ..inputs.indexes import PARKED_INDEX, Index, Key
from .scope import Scope

PARKED_SINCE = rows.PARKED_SINCE
"""A top-level attribute that a row has only while its domain object is parked, so that the index holds only those."""
SLOT = snapshots.SLOT
"""Distinguishes the snapshots of a domain object."""

_PARKED = Index(PARKED_INDEX, Key(PARKED_SINCE, "S"), projection="KEYS_ONLY")


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


def create_tables(
    scope: Scope,
    *,
    indexes: pulumi.Output[tuple[Index, ...]] | None = None,
    ttl_attribute: pulumi.Output[str] | None = None,
    events_table_class: pulumi.Output[str] | None = None,
    key_arn: pulumi.Output[str],
) -> Tables:
    """The tables, encrypted with the key; the domain table with these indexes besides its own, and with rows that
    expire at the time in this attribute.

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
            table_class=events_table_class,
        ),
        domain=_table(
            scope,
            "domain",
            key_arn,
            attributes={"DomainId": "S"},
            indexes=pulumi.Output.from_input(() if indexes is None else indexes).apply(lambda given: [_PARKED, *given]),
            ttl_attribute=ttl_attribute,
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
    attributes: dict[str, str],
    range_key: str | None = None,
    indexes: pulumi.Output[list[Index]] | None = None,
    ttl_attribute: pulumi.Output[str] | None = None,
    stream_view_type: str | None = None,
    table_class: pulumi.Output[str] | None = None,
) -> aws.dynamodb.Table:
    def declared(of_indexes: Sequence[Index]) -> list[aws.dynamodb.TableAttributeArgs]:
        types = attributes | {key.attribute: key.type for index in of_indexes for key in index.keys}
        return [aws.dynamodb.TableAttributeArgs(name=name, type=type_) for name, type_ in types.items()]

    return aws.dynamodb.Table(
        scope.child(suffix),
        region=scope.region,
        hash_key="DomainId",
        range_key=range_key,
        attributes=declared([]) if indexes is None else indexes.apply(declared),
        global_secondary_indexes=None if indexes is None else indexes.apply(lambda all_: [_index(it) for it in all_]),
        billing_mode="PAY_PER_REQUEST",
        table_class=table_class,
        stream_enabled=True if stream_view_type else None,
        stream_view_type=stream_view_type,
        server_side_encryption=aws.dynamodb.TableServerSideEncryptionArgs(enabled=True, kms_key_arn=key_arn),
        point_in_time_recovery=aws.dynamodb.TablePointInTimeRecoveryArgs(enabled=scope.keep),
        deletion_protection_enabled=scope.keep,
        ttl=(None if ttl_attribute is None else aws.dynamodb.TableTtlArgs(attribute_name=ttl_attribute, enabled=True)),
        tags=scope.tags,
        opts=scope.options(protect=scope.keep),
    )


def _index(index: Index) -> aws.dynamodb.TableGlobalSecondaryIndexArgs:
    return aws.dynamodb.TableGlobalSecondaryIndexArgs(
        name=index.name,
        key_schemas=[
            aws.dynamodb.TableGlobalSecondaryIndexKeySchemaArgs(attribute_name=key.attribute, key_type=key_type)
            for key, key_type in zip(index.keys, ("HASH", "RANGE"), strict=False)
        ],
        projection_type=index.projection,
        non_key_attributes=list(index.non_key_attributes) or None,
    )


def index_keys(indexes: Sequence[Index]) -> IndexKeys:
    """What DynamoDB requires of the attributes that are keys of indexes."""
    keys: dict[str, IndexKey] = {}
    for index in indexes:
        for key, max_bytes in zip(index.keys, (HASH_KEY_BYTES, RANGE_KEY_BYTES), strict=False):
            other = keys.get(key.attribute)
            keys[key.attribute] = IndexKey(key.type, min(max_bytes, other.max_bytes) if other else max_bytes)
    return keys
