"""Checks of the roles' and policies' controls."""

import json
from collections.abc import Mapping

from ...deployment import arn, physical
from ...removals import Removal, further_statement, no_statement, other_statement, put
from .check import (
    ANYBODY,
    ROOT,
    Check,
    kept,
)
from .options import GIVEN_KEY

CHECKS: Mapping[str, Check] = {
    "no-wildcard-actions": Check(
        kept("no-wildcard-actions"),
        tuple(
            Removal(f"{action} in", type_, further_statement(Sid="More", Action=action))
            for type_ in ("RolePolicy", "Policy")
            for action in ("*", "dynamodb:*", "sqs:Get*")
        ),
    ),
    "no-wildcard-resources": Check(
        kept("no-wildcard-resources"),
        tuple(
            Removal(f"{resource} in", type_, further_statement(Sid="More", Action="kms:Decrypt", Resource=resource))
            for type_ in ("RolePolicy", "Policy")
            for resource in (
                *("*", arn("kms", "key/*"), [GIVEN_KEY, arn("dynamodb", "table/files*")]),
                arn("dynamodb", f"table/{physical('files-domain-events')}/index/*"),
                *(arn("dynamodb", f"table/{physical('files-domain')}{each}") for each in ("*", "/*", "/index/*/*")),
            )
        ),
    ),
    "no-managed-policies": Check(
        kept("no-managed-policies"),
        tuple(
            Removal(f"with {name}", "Role", put([f"arn:aws:iam::aws:policy/{name}"], "managedPolicyArns"))
            for name in ("AdministratorAccess", "IAMFullAccess", "service-role/AWSLambdaBasicExecutionRole")
        ),
    ),
    "roles-for-lambda-only": Check(
        kept("roles-for-lambda-only"),
        tuple(
            Removal(
                what,
                "Role",
                put(
                    json.dumps(
                        {
                            "Version": "2012-10-17",
                            "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}],
                        }
                    ),
                    "assumeRolePolicy",
                ),
            )
            for what, principal in {
                "anybody": "*",
                "any account": ANYBODY,
                "the account": {"AWS": ROOT},
                "another service too": {"Service": ["lambda.amazonaws.com", "ec2.amazonaws.com"]},
            }.items()
        ),
    ),
    "roles-suffice": Check(
        kept("roles-suffice"),
        (
            *(
                Removal(f"without {sid}", "RolePolicy", no_statement(sid))
                for sid in (
                    *("TakeEvents", "StoreEvents", "PutAside", "FollowEvents", "FindStreams", "ReadEvents", "KeepRows"),
                    *("KeepSnapshots", "Report", "UseKey", "Log"),
                )
            ),
            *(
                Removal(
                    f"no right to {queue}",
                    "RolePolicy",
                    other_statement("Report", Resource=arn("sqs", physical(other))),
                )
                for queue, other in {
                    "files-parked": "files-projection-dead-letter",
                    "files-projection-dead-letter": "files-parked",
                }.items()
            ),
            Removal("key for reading alone", "RolePolicy", other_statement("UseKey", Action="kms:Decrypt")),
        ),
    ),
}
