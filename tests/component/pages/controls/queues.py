"""Checks of the queues' controls."""

from collections.abc import Mapping

from ...deployment import ACCOUNT, arn, physical
from ...removals import Removal, dropped, further_statement, no_statement, other_statement, unprotected, unset
from .check import (
    EVENTS,
    OTHER_RULE,
    ROOT,
    Check,
    kept,
    other_key,
)

CHECKS: Mapping[str, Check] = {
    "queues-encrypted": Check(kept("queues-encrypted"), other_key("Queue")),
    "queues-not-public": Check(
        kept("queues-not-public"),
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
        kept("queues-tls"),
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
        kept("queues-keep"),
        (
            Removal("for four days", "Queue", unset("messageRetentionSeconds")),
            Removal("without dead-letter queue", "Queue", unset("redrivePolicy")),
        ),
    ),
    "queues-protected": Check(
        kept("queues-protected"),
        (Removal("not protected by Pulumi", "Queue", unprotected),),
    ),
}
