"""The component's inputs, their defaults and limits, and the settings made of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, NotRequired, TypedDict, cast

import pulumi

from . import arn_patterns, checks
from .checks import Check
from .functions import FunctionsArgs, FunctionSettings, function_settings, functions
from .indexes import Index, IndexArgs, indexes, indexes_from
from .later import Later
from .spelling import in_schema

DEFAULT_MAX_FUTURE_SKEW_SECONDS: Final = 600

MAX_FUTURE_SKEW_LIMIT_SECONDS: Final = 10 * 365 * 24 * 3600
"""Ten years: more than any clock is wrong by, and far from the year 9999, where times that can be ordered end."""

DEFAULT_EVENTS_PER_SNAPSHOT: Final = 100

MIN_EVENTS_PER_SNAPSHOT: Final = 10
"""With fewer events for each snapshot, which is a write of a row's size, snapshots cost more than a tenth of a write
for each event, and save only reads that one page of a query holds anyway."""

MAX_EVENTS_PER_SNAPSHOT: Final = 10_000
"""An event that is one position late then reads 20,000 events. With more, late events cost what snapshots are there to
save."""

MAX_NAME_LENGTH: Final = 43
"""Names of functions, roles and rules have at most 64 characters, with `-persist-role` as the longest suffix. Names of
queues have longer suffixes and at most 80 characters. Automatic naming adds eight characters."""

DEFAULT_LOG_RETENTION_DAYS: Final = 365
"""A year, as Security Hub's CloudWatch.16 asks for."""

DEVELOPMENT_LOG_RETENTION_DAYS: Final = 7

LOG_RETENTION_DAYS: Final = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
"""What CloudWatch Logs takes (PutRetentionPolicy)."""

MAX_PUBLISHERS: Final = 50
"""A bus's policy has at most 10,240 characters: enough for 50 ARNs of ordinary length."""

MAX_ALARM_ACTIONS: Final = 4
"""An alarm takes five actions, and the topic is one of them."""

MAX_RESERVED_CONCURRENCY: Final = 100_000
"""More than any account's quota so far. AWS refuses more than the account has left."""


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


class CpEventSourceArgs(TypedDict):
    """The inputs of `CpEventSource`."""

    cp_domain_name: str
    """Name of the domain, for example `File`: events whose `DomainName` equals it are processed. 1 to 256
    characters: ASCII letters, digits, inner spaces and `_ . : / = + @ -`."""

    cp_domain_logic_layer: pulumi.Input[str]
    """ARN of the Lambda layer version that holds `python/domain_handler.py`, for example the output
    `arn` of a `DomainPythonLayer`. It runs on Python 3.14 and arm64: packages with compiled code in the layer must
    fit."""

    cp_event_bus: NotRequired[pulumi.Input[str]]
    """Name or ARN of the event bus to attach to, in the account and region that the component is deployed to
    (`default` is the account's default bus). Without it the component makes a bus of its own."""

    max_future_skew_seconds: NotRequired[pulumi.Input[int]]
    """How many seconds an event's `EventTime` may be in the future; a later event is quarantined. A whole number from 0
    to 315,360,000 (ten years); default 600."""

    events_per_snapshot: NotRequired[pulumi.Input[int]]
    """After how many events of a domain object its state is kept. An event that arrives after `d` newer ones reads at
    most `2 * d + 2 * events_per_snapshot` events, however long the history, once there are snapshots of the current
    logic. A smaller number makes late events cheaper and costs more writes, each of a row's size. A whole number from
    10 to 10,000; default 100."""

    domain_table_indexes: NotRequired[pulumi.Input[list[pulumi.Input[IndexArgs]]]]
    """Global secondary indexes of the domain table, by which others query rows by the domain's own attributes: at most
    19. An object whose row DynamoDB refuses for an index is parked."""

    tags: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Tags for every resource that can be tagged, besides the component's own `cp-event-source:component` and
    `cp-event-source:domain`. AWS Backup can select the tables by a tag."""

    development: NotRequired[bool]
    """True for a stack that may be thrown away with all its events: nothing is protected from deletion, the tables
    cannot be restored to an earlier time, logs are kept for 7 days, and there are no alarms and no dashboard
    unless you ask for them. Default false."""

    publishers: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """Who may put events on the component's own bus besides its own account: account numbers, and ARNs of roles or
    users. Not together with `cp_event_bus`: that bus has a policy of its own."""

    kms_key_arn: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key that encrypts everything, in the region that the component is deployed to; its policy must
    let EventBridge, CloudWatch and CloudWatch Logs use it, as "Encrypt with your own key" in the documentation says.
    Without it the component makes a key of its own."""

    alarms: NotRequired[bool]
    """Whether there are alarms. Default true, in a development stack false."""

    alarm_topic_arn: NotRequired[pulumi.Input[str]]
    """ARN of the SNS topic that alarms notify; its policy, and that of its key, must let CloudWatch publish. Without it
    the component makes a topic of its own."""

    alarm_actions: NotRequired[pulumi.Input[list[pulumi.Input[str]]]]
    """ARNs of the actions that alarms take besides notifying the topic, at most four."""

    alarm_thresholds: NotRequired[pulumi.Input[dict[str, pulumi.Input[float]]]]
    """Thresholds instead of the default ones, by the alarm's name, in the unit of its metric."""

    dashboard: NotRequired[bool]
    """Whether there is a CloudWatch dashboard. Default true, in a development stack false."""

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

    functions: NotRequired[FunctionsArgs]
    """How the functions run: batches, tracing, logs, memory, further layers and environment variables, a VPC."""

    permissions_boundary: NotRequired[pulumi.Input[str]]
    """ARN of the managed policy that bounds what the functions' roles may do. It must allow what the roles allow."""

    region: NotRequired[pulumi.Input[str]]
    """The region that all resources are in, such as `eu-central-1`. Default: the provider's. A change replaces
    everything, so that Pulumi refuses it."""

    domain_events_table_class: NotRequired[pulumi.Input[str]]
    """Table class of the domain events table: `STANDARD`, or `STANDARD_INFREQUENT_ACCESS`, whose storage costs less
    than half and whose requests cost a quarter more. Default `STANDARD`."""

    domain_table_ttl_attribute: NotRequired[pulumi.Input[str]]
    """Name of the row's attribute that says when the row may be deleted, as a number of seconds since 1970: DynamoDB
    deletes it some time later. The events stay, and the next event of the domain object brings the row back. Default:
    no row is deleted."""


