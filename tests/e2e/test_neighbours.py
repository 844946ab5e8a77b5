"""Guarantee: the component's policies allow other stacks exactly what they are for, with enforced permissions.

These tests do not show who may follow which stream: the emulator only checks the right to follow any stream.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from cp_event_source.decide import Event, Objects
from cp_event_source.decide.objects import deciding
from cp_event_source.decide.settings import OUTPUT, DeciderSettings
from cp_event_source.handler.domain.logic import DomainLogic
from cp_event_source.handler.values.clock import Clock
from cp_event_source.local import LocalRun
from tests.e2e.conftest import EXAMPLES
from tests.e2e.roles import Clients, Deployed

Call = Callable[[Clients, Mapping[str, str]], object]


@pytest.fixture(scope="module")
def deployed() -> Iterator[Deployed]:
    with LocalRun(permissions=True) as run:
        yield Deployed(run, run.deploy(EXAMPLES / "default"))


EVENTS, ROWS, SNAPSHOTS = "domain_events_table_name", "domain_table_name", "domain_snapshots_table_name"


def _put_event(clients: Clients, outputs: Mapping[str, str]) -> None:
    _put_event_on(outputs["event_bus_name"])(clients, outputs)


def _put_event_on(bus: str) -> Call:
    entry = {"EventBusName": bus, "Source": "test", "DetailType": "test", "Detail": "{}"}
    return lambda clients, _: clients("events").put_events(Entries=[entry])


def _get(table: str) -> Call:
    return lambda clients, outputs: clients("dynamodb").get_item(TableName=outputs[table], Key=_key(table))


def _batch_get(table: str) -> Call:
    def call(clients: Clients, outputs: Mapping[str, str]) -> None:
        clients("dynamodb").batch_get_item(RequestItems={outputs[table]: {"Keys": [_key(table)]}})

    return call


def _query(table: str) -> Call:
    def call(clients: Clients, outputs: Mapping[str, str]) -> None:
        condition, values = "DomainId = :id", {":id": {"S": "none"}}
        clients("dynamodb").query(
            TableName=outputs[table], KeyConditionExpression=condition, ExpressionAttributeValues=values
        )

    return call


def _scan(table: str) -> Call:
    return lambda clients, outputs: clients("dynamodb").scan(TableName=outputs[table])


def _list_parked(clients: Clients, outputs: Mapping[str, str]) -> None:
    """List the parked objects as the how-to does."""
    clients("dynamodb").scan(TableName=outputs[ROWS], IndexName="ParkedDomains")
    clients("dynamodb").scan(TableName=outputs[ROWS], IndexName="ParkedDomains", Select="COUNT")


def _put(table: str) -> Call:
    return lambda clients, outputs: clients("dynamodb").put_item(TableName=outputs[table], Item=_key(table))


def _write_in_a_transaction(clients: Clients, outputs: Mapping[str, str]) -> None:
    puts = [{"Put": {"TableName": outputs[table], "Item": _key(table)}} for table in (EVENTS, ROWS)]
    clients("dynamodb").transact_write_items(TransactItems=puts)


def _delete(table: str) -> Call:
    return lambda clients, outputs: clients("dynamodb").delete_item(TableName=outputs[table], Key=_key(table))


def _list_streams(clients: Clients, _: Mapping[str, str]) -> None:
    clients("dynamodbstreams").list_streams()


def _receive(clients: Clients, outputs: Mapping[str, str]) -> None:
    clients("sqs").receive_message(QueueUrl=outputs["ingest_dead_letter_queue_url"])


def _purge(clients: Clients, outputs: Mapping[str, str]) -> None:
    clients("sqs").purge_queue(QueueUrl=outputs["ingest_dead_letter_queue_url"])


def _send(clients: Clients, outputs: Mapping[str, str]) -> None:
    clients("sqs").send_message(QueueUrl=outputs["ingest_queue_url"], MessageBody="{}")


def _key(table: str) -> dict[str, Any]:
    ranges: dict[str, dict[str, Any]] = {
        EVENTS: {"EventKey": {"S": "none"}},
        SNAPSHOTS: {"CpEventSourceSlot": {"N": "0"}},
    }
    key: dict[str, Any] = {"DomainId": {"S": "none"}}
    return key | ranges.get(table, {})


def _decide(clients: Clients, outputs: Mapping[str, str]) -> None:
    """Decide as a service does, with a snapshot after some events."""
    settings = replace(DeciderSettings.of(outputs[OUTPUT], OUTPUT), events_per_snapshot=2)
    domain_id = uuid4().hex
    objects: Objects[Any] = Objects(deciding(settings, DomainLogic(ids_only()), clients("dynamodb"), Clock()))
    objects.decide(domain_id, lambda _: [Event("A")] * 5, user_id="ada")
    done = objects.decide(domain_id, lambda _: [Event("B")], user_id="ada")
    assert len(done.events) == 1
    assert objects.get(domain_id) == done.object


def ids_only() -> ModuleType:
    """Logic whose rows hold only their ids."""

    @dataclass
    class Log:
        DomainId: str

        def apply(self) -> None:
            """Nothing is kept."""

    module = ModuleType("domain_handler")
    functions = {
        "from_dynamo_item": staticmethod(lambda item: Log(item.DomainId)),
        "create_new": staticmethod(lambda domain_id: Log(domain_id)),
        "to_dynamo_item": staticmethod(lambda log: {"DomainId": log.DomainId}),
    }
    module.__dict__.update(Domain=type("Domain", (), functions), Log=Log)
    return module


READ_ROWS: dict[str, Call] = {
    "get a row": _get(ROWS),
    "get rows": _batch_get(ROWS),
    "query rows": _query(ROWS),
    "scan rows": _scan(ROWS),
}
READ_EVENTS: dict[str, Call] = {
    "get an event": _get(EVENTS),
    "get events": _batch_get(EVENTS),
    "query events": _query(EVENTS),
    "scan events": _scan(EVENTS),
}
LOOK: dict[str, Call] = {
    **READ_ROWS,
    **READ_EVENTS,
    "list parked objects": _list_parked,
    "read the quarantine": _receive,
}
"""What the operators' commands that change nothing do."""

