"""Checks of the key's controls."""

from collections.abc import Mapping

from ...deployment import ACCOUNT, PARTITION, REGION, Deployment, Registration, arn, physical
from ...policies import Request, allows, principals, statements_in
from ...removals import Removal, further_statement, no_statement, other_statement, put, unprotected, unset
from .check import (
    ANYBODY,
    CLOUDWATCH,
    EVENTS,
    LOGS,
    OTHER_ACCOUNT,
    OTHER_ROOT,
    ROOT,
    Check,
    all_of,
    arn_of,
    both,
    each_has,
    protected,
    some_of,
)


def key_is_not_public(deployment: Deployment) -> None:
    for key in all_of(deployment, "Key"):
        assert "policy" in key.inputs, "without a policy of its own it has KMS's"
        for statement in statements_in(key.inputs["policy"]):
            if statement["Effect"] == "Allow" and principals(statement) != [ROOT]:
                assert set(statement["Principal"]) == {"Service"}, statement["Sid"]
                limits = {name for each in statement.get("Condition", {}).values() for name in each}
                assert limits & {"aws:SourceAccount", "kms:EncryptionContext:aws:logs:arn"}, statement["Sid"]
        for service in (EVENTS, CLOUDWATCH):
            assert not may_use_key(key, service, "kms:Decrypt", {"aws:SourceAccount": OTHER_ACCOUNT}), service
        elsewhere = f"arn:{PARTITION}:logs:{REGION}:{OTHER_ACCOUNT}:log-group:{physical('files-persist-logs')}"
        assert not may_use_key(key, LOGS, "kms:Decrypt", {"kms:EncryptionContext:aws:logs:arn": elsewhere})


def key_is_usable(deployment: Deployment) -> None:
    """By whom, for what: as AWS's guides on queues as targets, on topics of alarms and on log groups ask."""
    for key in all_of(deployment, "Key"):
        here = {"aws:SourceAccount": ACCOUNT}
        for action in ("kms:Decrypt", "kms:GenerateDataKey"):
            assert may_use_key(key, EVENTS, action, here), f"EventBridge may not {action}"
            has_topic = bool(all_of(deployment, "Topic"))
            assert may_use_key(key, CLOUDWATCH, action, here) == has_topic, f"CloudWatch, {action}: {has_topic}"
        for group in some_of(deployment, "LogGroup"):
            own = {"kms:EncryptionContext:aws:logs:arn": arn_of(group)}
            for action in ("Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey"):
                assert may_use_key(key, LOGS, f"kms:{action}", own), f"Logs may not {action} for {group.name}"
        assert may_use_key(key, ROOT, "kms:Decrypt", {}), "the account's policies do not count"


def may_use_key(key: Registration, principal: str, action: str, context: Mapping[str, str]) -> bool:
    return allows(statements_in(key.inputs["policy"]), Request(action, arn_of(key), principal, context))


CHECKS: Mapping[str, Check] = {
    "key-rotation": Check(
        each_has("Key", True, "enableKeyRotation"),
        (
            Removal("without", "Key", unset("enableKeyRotation")),
            Removal("off", "Key", put(False, "enableKeyRotation")),
        ),
    ),
    "key-kept": Check(
        both(
            each_has("Key", 30, "deletionWindowInDays"),
            protected("Key"),
        ),
        (
            Removal("for a week", "Key", put(7, "deletionWindowInDays")),
            Removal("not protected by Pulumi", "Key", unprotected),
        ),
    ),
    "key-not-public": Check(
        key_is_not_public,
        (
            Removal("KMS's policy", "Key", unset("policy")),
            Removal("anybody's", "Key", further_statement(Sid="Any", Principal="*", Action="kms:Decrypt")),
            Removal("any AWS account's", "Key", further_statement(Sid="Any", Principal=ANYBODY, Action="kms:Decrypt")),
            Removal(
                "another's",
                "Key",
                further_statement(Sid="Other", Principal={"AWS": OTHER_ROOT}, Action="kms:Decrypt"),
            ),
            *(
                Removal(f"{sid} of any account", "Key", other_statement(sid, Condition=None))
                for sid in ("EventBridgeWritesToQueues", "AlarmsPublish", "LogGroups")
            ),
        ),
    ),
    "key-usable": Check(
        key_is_usable,
        (
            *(
                Removal(f"without {sid}", "Key", no_statement(sid))
                for sid in ("AccountDecides", "EventBridgeWritesToQueues", "AlarmsPublish", "LogGroups")
            ),
            *(
                Removal(f"{sid} reads only", "Key", other_statement(sid, Action="kms:Decrypt"))
                for sid in ("EventBridgeWritesToQueues", "AlarmsPublish", "LogGroups")
            ),
            Removal(
                "one log group is forgotten",
                "Key",
                other_statement(
                    "LogGroups",
                    Condition={
                        "ArnLike": {"kms:EncryptionContext:aws:logs:arn": arn("logs", "log-group:*files-persist-logs*")}
                    },
                ),
            ),
            Removal(
                "log groups of another name",
                "Key",
                other_statement(
                    "LogGroups",
                    Condition={
                        "ArnLike": {"kms:EncryptionContext:aws:logs:arn": arn("logs", "log-group:/aws/lambda/*")}
                    },
                ),
            ),
            Removal(
                "Logs everywhere", "Key", other_statement("LogGroups", Principal={"Service": "logs.amazonaws.com"})
            ),
        ),
    ),
}
