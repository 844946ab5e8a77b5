"""Guarantee: others query rows by the domain's attributes, and a row that an index refuses parks only its object."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cp_event_source.local import LocalRun
from tests.e2e.conftest import EXAMPLES
from tests.e2e.events import attributes, domain_event, new_id, row, uploaded
from tests.e2e.roles import Clients, Deployed
from tests.local.programs_on_disk import write_program

PROGRAM = f"""
from cp_event_source import CpEventSource, CpEventSourceArgs, DomainPythonLayer, DomainPythonLayerArgs, IndexArgs

layer = DomainPythonLayer("files", DomainPythonLayerArgs(source_dir={str(EXAMPLES / "default" / "file_domain")!r}))
CpEventSource("files", CpEventSourceArgs(
    cp_domain_name="File",
    cp_domain_logic_layer=layer.arn,
    domain_table_indexes=[
        IndexArgs(name="by-owner", hash_key="OwnerId", range_key="UpdatedAt"),
        IndexArgs(name="by-size", hash_key="ContentType", range_key="Size", range_key_type="N", projection="INCLUDE",
                  non_key_attributes=["Name"]),
        IndexArgs(name="by-name", hash_key="Name", projection="KEYS_ONLY"),
    ],
))
"""


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with LocalRun(permissions=True) as run:
        yield Deployed(run, run.deploy(write_program(tmp_path_factory.mktemp("files") / "files", PROGRAM)))


def query(clients: Clients, deployed: Deployed, index: str, key: str, value: dict[str, Any]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = clients("dynamodb").query(
        TableName=deployed.pipeline.outputs["domain_table_name"],
        IndexName=index,
        KeyConditionExpression="#key = :value",
        ExpressionAttributeNames={"#key": key},
        ExpressionAttributeValues={":value": value},
    )["Items"]
    return items


@pytest.mark.parametrize("policy", ["reader", "auditor", "operator"])
def test_rows_are_found_by_their_attributes_in_order(deployed: Deployed, policy: str) -> None:
    owner, kind = new_id(), f"image/{new_id()}"
    files = [new_id() for _ in range(3)]
    deployed.run.publish(
        [
            domain_event(
                file,
                second,
                "FileUploaded",
                {"Name": f"{file}.png", "Size": size, "ContentType": kind},
                UserId=owner,
            )
            for file, second, size in zip(files, (3, 1, 2), (10, 9, 100), strict=True)
        ]
    )
    deployed.run.drain()
    reader = deployed.neighbour(policy)

    by_owner = query(reader, deployed, "by-owner", "OwnerId", {"S": owner})
    by_size = query(reader, deployed, "by-size", "ContentType", {"S": kind})
    by_name = query(reader, deployed, "by-name", "Name", {"S": f"{files[0]}.png"})

    assert [item["DomainId"]["S"] for item in by_owner] == [files[1], files[2], files[0]]
    assert by_owner[0]["CpEventSource"]["M"].keys() >= {"Checkpoint"}
    assert [(item["Size"]["N"], item["Name"]["S"]) for item in by_size] == [
        ("9", f"{files[1]}.png"),
        ("10", f"{files[0]}.png"),
        ("100", f"{files[2]}.png"),
    ]
    assert [item.keys() for item in by_name] == [{"DomainId", "Name"}]


def test_a_publisher_may_not_query(deployed: Deployed) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        query(deployed.neighbour("publisher"), deployed, "by-owner", "OwnerId", {"S": "somebody"})


def test_a_row_that_an_index_refuses_parks_only_its_object(deployed: Deployed) -> None:
    good, bad = new_id(), new_id()
    deployed.run.publish([uploaded(good), uploaded(bad)])
    deployed.run.drain()
    deployed.run.publish(
        [domain_event(file, 5, "FileRenamed", {"Name": name}) for file, name in ((bad, ""), (good, "b"))]
    )
    deployed.run.drain()

    parked = row(deployed.pipeline, bad).parked

    assert parked is not None
    assert (parked.error, parked.phase) == ("RowRefused", "to_dynamo_item")
    assert "Name: must have 1 to 2048 bytes; found 0; " in parked.reason
    assert attributes(deployed.pipeline, bad)["Name"] == "a.txt"
    assert (row(deployed.pipeline, good).parked, attributes(deployed.pipeline, good)["Name"]) == (None, "b")
