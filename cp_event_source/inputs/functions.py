"""The input `functions`: how the Lambda functions run."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NotRequired, TypedDict

import pulumi

from . import arn_patterns, checks
from .checks import has_text_keys
from .later import Later

MAX_LAYERS: Final = 4
"""A function takes five, and the domain logic is one of them."""

MAX_SUBNETS: Final = 16
MAX_SECURITY_GROUPS: Final = 5
"""Lambda's limits for the VPC of a function."""

PERSIST_MEMORY_MB: Final = 512
PROJECT_MEMORY_MB: Final = 1769
"""A whole processor, since folding computes. It is also enough for the largest batches: 6 MB of events, or as many rows
as are read at once, each of 400 KB and full of small numbers."""
MAX_MEMORY_MB: Final = 10_240
"""Lambda's maximum."""

MAX_BATCHING_WINDOW_SECONDS: Final = 60
"""Lambda allows 300. Alarms on late events go off after five minutes, and they shall tell of trouble only."""

LEVELS: Final = ("INFO", "WARNING", "ERROR")

OWN_VARIABLES: Final = frozenset(
    {
        "DOMAIN_EVENTS_TABLE",
        "DOMAIN_NAME",
        "DOMAIN_SNAPSHOTS_TABLE",
        "DOMAIN_TABLE",
        "DOMAIN_TABLE_INDEX_KEYS",
        "DOMAIN_TABLE_TTL_ATTRIBUTE",
        "EVENTS_PER_SNAPSHOT",
        "EVENT_TIME_LIMIT_SECONDS",
        "INGEST_DEAD_LETTER_QUEUE_URL",
        "LOGIC_VERSION",
        "LOG_LEVEL",
        "MAX_FUTURE_SKEW_SECONDS",
        "PARKED_QUEUE_URL",
    }
)
"""The variables that the component sets."""

RESERVED_VARIABLES: Final = frozenset(
    {
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
    }
)
"""The variables that Lambda sets itself and refuses
(https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html)."""

DEFAULT_LOG_RETENTION_DAYS: Final = 365
"""A year, as Security Hub's CloudWatch.16 asks for."""

DEVELOPMENT_LOG_RETENTION_DAYS: Final = 7

LOG_RETENTION_DAYS: Final = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""What CloudWatch Logs takes (PutRetentionPolicy)."""

MAX_RESERVED_CONCURRENCY: Final = 100_000
"""More than any account's quota so far. AWS refuses more than the account has left."""

_VARIABLE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]+")
_SUBNET: Final = re.compile(r"subnet-[0-9a-f]+")
_SECURITY_GROUP: Final = re.compile(r"sg-[0-9a-f]+")


class SignedCodeArgs(TypedDict):
    """Where the signed code of the functions is: what AWS Signer made of the archive that `cp-event-source package`
    wrote."""

    code_signing_config_arn: pulumi.Input[str]
    """ARN of the code signing configuration that both functions are checked against."""

    s3_bucket: pulumi.Input[str]
    """Name of the bucket with the signed archive, in the region that the component is deployed to."""

    s3_key: pulumi.Input[str]
    """Key of the signed archive in the bucket."""

    s3_object_version: pulumi.Input[str]
    """Version of the object that `s3_key` names, so that a deployment has exactly this code."""


