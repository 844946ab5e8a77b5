"""Checks of the bus's and the rules' controls."""

import json
from collections.abc import Mapping

from ...deployment import arn
from ...removals import Removal, dropped, further_statement, no_statement, other_statement, put, unprotected, unset
from .check import (
    ANYBODY,
    OTHER_ROOT,
    ROOT,
    Check,
    kept,
)

CHECKS: Mapping[str, Check] = {
    "bus-policy": Check(
        kept("bus-policy"),
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
        kept("bus-protected"),
        (Removal("not protected by Pulumi", "EventBus", unprotected),),
    ),
    "rules-match-own-domain": Check(
        kept("rules-match-own-domain"),
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
        kept("target-dead-letters"),
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
