"""The largest batches that Lambda delivers, with the content that needs the most memory.

As a program, with the names of a function and of a shape, it passes such a batch to the function's entry point, with
real clients but without a network, and prints the peak memory of the process in megabytes.
"""

import importlib
import io
import json
import os
import sys
from base64 import b64encode
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from urllib3 import HTTPResponse

from cp_event_source.handler.aws import clients
from cp_event_source.handler.aws.domain_table import MAX_ROWS_PER_READ
from cp_event_source.handler.domain import logic as domain_logic
from cp_event_source.handler.domain.logic import DomainLogic
from cp_event_source.handler.domain.state import DomainState
from cp_event_source.handler.events.ingest import event_item
from cp_event_source.handler.events.key_set import NO_KEYS
from cp_event_source.handler.projection.rows import DomainRow
from cp_event_source.handler.values import exact_json
from cp_event_source.handler.values.attribute_value import encode, encode_item

from ..faults.functions import ENVIRONMENT
from .given import detail, layer

STATUS = Path("/proc/self/status")
MESSAGE = 1024 * 1024 - 1024
INVOCATION = 6 * 1024 * 1024
ROW = 375_000
SETTINGS = {
    **ENVIRONMENT,
    "DOMAIN_NAME": "File",
    "INGEST_DEAD_LETTER_QUEUE_URL": "https://localhost/letters",
    "PARKED_QUEUE_URL": "https://localhost/parked",
    "EVENTS_PER_SNAPSHOT": "100",
}


def array(element: str, size: int) -> str:
    """An array with as many elements as fit into this many bytes."""
    return f"[{','.join([element] * (size // (len(element) + 1)))}]"


def nested(size: int) -> str:
    """Arrays in each other."""
    return "[" * (size // 2) + "]" * (size // 2)


class Document:
    """Holds the payload of its last event."""

    def __init__(self, domain_id: str, last: Any = None) -> None:
        self.domain_id, self.last = domain_id, last

    def apply(self, payload: Any) -> None:
        self.last = payload if payload is not None else self.last


class Domain:
    """Its rows."""

    @staticmethod
    def create_new(domain_id: str) -> Document:
        return Document(domain_id)

    @staticmethod
    def from_dynamo_item(item: Any) -> Document:
        return Document(item.DomainId, item.Last)

    @staticmethod
    def to_dynamo_item(document: Document) -> dict[str, Any]:
        return {"DomainId": document.domain_id, "Last": document.last}


def main(function: str, shape: str) -> None:
    """Print the peak; raise if a record was returned."""
    os.environ.update(SETTINGS)
    domain_logic.load = lambda: DomainLogic(layer(Document, Domain))
    kind, _, rows = function.partition("-")
    make = nested if shape == "nested" else lambda size: array(shape, size)
    row = text(_row(make(ROW))) if rows else ""
    stored: list[str] = []
    replies = SimpleNamespace(row=row, stored=stored)
    dynamodb, sqs = clients.dynamodb(), clients.sqs()
    for client in (dynamodb, sqs):
        client.meta.events.register_first("before-send.*.*", lambda request, **_: _reply(request, replies))
    clients.dynamodb, clients.sqs = lambda: dynamodb, lambda: sqs
    if kind == "persist":
        message = {"messageId": "m", "body": json.dumps({"detail": detail(1, "@")}).replace('"@"', make(MESSAGE))}
        records = [json.dumps(message)] * (INVOCATION // MESSAGE)
    elif rows:
        records = [text(_record("null", f"d-{number}")) for number in range(MAX_ROWS_PER_READ)]
    else:
        record = _record(make(ROW), "d-0")
        records = [text(record)] * (INVOCATION // len(text(record)))
        stored.append(text(record["dynamodb"]["NewImage"]))
    handle = importlib.import_module(f"cp_event_source.handler.{kind}_function").handle
    event = json.loads(f'{{"Records":[{",".join(records)}]}}')
    out, sys.stdout = sys.stdout, io.StringIO()
    reply = handle(event, None)
    sys.stdout = out
    if reply["batchItemFailures"]:
        raise AssertionError(reply)
    sys.stdout.write(f"{_peak()}\n")


def _peak() -> int:
    # not getrusage: its figure outlives exec, and may be that of the process which started this one
    lines = STATUS.read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) // 1024


def _record(payload: str, domain_id: str) -> dict[str, Any]:
    body = json.dumps({"detail": detail(2, "@", DomainId=domain_id)}).replace('"@"', payload)
    item = event_item(body, domain_name="File", latest="9")
    item["Payload"] = encode(exact_json.loads(payload))  # as it may have been stored before many values were compressed
    keys = {name: item[name] for name in ("DomainId", "EventKey")}
    return {"eventName": "INSERT", "dynamodb": {"Keys": keys, "NewImage": item, "SequenceNumber": "1"}}


def _row(payload: str) -> dict[str, Any]:
    attributes = encode_item({"DomainId": "@", "Last": exact_json.loads(payload)})
    return DomainRow("@", DomainState(attributes, "2025", NO_KEYS.plus("2025")), "v1").to_item()


def _reply(request: Any, replies: Any) -> Any:
    from botocore.awsrequest import AWSResponse

    operation = request.headers["X-Amz-Target"].decode().partition(".")[2]
    body = "{}"
    if operation == "BatchGetItem":
        asked = json.loads(request.body)["RequestItems"]["rows"]["Keys"] if replies.row else []
        found = (replies.row.replace('"@"', json.dumps(key["DomainId"]["S"])) for key in asked)
        body = f'{{"Responses":{{"rows":[{",".join(found)}]}},"UnprocessedKeys":{{}}}}'
    elif operation == "Query":
        body = f'{{"Items":[{",".join(replies.stored)}]}}'
    headers: Any = {}
    return AWSResponse(request.url, 200, headers, HTTPResponse(io.BytesIO(body.encode()), preload_content=False))


def text(value: Any) -> str:
    """JSON as AWS sends it, bytes in base64."""
    return json.dumps(value, default=lambda data: b64encode(data).decode())


if __name__ == "__main__":
    main(*sys.argv[1:])
