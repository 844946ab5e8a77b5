"""Policies on the bus, its rules and their targets."""

from collections.abc import Iterator
from typing import Final

from .documents import Request, actions, allows, json_object, principals
from .policy import EVENTS, EachPolicy, PipelinePolicy, has, protected, shown
from .resource import Pipeline, Resource


def _lets_in_own_account(pipeline: Pipeline) -> Iterator[tuple[Resource, str]]:
    expected = {pipeline.root, *(_principal(each, pipeline) for each in pipeline.settings.get("publishers", ()))}
    for bus in pipeline.all_of("EventBus"):
        policy = pipeline.statements("EventBusPolicy", eventBusName=bus.known("name"))
        for who in sorted(expected):
            if not allows(policy, Request("events:PutEvents", bus.known("arn"), who)):
                yield bus, f"the bus's policy must allow events:PutEvents to {who}"
        for statement in policy:
            if others := set(principals(statement)) - expected:
                yield bus, f"the bus's policy lets in {', '.join(sorted(others))}"
            if actions(statement) != ["events:PutEvents"]:
                yield bus, f"the bus's policy must be about events:PutEvents alone; found {shown(statement['Action'])}"


def _principal(publisher: str, pipeline: Pipeline) -> str:
    return f"arn:{pipeline.partition}:iam::{publisher}:root" if publisher.isdigit() else publisher


def _matches_own_domain(rule: Resource) -> Iterator[str]:
    if rule.get("scheduleExpression"):
        yield "scheduleExpression must not be given"
    pattern = json_object(rule.get("eventPattern") or "{}", "eventPattern").get("detail", {})
    domain = rule.get("tags", "cp-event-source:domain")
    if pattern not in ({"EventType": [type_], "DomainName": [domain]} for type_ in ("DOMAIN", "REBUILD")):
        yield f"eventPattern must match one type of event of the domain {domain} alone; found {shown(pattern)}"


def _targets_keep_what_they_cannot_deliver(pipeline: Pipeline) -> Iterator[tuple[Resource, str]]:
    rules = {each.known("name"): each for each in pipeline.all_of("EventRule")}
    queues = pipeline.by_arn("Queue")
    targets = pipeline.all_of("EventTarget")
    for name, rule in rules.items():
        of_rule = [each for each in targets if each.get("rule") == name]
        if len(of_rule) != 1:
            yield rule, f"must have one target; found {len(of_rule)}"
        for target in of_rule:
            for expected, path in ((24 * 3600, "maximumEventAgeInSeconds"), (185, "maximumRetryAttempts")):
                yield from ((target, each) for each in has("retryPolicy", path, must_be=expected)(target))
            dead_letters = target.get("deadLetterConfig", "arn")
            if dead_letters not in queues:
                yield target, f"deadLetterConfig.arn must be a queue of the pipeline; found {shown(dead_letters)}"
            for arn in {dead_letters, target.get("arn")} & queues.keys():
                if not _rule_may_send(pipeline, queues[arn], rule):
                    yield queues[arn], f"the queue's policy must allow sqs:SendMessage to the rule {rule.name}"


def _rule_may_send(pipeline: Pipeline, queue: Resource, rule: Resource) -> bool:
    source = {
        "aws:SourceArn": rule.known("arn"),
        "aws:SourceAccount": pipeline.account,
        "aws:SecureTransport": "true",
    }
    request = Request("sqs:SendMessage", queue.known("arn"), EVENTS, source)
    return allows(pipeline.queue_policy(queue), request)


POLICIES: Final = (
    PipelinePolicy(
        "bus-policy",
        _lets_in_own_account,
        settings={
            "publishers": {
                "type": "array",
                "items": {"type": "string"},
                "description": "The accounts and ARNs that the component's input publishers may name.",
            }
        },
    ),
    EachPolicy("bus-protected", ("EventBus",), protected),
    EachPolicy("rules-match-own-domain", ("EventRule",), _matches_own_domain),
    PipelinePolicy("target-dead-letters", _targets_keep_what_they_cannot_deliver),
)
