"""What the dashboard shows: four questions, and the graphs that answer each of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from .metrics import Metric, of_function, of_handler, of_queue, of_rule, of_table
from .watched import Watched

_MILLISECONDS: Final = "milliseconds"


@dataclass(frozen=True)
class Line:
    """One line of a graph."""

    label: str
    metric: Metric
    times: pulumi.Input[float] | None = None
    """The factor that the metric is multiplied with, if any."""
    right: bool = False
    """Whether the line belongs to the right axis, which has another unit."""


@dataclass(frozen=True)
class Graph:
    """Lines over time."""

    title: str
    lines: Sequence[Line]
    left: str = "count"
    """The unit of the left axis."""
    right: str = ""
    """The unit of the right axis, if a line belongs to it."""


@dataclass(frozen=True)
class Question:
    """A question of somebody who looks at the dashboard."""

    text: str
    graphs: Sequence[Graph]


def questions(watched: Watched) -> list[Question]:
    """From top to bottom."""
    return [
        Question("Is it flowing?", _flow(watched)),
        Question("How late is it?", _lateness(watched)),
        Question("What is stuck?", _stuck(watched)),
        Question("What does it cost?", _cost(watched)),
    ]


def _flow(watched: Watched) -> list[Graph]:
    rule = watched.routes.domain_event_rule
    return [
        Graph(
            "Events: in, stored, projected, waiting",
            [
                Line("matched by the rule", of_rule(watched, rule, "TriggeredRules")),
                Line("stored", of_handler(watched, watched.persist, "EventsStored")),
                Line("projected", of_handler(watched, watched.project, "EventsProjected")),
                Line("waiting at parked objects", of_handler(watched, watched.project, "EventsWaiting")),
            ],
        ),
        Graph(
            "What the bus hands over",
            [
                Line("to the ingest queue", of_rule(watched, rule, "Invocations")),
                Line("failed", of_rule(watched, rule, "FailedInvocations")),
                Line("to the dead-letter queue", of_rule(watched, rule, "InvocationsSentToDlq")),
                Line("lost", of_rule(watched, rule, "InvocationsFailedToBeSentToDlq")),
            ],
        ),
        Graph(
            "Again, late, or returned",
            [
                Line("duplicates", of_handler(watched, watched.persist, "DuplicateEvents")),
                Line("erased before", of_handler(watched, watched.persist, "ErasedEvents")),
                Line("ids under two times", of_handler(watched, watched.project, "RepeatedEventIds")),
                Line("late events", of_handler(watched, watched.project, "LateEvents")),
                Line("domains folded again", of_handler(watched, watched.project, "DomainsRefolded")),
                Line("batches delivered again", of_handler(watched, watched.project, "BatchesRedelivered")),
                Line("messages returned", of_handler(watched, watched.persist, "MessagesReturned")),
                Line("domains returned", of_handler(watched, watched.project, "DomainsReturned")),
            ],
        ),
    ]


def _lateness(watched: Watched) -> list[Graph]:
    return [
        *(
            Graph(
                title,
                [
                    Line(statistic, of_handler(watched, watched.project, metric, statistic))
                    for statistic in ("p50", "p99", "Maximum")
                ],
                _MILLISECONDS,
            )
            for title, metric in (
                ("From arrival to row", "LagFromArrival"),
                ("From EventTime to row", "LagFromEventTime"),
            )
        ),
        Graph(
            "What waits longest",
            [
                Line("in the stream", of_function(watched.project, "IteratorAge", "Maximum")),
                Line(
                    "in the ingest queue", of_queue(watched.queues.ingest, "ApproximateAgeOfOldestMessage"), right=True
                ),
            ],
            _MILLISECONDS,
            "seconds",
        ),
    ]


def _stuck(watched: Watched) -> list[Graph]:
    aside = {
        "ingest dead letters": watched.queues.ingest_dead_letter,
        "parked": watched.queues.parked,
        "projection dead letters": watched.queues.projection_dead_letter,
    }
    functions = _functions(watched)
    return [
        Graph(
            "Messages",
            [
                Line(name, of_queue(queue, "ApproximateNumberOfMessagesVisible"))
                for name, queue in {"ingest": watched.queues.ingest, **aside}.items()
            ],
        ),
        Graph(
            "Age of the oldest",
            [Line(name, of_queue(queue, "ApproximateAgeOfOldestMessage")) for name, queue in aside.items()],
            "seconds",
        ),
        Graph(
            "Quarantined events",
            [
                Line("contract violations", of_handler(watched, watched.persist, "ContractViolations")),
                Line("conflicts", of_handler(watched, watched.persist, "ConflictingEvents")),
                Line("unstorable", of_handler(watched, watched.persist, "UnstorableEvents")),
            ],
        ),
        Graph(
            "Domain objects",
            [
                Line("parked", of_handler(watched, watched.project, "DomainsParked")),
                Line("healed", of_handler(watched, watched.project, "DomainsHealed")),
            ],
        ),
        Graph(
            "Rebuilds",
            [
                Line("requested", of_rule(watched, watched.routes.rebuild_rule, "TriggeredRules")),
                Line("done", of_handler(watched, watched.project, "DomainsRebuilt")),
                Line("failed", of_handler(watched, watched.project, "RebuildsFailed")),
                Line("given up", of_function(watched.project, "AsyncEventsDropped")),
                Line("reports not delivered", of_function(watched.project, "DestinationDeliveryFailures")),
            ],
        ),
        Graph(
            "Writers of one row that met",
            [
                Line("a decision was under way", of_table(watched.tables.domain, "TransactionConflict")),
                Line("another was faster", of_table(watched.tables.domain, "ConditionalCheckFailedRequests")),
            ],
        ),
        Graph(
            "Failures and throttling",
            [
                *(Line(f"{name} errors", of_function(each, "Errors")) for name, each in functions.items()),
                *(Line(f"{name} throttled", of_function(each, "Throttles")) for name, each in functions.items()),
                *(
                    Line(f"{name} {what}", of_table(table, metric))
                    for name, table in _tables(watched).items()
                    for what, metric in (("reads", "ReadThrottleEvents"), ("writes", "WriteThrottleEvents"))
                ),
            ],
        ),
    ]


def _cost(watched: Watched) -> list[Graph]:
    functions = _functions(watched)
    return [
        *(
            Graph(title, [Line(name, of_table(table, metric)) for name, table in _tables(watched).items()])
            for title, metric in (
                ("Read units", "ConsumedReadCapacityUnits"),
                ("Write units", "ConsumedWriteCapacityUnits"),
            )
        ),
        Graph("Invocations", [Line(name, of_function(each, "Invocations")) for name, each in functions.items()]),
        Graph(
            "GB-seconds",
            [
                Line(name, of_function(each, "Duration"), times=each.memory_size.apply(_gigabytes_per_millisecond))
                for name, each in functions.items()
            ],
            "GB-s",
        ),
        Graph(
            "Duration",
            [
                Line(f"{name} {statistic}", of_function(each, "Duration", statistic))
                for name, each in functions.items()
                for statistic in ("p50", "Maximum")
            ],
            _MILLISECONDS,
        ),
        Graph(
            "At once",
            [Line(name, of_function(each, "ConcurrentExecutions", "Maximum")) for name, each in functions.items()],
            "invocations",
        ),
    ]


def _gigabytes_per_millisecond(memory_mb: float | None) -> float:
    return (memory_mb or 0) / 1024 / 1000


def _functions(watched: Watched) -> dict[str, aws.lambda_.Function]:
    return {"persist": watched.persist, "project": watched.project}


def _tables(watched: Watched) -> dict[str, aws.dynamodb.Table]:
    return {
        "events": watched.tables.domain_events,
        "rows": watched.tables.domain,
        "snapshots": watched.tables.domain_snapshots,
    }
