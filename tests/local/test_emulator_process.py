"""Guarantee: an invocation's log in the emulator has all that the invocation wrote, and nothing else."""

import io
import threading
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ministack.core import lambda_runtime  # type: ignore[import-untyped]

from cp_event_source.local.emulator_process import keep_all_output

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
    files = {"bootstrap": CUSTOM} if custom else {"index.py": PYTHON}
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o755 << 16
            file.writestr(entry, text)
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
        archive.getvalue(),
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