@dataclass(frozen=True)
class Settings:
    """The checked inputs. What is not an output decides which resources there are, or what they are called."""

    domain_name: str
    logic_layer: pulumi.Output[str]
    event_bus: pulumi.Output[str] | None
    max_future_skew_seconds: pulumi.Output[int]
    events_per_snapshot: pulumi.Output[int]
    domain_table_indexes: pulumi.Output[tuple[Index, ...]] | None
    """None if none are asked for. What comes later may turn out to be none, too."""
    tags: Mapping[str, pulumi.Input[str]] | pulumi.Output[Mapping[str, str]]
    development: bool
    publishers: pulumi.Output[list[str]]
    key: pulumi.Output[str] | None
    alarms: bool
    alarm_topic: pulumi.Output[str] | None
    alarm_actions: pulumi.Output[list[str]]
    alarm_thresholds: pulumi.Output[dict[str, float]]
    dashboard: bool
    log_retention_days: pulumi.Output[int]
    persist_reserved_concurrency: pulumi.Output[int] | None
    project_reserved_concurrency: pulumi.Output[int] | None
    signed_code: SignedCodeArgs | pulumi.Output[SignedCodeArgs] | None
    functions: FunctionSettings
    permissions_boundary: pulumi.Output[str] | None
    region: pulumi.Output[str] | None
    domain_events_table_class: pulumi.Output[str] | None
    domain_table_ttl_attribute: pulumi.Output[str] | None


_KEY: Final = checks.an_arn(
    arn_patterns.KEY, "the ARN of a KMS key", "arn:aws:kms:REGION:ACCOUNT:key/ID, not that of an alias"
)
_TOPIC: Final = checks.an_arn(arn_patterns.TOPIC, "the ARN of an SNS topic", "arn:aws:sns:REGION:ACCOUNT:NAME")
_ACTION: Final = checks.an_arn(arn_patterns.ANY, "an ARN", "arn:aws:SERVICE:...")
_CONCURRENCY: Final = checks.whole_number(2, MAX_RESERVED_CONCURRENCY, "invocations")


_PLAIN: Final = frozenset({"cp_domain_name", "development", "alarms", "dashboard", "functions"})
"""The inputs that must be known at once: they decide which resources and rights there are, or what they are called."""


