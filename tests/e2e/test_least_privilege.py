"""Guarantee: the functions' roles allow what is needed, and nothing else.

The whole pipeline runs on an emulator that lets a function do only what its role grants. One test then removes each
grant that a function's own calls need, one at a time: the work that needs the grant is refused. AWS itself also uses
the roles, and the emulator does not check that. For these grants a table names the page of AWS that documents them. A
grant that is in neither table is not known to be needed, so the test fails.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from cp_event_source.local import LocalRun
from tests.e2e.conftest import EXAMPLES
from tests.e2e.events import domain_event, new_id, notices, quarantined, renamed, row, stored, uploaded
from tests.e2e.roles import Deployed, Grant
from tests.local.programs_on_disk import write_program

EVENTS_PER_SNAPSHOT = 10
EVENTS = 3 * EVENTS_PER_SNAPSHOT
"""Enough events for a snapshot before the second last event."""

PROGRAM = f"""
from cp_event_source import CpEventSource, CpEventSourceArgs, DomainPythonLayer, DomainPythonLayerArgs
layer = DomainPythonLayer("layer", DomainPythonLayerArgs(source_dir={str(EXAMPLES / "default" / "file_domain")!r}))
CpEventSource("files", CpEventSourceArgs(
    cp_domain_name="File", cp_domain_logic_layer=layer.arn, events_per_snapshot={EVENTS_PER_SNAPSHOT}))
"""


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    program = write_program(tmp_path_factory.mktemp("programs") / "least-privilege", PROGRAM)
    with LocalRun(permissions=True) as run:
        yield Deployed(run, run.deploy(program))


@dataclass(frozen=True)
class Work:
    """Something that a function does for one domain object."""

    name: str
    ask: Callable[[Deployed, str], object]
    """Makes the function do it."""
    done: Callable[[Deployed, str], object]
    """Returns a true value after the function has done it."""
    before: Callable[[Deployed, str], object] = lambda *_: None
    """Prepares it."""


def _publish(deployed: Deployed, *events: dict[str, Any]) -> None:
    """Publish events of one domain object with its id as their CorrelationId: some log lines name only that id."""
    deployed.run.publish([event | {"CorrelationId": event["DomainId"]} for event in events])


def _publish_one(deployed: Deployed, file: str) -> None:
    _publish(deployed, uploaded(file, 1))


def _is_projected(deployed: Deployed, file: str) -> bool:
    return file in deployed.pipeline.rows()


def _publish_many(deployed: Deployed, file: str) -> None:
    _publish(deployed, uploaded(file, 0), *(renamed(file, second, "name") for second in range(1, EVENTS)))


def _counts(number: int) -> Callable[[Deployed, str], bool]:
    def done(deployed: Deployed, file: str) -> bool:
        return _is_projected(deployed, file) and row(deployed.pipeline, file).state.applied.count == number

    return done


def _project_many(deployed: Deployed, file: str) -> None:
    _publish_many(deployed, file)
    deployed.run.wait_for(lambda: _counts(EVENTS)(deployed, file), "the row of all events")


def _lose_the_row(deployed: Deployed, file: str) -> None:
    _publish_one(deployed, file)
    deployed.run.wait_for(lambda: _is_projected(deployed, file), "the row")
    table = deployed.pipeline.outputs["domain_table_name"]
    deployed.run.client("dynamodb").delete_item(TableName=table, Key={"DomainId": {"S": file}})


def _project_two(deployed: Deployed, file: str) -> None:
    _publish(deployed, uploaded(file, 1))
    _publish(deployed, uploaded(_beside(file), 1))
    deployed.run.wait_for(lambda: _is_projected(deployed, _beside(file)) and _is_projected(deployed, file), "both rows")


def _beside(file: str) -> str:
    """The id of another domain object, whose log lines have the first one's id in them."""
    return f"{file}-beside"


