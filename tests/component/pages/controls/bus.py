"""Checks of the bus's and the rules' controls."""

import json
from collections.abc import Callable, Mapping

from ...deployment import ACCOUNT, Deployment, Registration, arn, physical
from ...policies import Request, allows, principals, values
from ...removals import Removal, dropped, further_statement, no_statement, other_statement, put, unprotected, unset
from .check import (
    ANYBODY,
    EVENTS,
    OTHER_ROOT,
    ROOT,
    Check,
    all_of,
    arn_of,
    by_arn,
    policy_of,
    protected,
    queue_policy,
    some_of,
)


def bus_lets_in(*others: str) -> Callable[[Deployment], None]:
    """A check that the component's own bus lets in its account and others, and nobody else."""

    def check(deployment: Deployment) -> None:
        for bus in all_of(deployment, "EventBus"):
            policy = policy_of(deployment, "EventBusPolicy", eventBusName=physical(bus.name))
            for who in (ROOT, *others):
                assert allows(policy, Request("events:PutEvents", arn_of(bus), who)), f"{who} may not"
            for statement in policy:
                assert set(principals(statement)) <= {ROOT, *others}, "open to others"
                assert values(statement["Action"]) == ["events:PutEvents"]

    return check


def rules_match_own_domain(deployment: Deployment) -> None:
    domains = {each.inputs["environment"]["variables"]["DOMAIN_NAME"] for each in some_of(deployment, "Function")}
    for rule in some_of(deployment, "EventRule"):
        assert "scheduleExpression" not in rule.inputs
        detail = json.loads(rule.inputs["eventPattern"])["detail"]
        assert detail.keys() == {"EventType", "DomainName"}
        assert set(detail["DomainName"]) == domains
        assert detail["EventType"] in (["DOMAIN"], ["REBUILD"])


def targets_keep_what_they_cannot_deliver(deployment: Deployment) -> None:
    rules = {physical(each.name): each for each in some_of(deployment, "EventRule")}
    targets = some_of(deployment, "EventTarget")
    assert sorted(each.inputs["rule"] for each in targets) == sorted(rules), "a rule without a target, or with several"
    queues = {arn_of(each): each for each in some_of(deployment, "Queue")}
    for target in targets:
        rule = rules[target.inputs["rule"]]
        retries = target.inputs.get("retryPolicy", {})
        assert retries == {"maximumEventAgeInSeconds": 24 * 3600, "maximumRetryAttempts": 185}, target.name
        assert "deadLetterConfig" in target.inputs, target.name
        by_arn(deployment, "Queue", target.inputs["deadLetterConfig"]["arn"])
        for each in {target.inputs["deadLetterConfig"]["arn"], target.inputs["arn"]} & queues.keys():
            assert rule_may_send(deployment, queues[each], rule), f"{rule.name} may not write to {each}"


def rule_may_send(deployment: Deployment, queue: Registration, rule: Registration, account: str = ACCOUNT) -> bool:
    source = {"aws:SourceArn": arn_of(rule), "aws:SourceAccount": account, "aws:SecureTransport": "true"}
    request = Request("sqs:SendMessage", arn_of(queue), EVENTS, source)
    return allows(queue_policy(deployment, queue), request)


CHECKS: Mapping[str, Check] = {
    "bus-policy": Check(
        bus_lets_in(),
        (
            Removal("without", "EventBusPolicy", dropped),
            Removal("open", "EventBusPolicy", other_statement("Publish", Principal="*")),
            Removal("open to AWS", "EventBusPolicy", other_statement("Publish", Principal=ANYBODY)),
            Removal("another's", "EventBusPolicy", other_statement("Publish", Principal={"AWS": [ROOT, OTHER_ROOT]})),
            Removal("to do anything", "EventBusPolicy", other_statement("Publish", Action="events:*")),
            Removal(
                "to change rules",
                "EventBusPolicy",
                further_statement(Sid="More", Principal={"AWS": ROOT}, Action="events:PutRule"),
            ),
        ),
    ),
    "bus-protected": Check(
        protected("EventBus"),
        (Removal("not protected by Pulumi", "EventBus", unprotected),),
    ),
    "rules-match-own-domain": Check(
        rules_match_own_domain,
        (
            Removal(
                "everything", "EventRule", put(json.dumps({"source": [{"prefix": ""}], "detail": {}}), "eventPattern")
            ),
            Removal("any domain", "EventRule", put(json.dumps({"detail": {"EventType": ["DOMAIN"]}}), "eventPattern")),
            Removal(
                "any type",
                "EventRule",
                put(json.dumps({"detail": {"EventType": [{"exists": True}], "DomainName": ["File"]}}), "eventPattern"),
            ),
            Removal(
                "another domain",
                "EventRule",
                put(json.dumps({"detail": {"EventType": ["DOMAIN"], "DomainName": ["Account"]}}), "eventPattern"),
            ),
        ),
    ),
    "target-dead-letters": Check(
        targets_keep_what_they_cannot_deliver,
        (
            Removal("without dead-letter queue", "EventTarget", unset("deadLetterConfig")),
            Removal("another's queue", "EventTarget", put({"arn": arn("sqs", "another")}, "deadLetterConfig")),
            Removal("without retry policy", "EventTarget", unset("retryPolicy")),
            Removal("without retries", "EventTarget", put(0, "retryPolicy", "maximumRetryAttempts")),
            Removal("for a minute", "EventTarget", put(60, "retryPolicy", "maximumEventAgeInSeconds")),
            Removal("nowhere", "EventTarget", dropped),
            Removal("where it may not write", "QueuePolicy", no_statement("OnlyOurRules")),
        ),
    ),
}
