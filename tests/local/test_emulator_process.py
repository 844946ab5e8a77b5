"""Guarantee: an invocation's log in the emulator has all that the invocation wrote, and nothing else."""

import io
import json
import threading
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ministack.core import lambda_runtime  # type: ignore[import-untyped]

from cp_event_source.local import LocalRun
from cp_event_source.local.clients import emulator_clients
from cp_event_source.local.emulator import REGION
from cp_event_source.local.emulator_process import keep_all_output
from cp_event_source.local.function_logs import invocations

PYTHON = """
import os

def handle(event, context):
    for number in range(event["lines"]):
        print(f"{event['name']} {number} \\u00e9")
    if event.get("fails"):
        raise ValueError("it fails")
    os.write(2, event.get("end", "").encode())
"""
CUSTOM = """#!/usr/bin/env python3
import http.client, json, os
api, path = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"]), "/2018-06-01/runtime/invocation"
while True:
    api.request("GET", f"{path}/next")
    asked = api.getresponse()
    event = json.loads(asked.read())
    for number in range(event["lines"]):
        print(f"{event['name']} {number} \\u00e9", flush=True)
    api.request("POST", f"{path}/{asked.headers['Lambda-Runtime-Aws-Request-Id']}/response", "{}")
    api.getresponse().read()
"""
Invoke = Callable[[dict[str, Any]], list[str]]


def lines(name: str, number: int) -> list[str]:
    return [f"{name} {each} \u00e9" for each in range(number)]


def archive(name: str, text: str) -> bytes:
    """A function's code: one file."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        entry = zipfile.ZipInfo(name)
        entry.external_attr = 0o755 << 16
        file.writestr(entry, text)
    return made.getvalue()


@pytest.fixture(params=["python", "custom"])
def invoke(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Invoke]:
    """MiniStack's own workers. Gives what an invocation wrote."""
    for kind, names in {
        lambda_runtime.Worker: ("_read_stderr", "_drain_stderr", "_drain_stderr_bounded"),
        lambda_runtime.ProvidedWorker: ("_pump_output",),
    }.items():
        for name in names:  # so that they are MiniStack's again after the test
            monkeypatch.setattr(kind, name, getattr(kind, name))
        monkeypatch.setattr(lambda_runtime.Worker, "_proc", None, raising=False)
    keep_all_output(lambda_runtime)
    custom = request.param == "custom"
    code = archive("bootstrap", CUSTOM) if custom else archive("index.py", PYTHON)
    kind = lambda_runtime.ProvidedWorker if custom else lambda_runtime.Worker
    worker = kind(
        "writer",
        {
            "FunctionName": "writer",
            "FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:writer",
            "Runtime": "provided.al2023" if custom else "python3.14",
            "Handler": "index.handle",
            "Timeout": 60,
        },
        code,
    )
    ended: list[str] = []

    def lines_of(event: dict[str, Any]) -> list[str]:
        ended.append("")
        done: list[str] = worker.invoke(event, f"00000000-0000-0000-0000-{len(ended):012}")["log"].splitlines()
        return done

    yield lines_of
    worker.kill()


def test_lines_that_no_thread_has_read_yet_are_in_the_log(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a busy machine, where the thread that reads them may run much later than the one that writes the log."""
    later = threading.Event()
    for kind, name in ((lambda_runtime.Worker, "_read_stderr"), (lambda_runtime.ProvidedWorker, "_pump_output")):
        monkeypatch.setattr(kind, name, lambda *_: later.wait())

    assert invoke({"name": "first", "lines": 10}) == lines("first", 10)
    assert invoke({"name": "second", "lines": 0}) == []
    assert invoke({"name": "third", "lines": 1}) == lines("third", 1)
    later.set()


def test_an_invocation_may_write_more_than_a_pipe_holds(invoke: Invoke) -> None:
    assert invoke({"name": "x" * 1000, "lines": 300}) == lines("x" * 1000, 300)
    assert invoke({"name": "second", "lines": 1}) == lines("second", 1)


@pytest.mark.parametrize("invoke", ["python"], indirect=True)
def test_a_function_that_fails_has_its_lines_in_the_log(invoke: Invoke) -> None:
    assert invoke({"name": "first", "lines": 10, "fails": True}) == lines("first", 10)
    assert invoke({"name": "second", "lines": 1}) == lines("second", 1)


@pytest.mark.parametrize("invoke", ["python"], indirect=True)
def test_a_last_line_need_not_end(invoke: Invoke) -> None:
    assert invoke({"name": "first", "lines": 1, "end": "cut"}) == [*lines("first", 1), "cut"]
    assert invoke({"name": "second", "lines": 1}) == lines("second", 1)


def test_so_it_is_in_the_emulator(run: LocalRun) -> None:
    """MiniStack itself would take the end of this line for the beginning of the next one."""
    clients = emulator_clients(run.endpoint, REGION)
    clients("lambda").create_function(
        FunctionName="writer",
        Runtime="python3.14",
        Role="arn:aws:iam::000000000000:role/writer",
        Handler="index.handle",
        Code={"ZipFile": archive("index.py", PYTHON)},
    )
    for name in ("first", "second"):
        event = {"name": name, "lines": 1, "end": "cut"}
        clients("lambda").invoke(FunctionName="writer", Payload=json.dumps(event))
    written = [invocation.lines for invocation in invocations(clients, "writer")]
    assert written == [[*lines("first", 1), "cut"], [*lines("second", 1), "cut"]]