def _deliver_both_again(deployed: Deployed, file: str) -> None:
    """In one batch, whose rows are read at once. The stream might deliver the events of two objects one by one."""
    images = [event.item for each in (file, _beside(file)) for event in stored(deployed.pipeline, each)]
    records = [
        {
            "eventID": new_id(),
            "eventName": "INSERT",
            "dynamodb": {
                "Keys": {name: image[name] for name in ("DomainId", "EventKey")},
                "NewImage": image,
                "SequenceNumber": str(number),
            },
        }
        for number, image in enumerate(images, 1)
    ]
    answer = deployed.run.client("lambda").invoke(
        FunctionName=deployed.pipeline.project_function, Payload=json.dumps({"Records": records})
    )
    _ANSWERS[file] = "FunctionError" not in answer and json.load(answer["Payload"]) == {"batchItemFailures": []}


_ANSWERS: dict[str, bool] = {}
"""Whether a batch that was delivered again was taken, by the id of its first domain object."""

STORE = Work("store", _publish_one, lambda deployed, file: stored(deployed.pipeline, file))
QUARANTINE = Work(
    "quarantine",
    lambda deployed, file: _publish(deployed, uploaded(file, 1, UserId=None)),
    lambda deployed, file: quarantined(deployed.pipeline, file),
)
PROJECT = Work("project", _publish_one, _is_projected)
PROJECT_WITH_SNAPSHOTS = Work("project with snapshots", _publish_many, _counts(EVENTS))
PROJECT_A_LATE_EVENT = Work(
    "project a late event from a snapshot",
    lambda deployed, file: _publish(deployed, renamed(file, EVENTS - 1.5, "late")),
    _counts(EVENTS + 1),
    before=_project_many,
)
PARK = Work(
    "park",
    lambda deployed, file: _publish(deployed, domain_event(file, 1, "FileUnheardOf", {})),
    lambda deployed, file: _is_projected(deployed, file) and notices(deployed.pipeline, file),
)
REBUILD = Work(
    "rebuild",
    lambda deployed, file: deployed.run.publish(
        [{"Detail": {"EventType": "REBUILD", "DomainName": "File", "DomainId": file}}]
    ),
    _is_projected,
    before=_lose_the_row,
)
DELIVER_SEVERAL = Work(
    "take a batch of several domain objects",
    _deliver_both_again,
    lambda _, file: _ANSWERS[file],
    before=_project_two,
)
WORKS = [STORE, QUARANTINE, PROJECT, PROJECT_WITH_SNAPSHOTS, PROJECT_A_LATE_EVENT, PARK, REBUILD, DELIVER_SEVERAL]

OF_THE_FUNCTIONS_OWN_CALLS = {
    Grant("persist", "StoreEvents", "dynamodb:PutItem", "domain-events"): STORE,
    Grant("persist", "PutAside", "sqs:SendMessage", "ingest-dead-letter"): QUARANTINE,
    Grant("project", "ReadEvents", "dynamodb:Query", "domain-events"): PROJECT,
    Grant("project", "KeepRows", "dynamodb:BatchGetItem", "domain"): DELIVER_SEVERAL,
    Grant("project", "KeepRows", "dynamodb:GetItem", "domain"): PROJECT,
    Grant("project", "KeepRows", "dynamodb:PutItem", "domain"): PROJECT,
    Grant("project", "KeepSnapshots", "dynamodb:PutItem", "domain-snapshots"): PROJECT_WITH_SNAPSHOTS,
    Grant("project", "KeepSnapshots", "dynamodb:GetItem", "domain-snapshots"): PROJECT_A_LATE_EVENT,
    Grant("project", "Report", "sqs:SendMessage", "parked"): PARK,
}
"""Each grant with work that cannot be done without it."""

_AWS = "https://docs.aws.amazon.com"


@dataclass(frozen=True)
class Documented:
    """Grants that AWS itself uses, or that it requires from a caller."""

    function: str
    sid: str
    actions: set[str]
    resource: str
    why: str
    source: str
    """The page of AWS that documents it."""

    def grants(self) -> set[Grant]:
        return {Grant(self.function, self.sid, action, self.resource) for action in self.actions}


