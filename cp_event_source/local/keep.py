"""What a person needs to look around in a run that is kept up: where it is, and commands to paste."""

import json
import os
import shlex
import sys
import uuid
from collections.abc import Iterator, Mapping
from typing import Any, Final

from cp_event_source.decide.settings import OUTPUT, VARIABLE
from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.handler.values import exact_json
from cp_event_source.local.drain import Sent
from cp_event_source.local.emulator import CREDENTIALS, REGION
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
    yield "In another terminal, the operators' commands work on it with --local, such as:"
    for command in ("status", "parked", "verify --all"):
        yield f"  cp-event-source {command} --local"
    yield ""
    yield "For other tools there, first:"
    # A profile or a service's own endpoint would override what is exported.
    yield "  unset $(env | grep -o '^AWS_[A-Z0-9_]*')"
    yield "  export " + " ".join(f"{name}={value}" for name, value in environment(run).items())
    for pipeline in run.pipelines:
        event = _one_more(pipeline, run.sent())
        key = {"DomainId": {"S": event["DomainId"]}}
        table = pipeline.outputs["domain_table_name"]
        yield ""
        yield f"To publish a new event of the domain {pipeline.domain_name} each time, and to read its row:"
        yield f"  {_python(_publishing(pipeline, event))}"
        yield f"  {_python(_reading(table, key))}"
        yield "The same with the AWS command line, where it is installed:"
        entries = _python(f"{_new_entries(pipeline, event)}; print(json.dumps(entries))")
        yield f'  aws events put-events --entries "$({entries})"'
        yield f"  aws dynamodb get-item --table-name {table} --key {shlex.quote(json.dumps(key))}"
        yield "For a service that decides on its objects:"
        yield f"  export {VARIABLE}={shlex.quote(pipeline.outputs[OUTPUT])}"


def _python(code: str) -> str:
    """A command that needs only what runs this."""
    return f"{shlex.quote(sys.executable)} -c {shlex.quote(code)}"


def _publishing(pipeline: Pipeline, event: Mapping[str, Any]) -> str:
    send = 'pprint.pp(boto3.client("events").put_events(Entries=entries)["Entries"])'
    return f"import boto3, pprint; {_new_entries(pipeline, event)}; {send}"


def _reading(table: str, key: Mapping[str, Any]) -> str:
    get = f"get_item(TableName={table!r}, Key={key!r})"
    return f'import boto3, pprint; pprint.pp(boto3.client("dynamodb").{get}["Item"])'


def _new_entries(pipeline: Pipeline, event: Mapping[str, Any]) -> str:
    """Python code that makes `entries` of a new event: like `event`, with an EventId and the EventTime of its own.

    The rest is a text of JSON, so that numbers keep all their digits.
    """
    rest = {name: value for name, value in event.items() if name not in ("EventId", "EventTime")}
    # Interactive shells replace an exclamation mark, in some quotes too.
    text = exact_json.dumps(rest).replace("!", "\\u0021")
    entry = {"EventBusName": pipeline.bus_name, "Source": "me", "DetailType": event["EventName"]}
    return (
        "import datetime, json, uuid; "
        "now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec='milliseconds')[:23] + 'Z'; "
        f"rest = {text!r}; "
        'detail = \'{\' + f\'"EventId":"{uuid.uuid4()}","EventTime":"{now}",\' + rest[1:]; '
        f"entries = [dict({entry!r}, Detail=detail)]"
    )


def _one_more(pipeline: Pipeline, sent: list[Sent]) -> dict[str, Any]:
    """An event like the newest stored one of a domain object that is not parked; its id and its time are left open."""
    parked = {domain_id for domain_id, row in pipeline.rows().items() if row.parked}
    stored = {(event.domain_id, event.event_id) for event in pipeline.events() if event.domain_id not in parked}
    template = next((one.entry.detail for one in reversed(sent) if one.identity in stored), None)
    if template is not None:
        return dict(exact_json.loads(template))
    return {
        "DomainId": str(uuid.uuid4()),
        "UserId": str(uuid.uuid4()),
        "EventType": "DOMAIN",
        "EventName": "SomethingHappened",
        "DomainName": pipeline.domain_name,
        "Payload": {},
        "Version": 1,
    }
