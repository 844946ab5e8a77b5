"""The event bus, the two rules on it, and where they lead."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import pulumi
import pulumi_aws as aws

from ..inputs import arn_patterns
from . import arns
from .policy_documents import document
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


@dataclass(frozen=True)
class Routes:
    """The bus and the rules on it."""

    bus: EventBus
    domain_events: aws.cloudwatch.EventRule
    """Takes the domain's events."""
    rebuilds: aws.cloudwatch.EventRule
    """Takes requests to rebuild one of the domain's objects."""


def routes(scope: Scope, given: pulumi.Output[str] | None, *, domain_name: str, keep: bool) -> Routes:
    """The rules, on the bus given by name or ARN, else on one of our own.

    Our own is protected with `keep`: PutEvents to a bus that is gone reports success, and its events are lost.

    A bus given by name has the account and region of a rule on it: asking AWS for its ARN would need a call at preview,
    and rights to make it.
    """
    if given is None:
        own = aws.cloudwatch.EventBus(
            scope.child("bus"),
            description=f"Events of the domain {domain_name}",
            tags=scope.tags,
            opts=scope.options(protect=keep),
        )
        domain_events, rebuilds = _rules(scope, own.name, domain_name)
        return Routes(EventBus(own, own.name, own.arn), domain_events, rebuilds)
    name = given.apply(arn_patterns.event_bus_name)
    domain_events, rebuilds = _rules(scope, name, domain_name)
    here = domain_events.arn
    arn = given.apply(
        lambda it: it if arn_patterns.EVENT_BUS.fullmatch(it) else here.apply(partial(arns.event_bus_beside, it))
    )
    name_in_place = pulumi.Output.all(name, arn, here).apply(lambda known: _name_if_in_place(*known))
    return Routes(EventBus(None, name_in_place, arn), domain_events, rebuilds)


def bus_policy(
    scope: Scope, bus: aws.cloudwatch.EventBus, publishers: Sequence[pulumi.Input[str]]
) -> aws.cloudwatch.EventBusPolicy:
    """Who may put events on our own bus: this account, as its own policies say, and the publishers given.

    Args:
        publishers: accounts, by number, and roles or users, by ARN.
    """

    def principals(known: Sequence[str]) -> list[str]:
        bus_arn, *others = known
        partition, _, account = arns.place_of(bus_arn)
        return [
            f"arn:{partition}:iam::{other}:root" if arn_patterns.ACCOUNT.fullmatch(other) else other
            for other in dict.fromkeys([account, *others])
        ]

    statement = {
        "Sid": "Publish",
        "Effect": "Allow",
        "Principal": {"AWS": pulumi.Output.all(bus.arn, *publishers).apply(principals)},
        "Action": "events:PutEvents",
        "Resource": bus.arn,
    }
    return aws.cloudwatch.EventBusPolicy(
        scope.child("bus"), event_bus_name=bus.name, policy=document([statement]), opts=scope.options()
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


def _rules(
    scope: Scope, bus_name: pulumi.Output[str], domain_name: str
) -> tuple[aws.cloudwatch.EventRule, aws.cloudwatch.EventRule]:
    return (
        _rule(scope, "domain-event", "Domain events to the ingest queue", bus_name, "DOMAIN", domain_name),
        _rule(scope, "rebuild", "Rebuild requests to the project function", bus_name, "REBUILD", domain_name),
    )


def _rule(
    scope: Scope, suffix: str, description: str, bus_name: pulumi.Output[str], event_type: str, domain_name: str
) -> aws.cloudwatch.EventRule:
    """A rule for the events of one type of one domain."""
    return aws.cloudwatch.EventRule(
        scope.child(suffix),
        description=description,
        event_bus_name=bus_name,
        event_pattern=json.dumps({"detail": {"EventType": [event_type], "DomainName": [domain_name]}}),
        tags=scope.tags,
        opts=scope.options(),
    )


def _name_if_in_place(name: str, bus_arn: str, here: str) -> str:
    """A bus's name, unless the bus lies elsewhere: here its name would mean another bus, or none."""
    if arns.place_of(bus_arn) != arns.place_of(here):
        raise pulumi.InputPropertiesError(
            f"cp_event_bus: {bus_arn!r} is not in the account and region of the component's rules ({here}); "
            "rules and targets must be: give a bus there, and forward events to it"
        )
    return name