class FunctionsArgs(TypedDict):
    """How the functions run."""

    log_retention_days: NotRequired[pulumi.Input[int]]
    """How many days the functions' logs are kept: one of the numbers that CloudWatch Logs takes. Default 365, in a
    development stack 7."""

    persist_reserved_concurrency: NotRequired[pulumi.Input[int]]
    """How many invocations of the persist function may run at once, taken from the account's quota. At least 2, which
    is the minimum for the queue's pollers. Default: none reserved."""

    project_reserved_concurrency: NotRequired[pulumi.Input[int]]
    """How many invocations of the project function may run at once: one for each shard of the stream, and one for each
    rebuild. Give more than the events table has partitions (four at first), or Lambda throttles the function all the
    time. At least 2. Default: none reserved."""

    signed_code: NotRequired[pulumi.Input[SignedCodeArgs]]
    """The signed code of the functions. Without it the functions are deployed with the package's own code, unsigned."""

    layers: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """ARNs of layer versions, at most 4, such as an agent for observability. Where two layers have a file of the same
    name, that of the later one counts; the layer with the domain logic is the last one."""

    environment: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Environment variables, by name. Not those that the component or Lambda sets."""

    subnet_ids: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """Ids of the subnets that the functions run in, at most 16. From there they must reach DynamoDB, SQS and, with
    tracing, X-Ray. Without them, the functions run in no VPC of yours."""

    security_group_ids: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """Ids of the functions' security groups, at most 5. Together with `subnet_ids`."""

    batching_window_seconds: NotRequired[pulumi.Input[int]]
    """How many seconds the queue and the stream each wait for more events before they call their function. It makes
    batches of events that come one after the other, which costs less, and events late by up to twice this time. At a
    queue with very low traffic, Lambda may wait for 20 seconds, however short the window is. A whole number from 0 to
    60; default 0."""

    tracing: NotRequired[pulumi.Input[str]]
    """Lambda's tracing mode. With `Active`, Lambda traces one request a second and a twentieth of the others. With
    `PassThrough`, it traces only what the producer's call is traced for. Default `Active`, in a development stack
    `PassThrough`."""

    log_level: NotRequired[pulumi.Input[str]]
    """The least level of the functions' own lines: `INFO` with a line for each event, `WARNING` or `ERROR`. Metrics are
    not lines of a level. Default `INFO`."""

    system_log_level: NotRequired[pulumi.Input[str]]
    """The least level of the lines that Lambda adds: `DEBUG`, `INFO` with a few for each invocation, or `WARN`. Default
    `INFO`."""

    persist_memory_mb: NotRequired[pulumi.Input[int]]
    """Memory of the persist function in MB; its processor grows with it. A whole number from 512, which the largest
    batch needs, to 10,240; default 512."""

    project_memory_mb: NotRequired[pulumi.Input[int]]
    """Memory of the project function in MB. The default is a whole processor, and domain logic uses no more than one. A
    whole number from 1,769, which the largest rows need, to 10,240; default 1,769."""


@dataclass(frozen=True)
class FunctionSettings:
    """The checked input."""

    log_retention_days: pulumi.Output[int]
    persist_reserved_concurrency: pulumi.Output[int] | None
    project_reserved_concurrency: pulumi.Output[int] | None
    signed_code: SignedCodeArgs | pulumi.Output[SignedCodeArgs] | None
    layers: pulumi.Output[list[str]] | None
    environment: Mapping[str, pulumi.Input[str]] | pulumi.Output[Mapping[str, str]]
    subnet_ids: pulumi.Output[list[str]] | None
    """None if the functions run in no VPC."""
    security_group_ids: pulumi.Output[list[str]] | None
    batching_window_seconds: pulumi.Output[int] | None
    """None for none."""
    tracing: pulumi.Output[str]
    log_level: pulumi.Output[str]
    system_log_level: pulumi.Output[str]
    persist_memory_mb: pulumi.Output[int]
    project_memory_mb: pulumi.Output[int]


def _variables(name: str, value: object) -> list[str]:
    problems = checks.texts(name, value)
    for variable in value if isinstance(value, Mapping) and has_text_keys(value) else ():
        if variable in OWN_VARIABLES:
            problems.append(f"{name}.{variable}: must be another name, since the component sets it; rename it")
        elif variable in RESERVED_VARIABLES:
            problems.append(f"{name}.{variable}: must be another name, since Lambda sets it; rename it")
        elif not _VARIABLE.fullmatch(variable):
            problems.append(
                f"{name}.{variable}: must be at least two ASCII letters, digits and _, the first of them a letter, "
                "as Lambda asks; rename it"
            )
    return problems


