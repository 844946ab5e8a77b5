"""Checks of the queues' controls."""

import json
from collections.abc import Mapping

from ...deployment import ACCOUNT, Deployment, arn, physical
from ...policies import principals, values
from ...removals import Removal, dropped, further_statement, no_statement, other_statement, unprotected, unset
from .check import (
    ENCRYPTED,
    EVENTS,
    OTHER_RULE,
    ROOT,
    Check,
    all_of,
    arn_of,
    by_arn,
    encrypted,
    other_key,
    protected,
    queue_policy,
    refuses_without_tls,
    some_of,
)

DAYS_14 = 14 * 24 * 3600


def queues_are_not_public(deployment: Deployment) -> None:
    rules = {arn_of(each) for each in some_of(deployment, "EventRule")}
    for queue in some_of(deployment, "Queue"):
        for statement in queue_policy(deployment, queue):
            if statement["Effect"] == "Allow":
                assert principals(statement) == [EVENTS], queue.name
                assert values(statement["Action"]) == ["sqs:SendMessage"], queue.name
                condition = statement.get("Condition", {})
                sources = values(condition.get("ArnEquals", {}).get("aws:SourceArn", ["*"]))
                assert set(sources) <= rules, f"{queue.name} lets in {sources}"
                assert condition.get("StringEquals", {}).get("aws:SourceAccount") == ACCOUNT, queue.name


def queues_ask_for_tls(deployment: Deployment) -> None:
    actions = ("sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:PurgeQueue")
    for queue in some_of(deployment, "Queue"):
        assert refuses_without_tls(queue_policy(deployment, queue), actions, arn_of(queue)), queue.name


def queues_keep(deployment: Deployment) -> None:
    for queue in some_of(deployment, "Queue"):
        assert queue.inputs.get("messageRetentionSeconds") == DAYS_14, queue.name
    for mapping in all_of(deployment, "EventSourceMapping"):
        if ":sqs:" in mapping.inputs["eventSourceArn"]:
            queue = by_arn(deployment, "Queue", mapping.inputs["eventSourceArn"])
            assert "redrivePolicy" in queue.inputs, f"{queue.name} has no dead-letter queue"
            redrive = json.loads(queue.inputs["redrivePolicy"])
            assert by_arn(deployment, "Queue", redrive["deadLetterTargetArn"]) is not queue
            assert redrive["maxReceiveCount"] == 10


CHECKS: Mapping[str, Check] = {
    "queues-encrypted": Check(encrypted("Queue", *ENCRYPTED["Queue"]), other_key("Queue")),
    "queues-not-public": Check(
        queues_are_not_public,
        (
            Removal("anybody's", "QueuePolicy", further_statement(Principal="*", Action="sqs:SendMessage")),
            Removal(
                "the account's", "QueuePolicy", further_statement(Principal={"AWS": ROOT}, Action="sqs:SendMessage")
            ),
            Removal("any rule's", "QueuePolicy", other_statement("OnlyOurRules", Condition=None)),
            Removal(
                "another rule's",
                "QueuePolicy",
                other_statement(
                    "OnlyOurRules",
                    Condition={
                        "ArnEquals": {"aws:SourceArn": [OTHER_RULE]},
                        "StringEquals": {"aws:SourceAccount": ACCOUNT},
                    },
                ),
            ),
            Removal(
                "of any account",
                "QueuePolicy",
                other_statement(
                    "OnlyOurRules",
                    Condition={"ArnEquals": {"aws:SourceArn": [arn("events", f"rule/{physical('files-rebuild')}")]}},
                ),
            ),
            *(
                Removal(f"for {action}", "QueuePolicy", other_statement("OnlyOurRules", Action=action))
                for action in ("sqs:*", "*")
            ),
        ),
    ),
    "queues-tls": Check(
        queues_ask_for_tls,
        (
            Removal("without policy", "QueuePolicy", dropped),
            Removal("without", "QueuePolicy", no_statement("OnlyTls")),
            Removal("for EventBridge alone", "QueuePolicy", other_statement("OnlyTls", Principal={"Service": EVENTS})),
            Removal("for sending alone", "QueuePolicy", other_statement("OnlyTls", Action="sqs:SendMessage")),
            Removal(
                "the other way round",
                "QueuePolicy",
                other_statement("OnlyTls", Condition={"Bool": {"aws:SecureTransport": "true"}}),
            ),
        ),
    ),
    "queues-keep": Check(
        queues_keep,
        (
            Removal("for four days", "Queue", unset("messageRetentionSeconds")),
            Removal("without dead-letter queue", "Queue", unset("redrivePolicy")),
        ),
    ),
    "queues-protected": Check(
        protected("Queue"),
        (Removal("not protected by Pulumi", "Queue", unprotected),),
    ),
}
