"""A copy of a table, as a recovery to a point in time gives."""

from typing import Any


def recover(dynamodb: Any, table: str) -> None:
    """Copy a table into one beside it, under the name that `restore` expects."""
    copy = f"{table}-restored"
    described = dynamodb.describe_table(TableName=table)["Table"]
    dynamodb.create_table(
        TableName=copy,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=described["KeySchema"],
        AttributeDefinitions=described["AttributeDefinitions"],
    )
    for page in dynamodb.get_paginator("scan").paginate(TableName=table, Limit=25):
        puts = [{"PutRequest": {"Item": item}} for item in page["Items"]]
        if puts:
            assert not dynamodb.batch_write_item(RequestItems={copy: puts})["UnprocessedItems"]
