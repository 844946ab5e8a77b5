"""What the command says of a run is so."""

import io
from types import SimpleNamespace
from typing import Any, cast

from rich.console import Console

from cp_event_source.local import command
from cp_event_source.local.events_file import entries
from cp_event_source.local.progress import Progress

FUNCTION = "aws:lambda/function:Function"


class Said:
    """A place for lines, and what was put there."""

    def __init__(self) -> None:
        self._console = Console(file=io.StringIO(), width=200, color_system=None)
        self.progress = Progress(self._console)

    def __str__(self) -> str:
        return cast("io.StringIO", self._console.file).getvalue()


def test_a_rebuild_request_is_no_event_for_the_store_and_is_said_not_to_be_waited_for() -> None:
    events = [
        {"EventType": "DOMAIN", "DomainName": "File"},
        {"EventType": "REBUILD", "DomainName": "File"},
        {"EventType": "DOMAIN", "DomainName": "Account"},
    ]
    run = cast("Any", SimpleNamespace(publish=lambda _: ["File", "File", None]))
    said = Said()

    command._send(run, entries(events), said.progress)

    assert "Sent 3 events: 1 for the domain File, 1 rebuild request for the domain File (not waited for), " in str(said)
    assert "1 matched no domain's rule (DOMAIN of Account)" in str(said)


def test_functions_that_are_no_pipelines_are_said_not_to_be_waited_for() -> None:
    pipeline = SimpleNamespace(outputs={"persist_function_arn": "persist", "project_function_arn": "project"})
    run = cast("Any", SimpleNamespace(pipelines=[pipeline]))
    functions = [SimpleNamespace(type=FUNCTION, name=arn, properties={"arn": arn}) for arn in ("persist", "project")]
    consumer = SimpleNamespace(type=FUNCTION, name="search", properties={"arn": "search"})
    alone, followed = Said(), Said()

    command._note_other_functions(run, [cast("Any", SimpleNamespace(resources=functions))], alone.progress)
    command._note_other_functions(
        run, [cast("Any", SimpleNamespace(resources=[*functions, consumer]))], followed.progress
    )

    assert str(alone) == ""
    assert "note: the run does not wait for other functions: search" in str(followed)


def test_a_provider_is_not_counted_as_a_resource() -> None:
    made = [
        SimpleNamespace(type="pulumi:providers:aws", id="local"),
        SimpleNamespace(type="aws:sqs/queue:Queue", id="q"),
        SimpleNamespace(type="cp-event-source:index:CpEventSource", id=""),
    ]
    run = cast("Any", SimpleNamespace(deploy=lambda *_: SimpleNamespace(resources=made, pipelines=[])))
    said = Said()

    command._deploy(run, cast("Any", "here"), cast("Any", SimpleNamespace(config={})), said.progress)

    assert "Deployed here: 1 resource\n" in str(said)
