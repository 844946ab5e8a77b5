"""What a person needs to look around in a run that is kept up: where it is, and commands to paste."""

import json
import os
import shlex
import sys
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from cp_event_source.handler.values import exact_json
from cp_event_source.local.drain import Sent
from cp_event_source.local.emulator import CREDENTIALS, REGION
from cp_event_source.local.pipeline import Pipeline
from cp_event_source.local.run import LocalRun, Stack

_HERE: Final = "127.0.0.1"


def environment(run: LocalRun) -> dict[str, str]:
    """The variables with which AWS's own tools use the emulator, without a proxy and the files for real accounts."""
    return {
        "AWS_ENDPOINT_URL": run.endpoint,
        "AWS_DEFAULT_REGION": REGION,
        **CREDENTIALS,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": _HERE,
        "no_proxy": _HERE,
    }


def how_to(run: LocalRun, stacks: list[Stack]) -> Iterator[str]:
    """Lines to print: where everything is, and commands to paste."""
    yield ""
    yield f"The emulator stays up: {run.endpoint}, region {REGION}. Its log: {run.emulator.folder}/emulator.log"
    for stack in stacks:
        yield ""
        yield f"Outputs of {stack.project}, stack {stack.name}:"
        width = max(map(len, stack.outputs), default=0)
        for name, value in sorted(stack.outputs.items()):
            yield f"  {name:{width}}  {value if isinstance(value, str) else json.dumps(value)}"
    yield ""
    yield "In another terminal, first:"
    # A profile or a service's own endpoint would override what is exported.
    yield "  unset $(env | grep -o '^AWS_[A-Z0-9_]*')"
    yield "  export " + " ".join(f"{name}={value}" for name, value in environment(run).items())
    for pipeline in run.pipelines:
        event = _one_more(pipeline, run.sent())
        key = {"DomainId": {"S": event["DomainId"]}}
        entry = {
            "EventBusName": pipeline.bus_name,
            "Source": "me",
            "DetailType": event["EventName"],
            "Detail": exact_json.dumps(event),
        }
        table = pipeline.outputs["domain_table_name"]
        yield ""
        yield f"To publish one more event of the domain {pipeline.domain_name}, and to read its row:"
        yield "  " + _python("events", "put_events", {"Entries": [entry]}, '["Entries"]')
        yield "  " + _python("dynamodb", "get_item", {"TableName": table, "Key": key}, '["Item"]')
        yield "The same with the AWS command line, where it is installed:"
        yield f"  aws events put-events --entries {shlex.quote(json.dumps([entry]))}"
        yield f"  aws dynamodb get-item --table-name {table} --key {shlex.quote(json.dumps(key))}"
    yield ""
    yield "Ctrl-C stops it and removes everything."


def _python(service: str, method: str, arguments: Mapping[str, Any], part: str = "") -> str:
    """A command that needs only what runs this.

    JSON and Python write arguments of texts, objects and arrays in the same way.
    """
    values = ", ".join(f"{name}={json.dumps(value)}" for name, value in arguments.items())
    code = f'import boto3, pprint; pprint.pp(boto3.client("{service}").{method}({values}){part})'
    return f"{shlex.quote(sys.executable)} -c {shlex.quote(code)}"


def _one_more(pipeline: Pipeline, sent: list[Sent]) -> dict[str, Any]:
    """An event like the newest stored one of a domain object that is not parked, with the time of now and a new id."""
    parked = {domain_id for domain_id, row in pipeline.rows().items() if row.parked}
    stored = {(event.domain_id, event.event_id) for event in pipeline.events() if event.domain_id not in parked}
    template = next((dict(one.entry.event) for one in reversed(sent) if one.identity in stored), None)
    if template is None:
        template = {
            "DomainId": str(uuid.uuid4()),
            "UserId": str(uuid.uuid4()),
            "EventType": "DOMAIN",
            "EventName": "SomethingHappened",
            "DomainName": pipeline.domain_name,
            "Payload": {},
            "Version": 1,
        }
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return template | {"EventId": str(uuid.uuid4()), "EventTime": now}
