"""Policies on the key."""

from collections.abc import Iterator, Mapping
from typing import Final

from .documents import Request, allows, principals, statements_in
from .policy import CLOUDWATCH, EVENTS, EachPolicy, PipelinePolicy, all_of, has, protected
from .resource import Pipeline, Resource

_LOGS_SUFFIXES: Final = {"aws-cn": "amazonaws.com.cn"}
_LOG_GROUP: Final = "kms:EncryptionContext:aws:logs:arn"


def _not_public(pipeline: Pipeline) -> Iterator[tuple[Resource, str]]:
    for key in pipeline.all_of("Key"):
        if not key.get("policy"):
            yield key, "policy must be given; found nothing, so the key has KMS's own"
            continue
        for statement in statements_in(key.known("policy")):
            if statement["Effect"] == "Allow" and principals(statement) != [pipeline.root]:
                limits = {name for each in statement.get("Condition", {}).values() for name in each}
                services = isinstance(statement["Principal"], Mapping) and set(statement["Principal"]) == {"Service"}
                if not services or not limits & {"aws:SourceAccount", _LOG_GROUP}:
                    yield key, f"policy lets in {', '.join(principals(statement))}, and not for this account alone"
        elsewhere = (
            f"arn:{pipeline.partition}:logs:{pipeline.region}:{pipeline.other_account}:log-group:any-persist-logs-1"
        )
        for service, context in {
            EVENTS: {"aws:SourceAccount": pipeline.other_account},
            CLOUDWATCH: {"aws:SourceAccount": pipeline.other_account},
            _logs(pipeline): {_LOG_GROUP: elsewhere},
        }.items():
            if _may_use(key, service, "kms:Decrypt", context):
                yield key, f"policy lets in {service} for other accounts"


def _usable(pipeline: Pipeline) -> Iterator[tuple[Resource, str]]:
    """By whom, for what: as AWS's guides on queues as targets, on topics of alarms and on log groups ask."""
    here = {"aws:SourceAccount": pipeline.account}
    needed = [(EVENTS, action, here) for action in ("Decrypt", "GenerateDataKey")]
    if pipeline.all_of("Topic"):
        needed += [(CLOUDWATCH, action, here) for action in ("Decrypt", "GenerateDataKey")]
    needed += [
        (_logs(pipeline), action, {_LOG_GROUP: group.known("arn")})
        for group in pipeline.all_of("LogGroup")
        for action in ("Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey")
    ]
    needed.append((pipeline.root, "Decrypt", {}))
    for key in pipeline.all_of("Key"):
        for who, action, context in needed:
            if not _may_use(key, who, f"kms:{action}", context):
                yield key, f"policy must allow kms:{action} to {who}{_for(context)}"


def _logs(pipeline: Pipeline) -> str:
    return f"logs.{pipeline.region}.{_LOGS_SUFFIXES.get(pipeline.partition, 'amazonaws.com')}"


def _for(context: Mapping[str, str]) -> str:
    return f" for {context[_LOG_GROUP]}" if _LOG_GROUP in context else ""


def _may_use(key: Resource, principal: str, action: str, context: Mapping[str, str]) -> bool:
    statements = statements_in(key.get("policy") or '{"Version": "2012-10-17", "Statement": []}')
    return allows(statements, Request(action, key.known("arn"), principal, context))


POLICIES: Final = (
    EachPolicy("key-rotation", ("Key",), has("enableKeyRotation", must_be=True)),
    EachPolicy("key-kept", ("Key",), all_of(has("deletionWindowInDays", must_be=30), protected)),
    PipelinePolicy("key-not-public", _not_public),
    PipelinePolicy("key-usable", _usable),
)