_CONCURRENCY: Final = checks.whole_number(2, MAX_RESERVED_CONCURRENCY, "invocations")
_SIGNED_CODE: Final[dict[str, checks.Check]] = {
    "code_signing_config_arn": checks.an_arn(
        arn_patterns.CODE_SIGNING_CONFIG,
        "the ARN of a code signing configuration",
        "arn:aws:lambda:REGION:ACCOUNT:code-signing-config:csc-ID",
    ),
    "s3_bucket": checks.text("a bucket's name"),
    "s3_key": checks.text("an object's key"),
    "s3_object_version": checks.text("an object's version"),
}
_FIELDS: Final[dict[str, checks.Check]] = {
    "log_retention_days": checks.one_of(LOG_RETENTION_DAYS, "which CloudWatch Logs takes"),
    "persist_reserved_concurrency": _CONCURRENCY,
    "project_reserved_concurrency": _CONCURRENCY,
    "signed_code": checks.fields(
        _SIGNED_CODE, f"the location of signed code, a dictionary with {', '.join(_SIGNED_CODE)}", required=_SIGNED_CODE
    ),
    "layers": checks.each(
        checks.an_arn(
            arn_patterns.LAYER_VERSION,
            "the ARN of a Lambda layer version",
            "arn:aws:lambda:REGION:ACCOUNT:layer:NAME:VERSION",
        ),
        "layers",
        MAX_LAYERS,
    ),
    "environment": _variables,
    "subnet_ids": checks.each(
        checks.matching(_SUBNET, "the id of a subnet (subnet-...)"), "subnets", MAX_SUBNETS, min_length=1
    ),
    "security_group_ids": checks.each(
        checks.matching(_SECURITY_GROUP, "the id of a security group (sg-...)"),
        "security groups",
        MAX_SECURITY_GROUPS,
        min_length=1,
    ),
    "batching_window_seconds": checks.whole_number(0, MAX_BATCHING_WINDOW_SECONDS, "seconds"),
    "tracing": checks.one_of_texts(("Active", "PassThrough")),
    "log_level": checks.one_of_texts(LEVELS),
    "system_log_level": checks.one_of_texts(("DEBUG", "INFO", "WARN")),
    "persist_memory_mb": checks.whole_number(PERSIST_MEMORY_MB, MAX_MEMORY_MB, "MB"),
    "project_memory_mb": checks.whole_number(PROJECT_MEMORY_MB, MAX_MEMORY_MB, "MB"),
}


_ALL_OR_NONE: Final = frozenset({"subnet_ids", "security_group_ids"})


def functions(name: str, value: object) -> list[str]:
    """The check of the input. Which fields it has must be known, since a VPC needs further rights."""
    problems = checks.fields(_FIELDS, f"a dictionary with {', '.join(_FIELDS)}")(name, value)
    given = {field for field in _ALL_OR_NONE if isinstance(value, Mapping) and value.get(field) is not None}
    if len(given) == 1:
        (field,) = given
        (other,) = _ALL_OR_NONE - given
        problems.append(f"{name}.{field}: must come with {other}; got it alone; give both or neither")
    return problems


def function_settings(name: str, given: FunctionsArgs, *, development: bool) -> FunctionSettings:
    """The settings that a checked input describes."""
    known = {field: value for field, value in given.items() if value is not None}
    later = Later(known, _FIELDS, within=f"{name}.")
    usual_retention = DEVELOPMENT_LOG_RETENTION_DAYS if development else DEFAULT_LOG_RETENTION_DAYS
    return FunctionSettings(
        log_retention_days=later.value("log_retention_days", usual_retention).apply(int),
        persist_reserved_concurrency=later.if_given("persist_reserved_concurrency", int),
        project_reserved_concurrency=later.if_given("project_reserved_concurrency", int),
        signed_code=later.each_value("signed_code") if "signed_code" in known else None,
        layers=later.if_given("layers"),
        environment=later.each_value("environment"),
        subnet_ids=later.if_given("subnet_ids"),
        security_group_ids=later.if_given("security_group_ids"),
        batching_window_seconds=later.if_given("batching_window_seconds", int),
        tracing=later.value("tracing", "PassThrough" if development else "Active"),
        log_level=later.value("log_level", "INFO"),
        system_log_level=later.value("system_log_level", "INFO"),
        persist_memory_mb=later.value("persist_memory_mb", PERSIST_MEMORY_MB).apply(int),
        project_memory_mb=later.value("project_memory_mb", PROJECT_MEMORY_MB).apply(int),
    )