def settings_from(args: CpEventSourceArgs, alarm_names: Collection[str]) -> Settings:
    """The checked settings.

    Args:
        args: the inputs.
        alarm_names: the alarms that `alarm_thresholds` may name.

    Raises:
        pulumi.InputPropertiesError: a bad input; the message has a line for every one.
    """
    given = cast("CpEventSourceArgs", {name: value for name, value in args.items() if value is not None})
    known = _checks(alarm_names)
    checks.raise_if_any(_problems(given, known))
    development = given.get("development", False)
    usual_retention = DEVELOPMENT_LOG_RETENTION_DAYS if development else DEFAULT_LOG_RETENTION_DAYS
    later = Later(given, known)
    return Settings(
        domain_name=given["cp_domain_name"],
        logic_layer=later.value("cp_domain_logic_layer"),
        event_bus=later.if_given("cp_event_bus"),
        max_future_skew_seconds=later.value("max_future_skew_seconds", DEFAULT_MAX_FUTURE_SKEW_SECONDS).apply(int),
        events_per_snapshot=later.value("events_per_snapshot", DEFAULT_EVENTS_PER_SNAPSHOT).apply(int),
        domain_table_indexes=later.if_given("domain_table_indexes", indexes_from),
        tags=later.each_value("tags"),
        development=development,
        publishers=later.value("publishers", []),
        key=later.if_given("kms_key_arn"),
        alarms=given.get("alarms", not development),
        alarm_topic=later.if_given("alarm_topic_arn"),
        alarm_actions=later.value("alarm_actions", []),
        alarm_thresholds=later.value("alarm_thresholds", {}),
        dashboard=given.get("dashboard", not development),
        log_retention_days=later.value("log_retention_days", usual_retention).apply(int),
        persist_reserved_concurrency=later.if_given("persist_reserved_concurrency", int),
        project_reserved_concurrency=later.if_given("project_reserved_concurrency", int),
        signed_code=later.each_value("signed_code") if "signed_code" in given else None,
        functions=function_settings("functions", given.get("functions", {}), development=development),
        permissions_boundary=later.if_given("permissions_boundary"),
        region=later.if_given("region"),
        domain_events_table_class=later.if_given("domain_events_table_class"),
        domain_table_ttl_attribute=later.if_given("domain_table_ttl_attribute"),
    )


_WITH_FIELDS: Final = frozenset({"domain_table_indexes", "functions", "signed_code"})
"""The inputs whose dictionaries have fields of ours, and not names that the user chose."""


def registered_inputs(args: CpEventSourceArgs) -> dict[str, pulumi.Input[Any]]:
    """The inputs as the state of a stack keeps them and as policies see them: under the schema's names."""
    return {
        in_schema(name): _with_schema_names(value) if name in _WITH_FIELDS else value
        for name, value in args.items()
        if value is not None
    }


def _with_schema_names(value: Any) -> Any:
    if isinstance(value, pulumi.Output):
        return value.apply(_with_schema_names)
    if isinstance(value, list | tuple):
        return [_with_schema_names(each) for each in value]
    if isinstance(value, Mapping):
        return {in_schema(field): each for field, each in value.items()}
    return value


def _checks(alarm_names: Collection[str]) -> dict[str, Check]:
    """The check of each input, by the input's name."""
    return {
        "cp_domain_name": checks.domain_name,
        "cp_domain_logic_layer": checks.logic_layer,
        "cp_event_bus": checks.event_bus,
        "max_future_skew_seconds": checks.whole_number(
            0, MAX_FUTURE_SKEW_LIMIT_SECONDS, "seconds", that_is=" (ten years)"
        ),
        "events_per_snapshot": checks.whole_number(MIN_EVENTS_PER_SNAPSHOT, MAX_EVENTS_PER_SNAPSHOT, "events"),
        "domain_table_indexes": checks.unless_any_later(indexes),
        "tags": checks.texts,
        "development": checks.flag,
        "publishers": checks.each(checks.publisher, "publishers", MAX_PUBLISHERS),
        "kms_key_arn": _KEY,
        "alarms": checks.flag,
        "alarm_topic_arn": _TOPIC,
        "alarm_actions": checks.each(_ACTION, "actions", MAX_ALARM_ACTIONS),
        "alarm_thresholds": checks.thresholds(alarm_names),
        "dashboard": checks.flag,
        "log_retention_days": checks.one_of(LOG_RETENTION_DAYS, "which CloudWatch Logs takes"),
        "persist_reserved_concurrency": _CONCURRENCY,
        "project_reserved_concurrency": _CONCURRENCY,
        "functions": functions,
        "permissions_boundary": checks.an_arn(
            arn_patterns.POLICY, "the ARN of a managed policy", "arn:aws:iam::ACCOUNT:policy/NAME"
        ),
        "region": checks.region,
        "domain_events_table_class": checks.one_of_texts(("STANDARD", "STANDARD_INFREQUENT_ACCESS")),
        "domain_table_ttl_attribute": checks.row_attribute,
        "signed_code": checks.fields(
            {
                "code_signing_config_arn": checks.an_arn(
                    arn_patterns.CODE_SIGNING_CONFIG,
                    "the ARN of a code signing configuration",
                    "arn:aws:lambda:REGION:ACCOUNT:code-signing-config:csc-ID",
                ),
                "s3_bucket": checks.text("a bucket's name"),
                "s3_key": checks.text("an object's key"),
                "s3_object_version": checks.text("an object's version"),
            },
            "the location of signed code",
        ),
    }


def _problems(given: Mapping[str, object], known: Mapping[str, Check]) -> list[str]:
    found = checks.inputs(given, known, required=CpEventSourceArgs.__required_keys__, plain=_PLAIN)
    if "publishers" in given and "cp_event_bus" in given:
        found.append(
            "publishers: must be left out where cp_event_bus is given, since that bus has a policy of its own; "
            "got both; let the publishers in there"
        )
    return found
