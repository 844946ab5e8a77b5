"""Checks of the key's controls."""

from collections.abc import Mapping

from ...deployment import arn
from ...removals import Removal, further_statement, no_statement, other_statement, put, unprotected, unset
from .check import (
    ANYBODY,
    OTHER_ROOT,
    Check,
    kept,
)

CHECKS: Mapping[str, Check] = {
    "key-rotation": Check(
        kept("key-rotation"),
        (
            Removal("without", "Key", unset("enableKeyRotation")),
            Removal("off", "Key", put(False, "enableKeyRotation")),
        ),
    ),
    "key-kept": Check(
        kept("key-kept"),
        (
            Removal("for a week", "Key", put(7, "deletionWindowInDays")),
            Removal("not protected by Pulumi", "Key", unprotected),
        ),
    ),
    "key-not-public": Check(
        kept("key-not-public"),
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
        kept("key-usable"),
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
