"""The event bus, the two rules on it, and where they lead."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from . import arns
from .queues import Queues
from .scope import Scope

MAX_EVENT_AGE_SECONDS: Final = 24 * 3600
MAX_RETRY_ATTEMPTS: Final = 185
"""EventBridge's maxima for a target, after which the event goes to the dead-letter queue."""


@dataclass(frozen=True)
class EventBus:
    """The bus that the rules are on."""

    resource: aws.cloudwatch.EventBus | None
    """None when the bus was given."""
    name: pulumi.Output[str]
    arn: pulumi.Output[str]


def event_bus(
    scope: Scope, given: pulumi.Output[str] | None, *, beside: aws.dynamodb.Table, domain_name: str
) -> EventBus:
    """The bus given by name or ARN, else one of our own.

    The ARN of a bus given by name is made from that of a resource beside it: asking AWS for it would need a
    call at preview, and rights to make it.
    """
    if given is None:
        own = aws.cloudwatch.EventBus(
            scope.child("bus"),
            description=f"Events of the domain {domain_name}",
            tags=scope.tags,
            opts=scope.options(),
        )
        return EventBus(own, own.name, own.arn)

    def name_of(name_or_arn: str) -> pulumi.Input[str]:
        arn = arns.EVENT_BUS.fullmatch(name_or_arn)
        return beside.arn.apply(lambda here: _name_if_in_place(name_or_arn, arn["name"], here)) if arn else name_or_arn

    def arn_of(name_or_arn: str) -> pulumi.Input[str]:
        if arns.EVENT_BUS.fullmatch(name_or_arn):
            return name_or_arn
        return beside.arn.apply(lambda arn: arns.event_bus_beside(arn, name_or_arn))

    return EventBus(None, given.apply(name_of), given.apply(arn_of))


def rule(
    scope: Scope, suffix: str, *, bus: EventBus, event_type: str, domain_name: str, description: str
) -> aws.cloudwatch.EventRule:
    """A rule for the events of one type of one domain."""
    return aws.cloudwatch.EventRule(
        scope.child(suffix),
        description=description,
        event_bus_name=bus.name,
        event_pattern=json.dumps({"detail": {"EventType": [event_type], "DomainName": [domain_name]}}),
        tags=scope.tags,
        opts=scope.options(),
    )


def target(
    scope: Scope,
    suffix: str,
    *,
    bus: EventBus,
    rule: aws.cloudwatch.EventRule,
    arn: pulumi.Output[str],
    queues: Queues,
    depends_on: Sequence[pulumi.Resource],
) -> aws.cloudwatch.EventTarget:
    """Where a rule leads: the whole event, for a day, and then the ingest dead-letter queue.

    `depends_on`: what lets the rule write there, so that the first events are not turned away.
    """
    return aws.cloudwatch.EventTarget(
        scope.child(suffix),
        event_bus_name=bus.name,
        rule=rule.name,
        target_id=suffix,
        arn=arn,
        dead_letter_config=aws.cloudwatch.EventTargetDeadLetterConfigArgs(arn=queues.ingest_dead_letter.arn),
        retry_policy=aws.cloudwatch.EventTargetRetryPolicyArgs(
            maximum_event_age_in_seconds=MAX_EVENT_AGE_SECONDS, maximum_retry_attempts=MAX_RETRY_ATTEMPTS
        ),
        opts=scope.options(depends_on=depends_on),
    )


def invoke_permission(
    scope: Scope, suffix: str, *, function: aws.lambda_.Function, rule: aws.cloudwatch.EventRule
) -> aws.lambda_.Permission:
    """Lets one rule of this account, and nothing else of EventBridge, invoke the function."""
    return aws.lambda_.Permission(
        scope.child(suffix),
        action="lambda:InvokeFunction",
        function=function.name,
        principal="events.amazonaws.com",
        source_arn=rule.arn,
        source_account=function.arn.apply(arns.account_of),
        opts=scope.options(),
    )


def _name_if_in_place(bus_arn: str, name: str, here: str) -> str:
    """A bus's name, unless the bus lies elsewhere: here its name would mean another bus, or none."""
    if arns.place_of(bus_arn) != arns.place_of(here):
        raise pulumi.InputPropertiesError(
            f"cp_event_bus: {bus_arn!r} is not in the account and region of the component's tables ({here}); "
            "rules and targets must be: give a bus there, and forward events to it"
        )
    return name
