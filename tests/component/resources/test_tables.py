"""The three tables."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cp_event_source.handler.domain import contract as domain_contract
from cp_event_source.handler.domain import index_keys
from cp_event_source.handler.domain.index_keys import IndexKey
from cp_event_source.inputs.arguments import MAX_NAME_LENGTH
from cp_event_source.inputs.indexes import Index, indexes_from
from cp_event_source.resources import tables

from ..deployment import Deployment, arn, deployed_with, physical

TABLES = ("files-domain-events", "files-domain", "files-domain-snapshots")


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_on_demand_encrypted_and_can_be_restored_to_any_second(deployment: Deployment, name: str) -> None:
    table = deployment.only("Table", name).inputs
    assert table["billingMode"] == "PAY_PER_REQUEST"
    assert table["pointInTimeRecovery"] == {"enabled": True}
    assert table["serverSideEncryption"] == {"enabled": True, "kmsKeyArn": arn("kms", f"key/{physical('files-key')}")}


@pytest.mark.parametrize("name", TABLES)
def test_neither_pulumi_nor_dynamodb_deletes_a_table(deployment: Deployment, name: str) -> None:
    table = deployment.only("Table", name)
    assert table.protect
    assert table.inputs["deletionProtectionEnabled"] is True


@pytest.mark.parametrize("name", TABLES)
def test_a_development_stacks_table_can_be_thrown_away(name: str) -> None:
    table = deployed_with(development=True).only("Table", name)
    assert not table.protect
    assert table.inputs["deletionProtectionEnabled"] is False
    assert table.inputs["pointInTimeRecovery"] == {"enabled": False}


@pytest.mark.parametrize("name", ["files-domain-events", "files-domain"])
def test_events_and_rows_stream(deployment: Deployment, name: str) -> None:
    assert deployment.only("Table", name).inputs["streamEnabled"] is True


def test_events_are_keyed_by_domain_and_event_key_and_stream_their_new_image(deployment: Deployment) -> None:
    table = deployment.only("Table", "files-domain-events").inputs
    assert (table["hashKey"], table["rangeKey"]) == ("DomainId", "EventKey")
    assert table["attributes"] == [{"name": "DomainId", "type": "S"}, {"name": "EventKey", "type": "S"}]
    assert table["streamViewType"] == "NEW_IMAGE"
    assert "globalSecondaryIndexes" not in table


def test_rows_are_keyed_by_domain_and_stream_both_images(deployment: Deployment) -> None:
    table = deployment.only("Table", "files-domain").inputs
    assert table["hashKey"] == "DomainId"
    assert "rangeKey" not in table
    assert table["streamViewType"] == "NEW_AND_OLD_IMAGES"


def test_snapshots_are_keyed_by_domain_and_a_numbered_slot_and_do_not_stream(deployment: Deployment) -> None:
    table = deployment.only("Table", "files-domain-snapshots").inputs
    assert (table["hashKey"], table["rangeKey"]) == ("DomainId", "CpEventSourceSlot")
    assert table["attributes"] == [{"name": "DomainId", "type": "S"}, {"name": "CpEventSourceSlot", "type": "N"}]
    assert "CpEventSourceSlot" in domain_contract.RESERVED_ATTRIBUTES
    assert "streamEnabled" not in table
    assert "globalSecondaryIndexes" not in table


def test_parked_domains_are_listed_by_an_index_on_a_reserved_attribute_that_only_they_have(
    deployment: Deployment,
) -> None:
    table = deployment.only("Table", "files-domain").inputs
    assert table["globalSecondaryIndexes"] == [
        {
            "name": "ParkedDomains",
            "keySchemas": [{"attributeName": "CpEventSourceParked", "keyType": "HASH"}],
            "projectionType": "KEYS_ONLY",
        }
    ]
    assert {"name": "CpEventSourceParked", "type": "S"} in table["attributes"]
    assert "CpEventSourceParked" in domain_contract.RESERVED_ATTRIBUTES


INDEXES: list[dict[str, Any]] = [
    {"name": "by-status", "hash_key": "Status", "range_key": "Changed", "projection": "KEYS_ONLY"},
    {"name": "by-size", "hash_key": "Size", "hash_key_type": "N", "range_key": "Status"},
    {
        "name": "by-owner",
        "hash_key": "Owner",
        "range_key": "Digest",
        "range_key_type": "B",
        "projection": "INCLUDE",
        "non_key_attributes": ["Name", "Size"],
    },
]


@pytest.fixture(scope="module")
def indexed() -> Deployment:
    return deployed_with(domain_table_indexes=INDEXES)


def test_the_domain_table_has_the_given_indexes_beside_its_own(indexed: Deployment, deployment: Deployment) -> None:
    table = indexed.only("Table", "files-domain").inputs
    own = deployment.only("Table", "files-domain").inputs
    assert table["globalSecondaryIndexes"] == [
        *own["globalSecondaryIndexes"],
        {"name": "by-status", "keySchemas": _keys("Status", "Changed"), "projectionType": "KEYS_ONLY"},
        {"name": "by-size", "keySchemas": _keys("Size", "Status"), "projectionType": "ALL"},
        {
            "name": "by-owner",
            "keySchemas": _keys("Owner", "Digest"),
            "projectionType": "INCLUDE",
            "nonKeyAttributes": ["Name", "Size"],
        },
    ]
    types = {"Status": "S", "Changed": "S", "Size": "N", "Owner": "S", "Digest": "B"}
    given = [{"name": name, "type": type_} for name, type_ in types.items()]
    assert table["attributes"] == [*own["attributes"], *given], "each attribute once, whatever its number of indexes"


def _keys(*attributes: str) -> list[dict[str, str]]:
    return [{"attributeName": name, "keyType": kind} for name, kind in zip(attributes, ("HASH", "RANGE"), strict=False)]


def test_only_the_domain_table_changes_with_indexes_and_no_resource_is_added(
    indexed: Deployment, deployment: Deployment
) -> None:
    assert indexed.names() == deployment.names()
    for name in ("files-domain-events", "files-domain-snapshots"):
        assert indexed.only("Table", name).inputs == deployment.only("Table", name).inputs


def test_the_project_function_knows_what_dynamodb_requires_of_the_keys(
    indexed: Deployment, deployment: Deployment
) -> None:
    """The strictest limit of an attribute that is the hash key of one index and the range key of another."""
    environment = indexed.only("Function", "files-project").inputs["environment"]["variables"]
    assert index_keys.from_text(environment["DOMAIN_TABLE_INDEX_KEYS"]) == {
        "Status": IndexKey("S", 1024),
        "Changed": IndexKey("S", 1024),
        "Size": IndexKey("N", 2048),
        "Owner": IndexKey("S", 2048),
        "Digest": IndexKey("B", 1024),
    }
    without = deployment.only("Function", "files-project").inputs["environment"]["variables"]
    assert "DOMAIN_TABLE_INDEX_KEYS" not in without


def test_stored_events_can_be_kept_in_the_class_for_infrequent_access(deployment: Deployment) -> None:
    cheaper = deployed_with(domain_events_table_class="STANDARD_INFREQUENT_ACCESS")
    for stack, expected in ((deployment, None), (cheaper, "STANDARD_INFREQUENT_ACCESS")):
        assert stack.only("Table", "files-domain-events").inputs.get("tableClass") == expected
        assert "tableClass" not in stack.only("Table", "files-domain").inputs
        assert "tableClass" not in stack.only("Table", "files-domain-snapshots").inputs


def test_rows_alone_expire_by_the_attribute_that_is_named(deployment: Deployment) -> None:
    expiring = deployed_with(domain_table_ttl_attribute="ExpiresAt")
    assert expiring.only("Table", "files-domain").inputs["ttl"] == {"attributeName": "ExpiresAt", "enabled": True}
    for each in (*deployment.children(), *expiring.children()):
        assert "ttl" not in each.inputs or (each.name == "files-domain" and each in expiring.children())
    for stack, expected in ((deployment, None), (expiring, "ExpiresAt")):
        variables = stack.only("Function", "files-project").inputs["environment"]["variables"]
        assert variables.get("DOMAIN_TABLE_TTL_ATTRIBUTE") == expected


@given(
    st.permutations(indexes_from([{"name": f"i-{n}", "hash_key": f"A{n}", "range_key": f"A{n + 1}"} for n in range(4)]))
)
def test_a_key_has_its_strictest_limit_whatever_the_order_of_the_indexes(shuffled: list[Index]) -> None:
    limits = {name: key.max_bytes for name, key in tables.index_keys(shuffled).items()}
    assert limits == {"A0": 2048, "A1": 1024, "A2": 1024, "A3": 1024, "A4": 1024}


def test_the_longest_allowed_keys_fit_into_the_functions_environment() -> None:
    """Lambda allows 4 KB. Names of deployed resources are longer than here; ARNs and URLs have at most 300 bytes."""
    longest = [
        {"name": f"i{number:02}", "hash_key": f"{number:02}".ljust(27, "h"), "range_key": f"{number:02}".ljust(25, "r")}
        for number in range(19)
    ]
    name = "n" * MAX_NAME_LENGTH
    given = deployed_with(
        name, cp_domain_name="D" * 256, domain_table_indexes=longest, domain_table_ttl_attribute="T" * 255
    )
    environment = given.only("Function", f"{name}-project").inputs["environment"]["variables"]
    assert sum(len(key) + len(str(value).encode()) for key, value in environment.items()) <= 4096 - 600