ALLOWED: dict[str, dict[str, Call]] = {
    "publisher": {"put an event": _put_event},
    "reader": {**READ_ROWS, "list parked objects": _list_parked, "list streams": _list_streams},
    "auditor": {**LOOK, "list streams": _list_streams},
    "operator": {**LOOK, "restore an event": _put(EVENTS), "send a message back": _send},
    "decider": {
        "decide": _decide,
        "get a row": _get(ROWS),
        "query events": _query(EVENTS),
        "write an event and a row in a transaction": _write_in_a_transaction,
        "get a snapshot": _get(SNAPSHOTS),
        "change a snapshot": _put(SNAPSHOTS),
    },
}

OTHERS: dict[str, Call] = {
    "change a row": _put(ROWS),
    "put an event on another bus": _put_event_on("default"),
    "delete a row": _delete(ROWS),
    "delete history": _delete(EVENTS),
    "purge the quarantine": _purge,
}
"""Calls that no policy allows."""

CALLS = {name: call for calls in ALLOWED.values() for name, call in calls.items()} | OTHERS


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("policy", ALLOWED)
def test_a_policy_allows_exactly_the_calls_that_it_is_for(deployed: Deployed, policy: str, call: str) -> None:
    clients = deployed.neighbour(policy)

    if call in ALLOWED[policy]:
        CALLS[call](clients, deployed.pipeline.outputs)
    else:
        with pytest.raises(ClientError, match=r"AccessDenied.* is not authorized to perform"):
            CALLS[call](clients, deployed.pipeline.outputs)