OF_AWS_ITSELF = [
    Documented(
        "persist",
        "TakeEvents",
        {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"},
        "ingest",
        "Lambda polls the queue with the function's role, which needs these three",
        f"{_AWS}/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-lambda-function-trigger.html",
    ),
    Documented(
        "project",
        "FollowEvents",
        {"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"},
        "domain-events/stream",
        "Lambda reads the stream with the function's role",
        f"{_AWS}/amazondynamodb/latest/developerguide/iam-policy-example-lamda-process-dynamodb-streams.html",
    ),
    Documented(
        "project",
        "FindStreams",
        {"dynamodb:ListStreams"},
        "*",
        "Lambda requires it together with the three others; it is not an action on a stream",
        f"{_AWS}/amazondynamodb/latest/developerguide/iam-policy-example-lamda-process-dynamodb-streams.html",
    ),
    Documented(
        "project",
        "Report",
        {"sqs:SendMessage"},
        "projection-dead-letter",
        "Lambda sends to the mapping's on-failure destination with the function's role",
        f"{_AWS}/lambda/latest/dg/services-dynamodb-errors.html",
    ),
    Documented(
        "project",
        "ReportRebuilds",
        {"events:PutEvents"},
        "bus",
        "Lambda sends to the destination of asynchronous invocations with the function's role",
        f"{_AWS}/lambda/latest/dg/invocation-async-retain-records.html",
    ),
    *(
        Documented(
            function,
            "UseKey",
            {"kms:Decrypt", "kms:GenerateDataKey"},
            "key",
            "a sender to an encrypted queue needs both, and a receiver needs the first",
            f"{_AWS}/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html",
        )
        for function in ("persist", "project")
    ),
    *(
        Documented(
            function,
            "Log",
            {"logs:CreateLogStream", "logs:PutLogEvents"},
            f"{function}-logs:*",
            "Lambda writes the function's log with the function's role",
            f"{_AWS}/lambda/latest/dg/monitoring-logs.html",
        )
        for function in ("persist", "project")
    ),
    *(
        Documented(
            function,
            "Trace",
            {"xray:PutTelemetryRecords", "xray:PutTraceSegments"},
            "*",
            "Lambda's X-Ray daemon uploads with the function's role; X-Ray has no resources to limit the grant to",
            f"{_AWS}/lambda/latest/dg/services-xray.html",
        )
        for function in ("persist", "project")
    ),
]
"""What the emulator does not enforce."""


def test_every_grant_is_needed_by_the_functions_or_documented_by_aws(deployed: Deployed) -> None:
    documented = set().union(*(each.grants() for each in OF_AWS_ITSELF))

    granted = deployed.grants("persist") | deployed.grants("project")

    assert sorted(granted) == sorted(documented | set(OF_THE_FUNCTIONS_OWN_CALLS))


@pytest.mark.parametrize("work", WORKS, ids=lambda work: work.name)
def test_the_grants_of_the_roles_are_enough(deployed: Deployed, work: Work) -> None:
    file = new_id()
    work.before(deployed, file)

    work.ask(deployed, file)

    deployed.run.wait_for(lambda: bool(work.done(deployed, file)), work.name)
    assert deployed.errors("persist", file) == deployed.errors("project", file) == []


@pytest.mark.parametrize("grant", OF_THE_FUNCTIONS_OWN_CALLS, ids=str)
def test_a_function_cannot_do_its_work_without_this_grant(deployed: Deployed, grant: Grant) -> None:
    work, file = OF_THE_FUNCTIONS_OWN_CALLS[grant], new_id()
    work.before(deployed, file)

    with deployed.without(grant):
        work.ask(deployed, file)
        deployed.run.wait_for(
            lambda: bool(deployed.errors(grant.function, file) or work.done(deployed, file)), "an error, or the work"
        )

        assert {"AccessDenied" in error for error in deployed.errors(grant.function, file)} == {True}
        assert not work.done(deployed, file)


def test_every_queue_refuses_calls_without_tls(deployed: Deployed) -> None:
    """The fixture checks this before it allows plain HTTP, which the emulator needs."""
    assert deployed.refused_without_tls == dict.fromkeys(
        ["ingest", "ingest-dead-letter", "parked", "projection-dead-letter"], True
    )
