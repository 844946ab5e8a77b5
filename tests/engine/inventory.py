"""What is in the emulator's account, to see what an operation leaves behind."""

from collections.abc import Iterator
from typing import Any, Final

from cp_event_source.deployed.clients import Clients

KEPT_LAYERS: Final = "layer "
"""How the lines of layers begin, whose versions stay."""


def inventory(clients: Clients) -> set[str]:
    """A line for each resource of the services that the component uses; not the account's own default bus."""
    return set(_lines(clients))


def _lines(clients: Clients) -> Iterator[str]:
    buses = [bus["Name"] for bus in clients("events").list_event_buses()["EventBuses"]]
    yield from (f"bus {name}" for name in buses if name != "default")
    for name in buses:
        yield from (
            f"rule {rule['Name']}" for rule in _all(clients, "events", "list_rules", "Rules", EventBusName=name)
        )
    yield from (f"table {name}" for name in _all(clients, "dynamodb", "list_tables", "TableNames"))
    yield from (f"queue {url}" for url in _all(clients, "sqs", "list_queues", "QueueUrls"))
    yield from (f"function {each['FunctionName']}" for each in _all(clients, "lambda", "list_functions", "Functions"))
    yield from (f"{KEPT_LAYERS}{each['LayerName']}" for each in _all(clients, "lambda", "list_layers", "Layers"))
    yield from (
        f"mapping {each['UUID']}"
        for each in _all(clients, "lambda", "list_event_source_mappings", "EventSourceMappings")
    )
    yield from (f"role {each['RoleName']}" for each in _all(clients, "iam", "list_roles", "Roles"))
    yield from (f"policy {each['Arn']}" for each in _all(clients, "iam", "list_policies", "Policies", Scope="Local"))
    yield from (f"topic {each['TopicArn']}" for each in _all(clients, "sns", "list_topics", "Topics"))
    yield from (f"alarm {each['AlarmName']}" for each in _all(clients, "cloudwatch", "describe_alarms", "MetricAlarms"))
    yield from (
        f"dashboard {each['DashboardName']}"
        for each in _all(clients, "cloudwatch", "list_dashboards", "DashboardEntries")
    )
    yield from (f"logs {each['logGroupName']}" for each in _all(clients, "logs", "describe_log_groups", "logGroups"))
    kms = clients("kms")
    for key in _all(clients, "kms", "list_keys", "Keys"):
        state = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"]
        if state != "PendingDeletion":
            yield f"key {key['KeyId']}"


def _all(clients: Clients, service: str, operation: str, found: str, **arguments: str) -> Iterator[Any]:
    client = clients(service)
    if client.can_paginate(operation):
        for page in client.get_paginator(operation).paginate(**arguments):
            yield from page.get(found, [])
    else:
        yield from getattr(client, operation)(**arguments).get(found, [])
