"""The three tables."""

import pytest

from cp_event_source.handler.domain import contract as domain_contract

from ..deployment import Deployment, arn, component, deploy, in_program, physical

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
    table = deploy(in_program(lambda: component(development=True))).only("Table", name)
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
