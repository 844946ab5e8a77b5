"""The event bus, the two rules on it, and their targets."""

import json
from dataclasses import dataclass
from functools import partial
from typing import Final

import pulumi
import pulumi_aws as aws

from ..inputs import arn_patterns
from . import arns
from .policy_documents import document
from .queues import Queues, create_queue_policy
from .scope import Scope

MAX_EVENT_AGE_SECONDS: Final = 24 * 3600
MAX_RETRY_ATTEMPTS: Final = 185
"""EventBridge's maxima for a target, after which the event goes to the dead-letter queue."""


@dataclass(frozen=True)
class EventBus:
    """The bus that the rules are on."""

    resource: aws.cloudwatch.EventBus | None
    """None if the bus was given."""
    name: pulumi.Output[str]
    arn: pulumi.Output[str]


@dataclass(frozen=True)
class Routes:
    """The bus and the rules on it."""

    bus: EventBus
    domain_event_rule: aws.cloudwatch.EventRule
    """Takes the domain's events to the ingest queue."""
    rebuild_rule: aws.cloudwatch.EventRule
    """Takes requests to rebuild a domain object to the project function."""


def create_routes(scope: Scope, given: pulumi.Output[str] | None, publishers: pulumi.Output[list[str]]) -> Routes:
    """The rules, without their targets, on the bus given or else on a bus of the component's own.

    The component's own bus is protected: PutEvents to a bus that is gone reports success, and its events are lost.

    A bus given by name is in the account and region of a rule on it. Asking AWS for its ARN would need a call at
    preview, and the right to make it.

    Args:
        scope: the component's.
        given: a bus's name or ARN.
        publishers: who else may put events on the component's own bus: accounts, by number, and roles or users, by ARN.
    """
    if given is None:
        own = aws.cloudwatch.EventBus(
            scope.child("bus"),
            region=scope.region,
            description=f"Events of the domain {scope.domain_name}",
            tags=scope.tags,
            opts=scope.options(protect=scope.keep),
        )
        _bus_policy(scope, own, publishers)
        return Routes(EventBus(own, own.name, own.arn), *_rules(scope, own.name))
    name = given.apply(arn_patterns.event_bus_name)
    domain_event_rule, rebuild_rule = _rules(scope, name)
    here = domain_event_rule.arn
    is_arn = arn_patterns.EVENT_BUS.fullmatch
    arn = given.apply(lambda it: it if is_arn(it) else here.apply(partial(arns.event_bus_beside, it)))
    name_in_place = pulumi.Output.all(name, arn, here).apply(lambda known: _name_if_in_place(*known))
    return Routes(EventBus(None, name_in_place, arn), domain_event_rule, rebuild_rule)


def connect_routes(scope: Scope, routes: Routes, queues: Queues, project_function: aws.lambda_.Function) -> None:
    """The rules' targets: domain events go to the ingest queue, rebuild requests invoke the project function.

    First the policies of all queues and the function's permission, so that the first events are not turned away.
    """
    ingest_policy = create_queue_policy(scope, "ingest", queues.ingest, writers=[routes.domain_event_rule])
    dead_letter_policy = create_queue_policy(
        scope,
        "ingest-dead-letter",
        queues.ingest_dead_letter,
        writers=[routes.domain_event_rule, routes.rebuild_rule],
    )
    create_queue_policy(scope, "parked", queues.parked)
    create_queue_policy(scope, "projection-dead-letter", queues.projection_dead_letter)
    permission = _invoke_permission(scope, "rebuild", project_function, routes.rebuild_rule)
    dead_letters_to = queues.ingest_dead_letter.arn
    for suffix, rule, arn, allowed_by in (
        ("domain-event", routes.domain_event_rule, queues.ingest.arn, ingest_policy),
        ("rebuild", routes.rebuild_rule, project_function.arn, permission),
    ):
        aws.cloudwatch.EventTarget(
            scope.child(suffix),
            region=scope.region,
            event_bus_name=routes.bus.name,
            rule=rule.name,
            target_id=suffix,
            arn=arn,
            dead_letter_config=aws.cloudwatch.EventTargetDeadLetterConfigArgs(arn=dead_letters_to),
            retry_policy=aws.cloudwatch.EventTargetRetryPolicyArgs(
                maximum_event_age_in_seconds=MAX_EVENT_AGE_SECONDS, maximum_retry_attempts=MAX_RETRY_ATTEMPTS
            ),
            opts=scope.options(depends_on=[allowed_by, dead_letter_policy]),
        )


def _bus_policy(scope: Scope, bus: aws.cloudwatch.EventBus, publishers: pulumi.Output[list[str]]) -> None:
    """Lets this account put events, as its own policies say, and the publishers."""

    def principals(bus_arn: str, others: list[str]) -> list[str]:
        partition, _, account = arns.place_of(bus_arn)
        return [
            f"arn:{partition}:iam::{other}:root" if arn_patterns.ACCOUNT.fullmatch(other) else other
            for other in dict.fromkeys([account, *others])
        ]

    statement = {
        "Sid": "Publish",
        "Effect": "Allow",
        "Principal": {"AWS": pulumi.Output.all(bus.arn, publishers).apply(lambda known: principals(*known))},
        "Action": "events:PutEvents",
        "Resource": bus.arn,
    }
    aws.cloudwatch.EventBusPolicy(
        scope.child("bus"),
        region=scope.region,
        event_bus_name=bus.name,
        policy=document([statement]),
        opts=scope.options(),
    )


def _rules(scope: Scope, bus_name: pulumi.Output[str]) -> tuple[aws.cloudwatch.EventRule, aws.cloudwatch.EventRule]:
    """The domain event rule and the rebuild rule."""
    return (
        _rule(scope, "domain-event", "Domain events to the ingest queue", bus_name, "DOMAIN"),
        _rule(scope, "rebuild", "Rebuild requests to the project function", bus_name, "REBUILD"),
    )


def _rule(
    scope: Scope, suffix: str, description: str, bus_name: pulumi.Output[str], event_type: str
) -> aws.cloudwatch.EventRule:
    """A rule for the events of one type of the domain."""
    return aws.cloudwatch.EventRule(
        scope.child(suffix),
        region=scope.region,
        description=description,
        event_bus_name=bus_name,
        event_pattern=json.dumps({"detail": {"EventType": [event_type], "DomainName": [scope.domain_name]}}),
        tags=scope.tags,
        opts=scope.options(),
    )


def _invoke_permission(
    scope: Scope, suffix: str, function: aws.lambda_.Function, rule: aws.cloudwatch.EventRule
) -> aws.lambda_.Permission:
    """Lets one rule of this account, and nothing else of EventBridge, invoke the function."""
    return aws.lambda_.Permission(
        scope.child(suffix),
        region=scope.region,
        action="lambda:InvokeFunction",
        function=function.name,
        principal="events.amazonaws.com",
        source_arn=rule.arn,
        source_account=function.arn.apply(arns.account_of),
        opts=scope.options(),
    )


def _name_if_in_place(name: str, bus_arn: str, here: str) -> str:
    """A bus's name, if the bus is in the account and region of the rules: elsewhere it would mean another bus."""
    if arns.place_of(bus_arn) != arns.place_of(here):
        raise pulumi.InputPropertiesError(
            f"cp_event_bus: must be in the account and region of the component's rules ({here}); got {bus_arn!r}; "
            "give a bus there, and forward events to it"
        )
    return name
