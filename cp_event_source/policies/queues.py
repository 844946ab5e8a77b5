"""Policies on the queues."""

from collections.abc import Iterator
from typing import Final

from .documents import actions, json_object, principals, values
from .policy import EVENTS, EachPolicy, PipelinePolicy, encrypted, has, protected, refuses_without_tls, shown
from .resource import Pipeline, Resource

_14_DAYS: Final = 14 * 24 * 3600


def _not_public(pipeline: Pipeline) -> Iterator[tuple[Resource, str]]:
    rules = set(pipeline.by_arn("EventRule"))
    for queue in pipeline.all_of("Queue"):
        for statement in pipeline.queue_policy(queue):
            if statement["Effect"] != "Allow":
                continue
            condition = statement.get("Condition", {})
            sources = set(values(condition.get("ArnEquals", {}).get("aws:SourceArn", "*")))
            if (principals(statement), actions(statement)) != ([EVENTS], ["sqs:SendMessage"]):
                yield queue, f"the queue's policy allows {shown(statement['Action'])} to {principals(statement)}"
            elif not sources <= rules:
                yield queue, f"the queue's policy lets in {', '.join(sorted(sources - rules))}"
            elif condition.get("StringEquals", {}).get("aws:SourceAccount") != pipeline.account:
                yield queue, "the queue's policy must name this account as aws:SourceAccount"


def _refuses_without_tls(pipeline: Pipeline) -> Iterator[tuple[Resource, str]]:
    refused = ("sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:PurgeQueue")
    for queue in pipeline.all_of("Queue"):
        if not refuses_without_tls(pipeline, pipeline.queue_policy(queue), refused, queue.known("arn")):
            yield queue, "the queue's policy must deny everything to everybody without TLS"


def _keeps(pipeline: Pipeline) -> Iterator[tuple[Resource, str]]:
    queues = pipeline.by_arn("Queue")
    for queue in queues.values():
        yield from ((queue, each) for each in has("messageRetentionSeconds", must_be=_14_DAYS)(queue))
    for mapping in pipeline.all_of("EventSourceMapping"):
        read = queues.get(mapping.known("eventSourceArn"))
        if read is not None:
            redrive = json_object(read.get("redrivePolicy") or "{}", "redrivePolicy")
            others = queues.keys() - {read.known("arn")}
            if redrive.get("deadLetterTargetArn") not in list(others) or redrive.get("maxReceiveCount") != 10:
                yield (
                    read,
                    "redrivePolicy must name another queue of the pipeline after 10 receives; found "
                    + shown(read.get("redrivePolicy")),
                )


POLICIES: Final = (
    EachPolicy("queues-encrypted", ("Queue",), encrypted),
    PipelinePolicy("queues-not-public", _not_public),
    PipelinePolicy("queues-tls", _refuses_without_tls),
    PipelinePolicy("queues-keep", _keeps),
    EachPolicy("queues-protected", ("Queue",), protected),
)
