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
from .monitoring import MonitoringArgs, MonitoringSettings, monitoring, monitoring_settings
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

MAX_PUBLISHERS: Final = 50
"""A bus's policy has at most 10,240 characters: enough for 50 ARNs of ordinary length."""


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

    monitoring: NotRequired[MonitoringArgs]
    """Whom alarms notify and when, and the dashboard."""

    functions: NotRequired[FunctionsArgs]
    """How the functions run: concurrency, batches, tracing, logs, memory, signed code, further layers and environment
    variables, a VPC."""

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
    monitoring: MonitoringSettings
    functions: FunctionSettings
    permissions_boundary: pulumi.Output[str] | None
    region: pulumi.Output[str] | None
    domain_events_table_class: pulumi.Output[str] | None
    domain_table_ttl_attribute: pulumi.Output[str] | None


_KEY: Final = checks.an_arn(
    arn_patterns.KEY, "the ARN of a KMS key", "arn:aws:kms:REGION:ACCOUNT:key/ID, not that of an alias"
)


_PLAIN: Final = frozenset({"cp_domain_name", "development", "functions", "monitoring"})
"""The inputs that must be known at once: they decide which resources and rights there are, or what they are called."""


def settings_from(args: CpEventSourceArgs, alarm_names: Collection[str]) -> Settings:
    """The checked settings.

    Args:
        args: the inputs.
        alarm_names: the alarms that `monitoring.alarm_thresholds` may name.

    Raises:
        pulumi.InputPropertiesError: a bad input; the message has a line for every one.
    """
    given = cast("CpEventSourceArgs", {name: value for name, value in args.items() if value is not None})
    known = _checks(alarm_names)
    checks.raise_if_any(_problems(given, known))
    development = given.get("development", False)
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
        monitoring=monitoring_settings("monitoring", given.get("monitoring", {}), alarm_names, development=development),
        functions=function_settings("functions", given.get("functions", {}), development=development),
        permissions_boundary=later.if_given("permissions_boundary"),
        region=later.if_given("region"),
        domain_events_table_class=later.if_given("domain_events_table_class"),
        domain_table_ttl_attribute=later.if_given("domain_table_ttl_attribute"),
    )


_NAMED_BY_USERS: Final = frozenset({"alarm_thresholds", "environment", "tags"})
"""The inputs, and fields of inputs, that are dictionaries with names that users chose."""


def registered_inputs(args: CpEventSourceArgs) -> dict[str, pulumi.Input[Any]]:
    """The inputs as the state of a stack keeps them and as policies see them: under the schema's names."""
    registered: dict[str, pulumi.Input[Any]] = _with_schema_names(args)
    return registered


def _with_schema_names(value: Any) -> Any:
    if isinstance(value, pulumi.Output):
        return value.apply(_with_schema_names)
    if isinstance(value, list | tuple):
        return [_with_schema_names(each) for each in value]
    if isinstance(value, Mapping):
        return {
            in_schema(name): each if name in _NAMED_BY_USERS else _with_schema_names(each)
            for name, each in value.items()
            if each is not None
        }
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
        "monitoring": monitoring(alarm_names),
        "functions": functions,
        "permissions_boundary": checks.an_arn(
            arn_patterns.POLICY, "the ARN of a managed policy", "arn:aws:iam::ACCOUNT:policy/NAME"
        ),
        "region": checks.region,
        "domain_events_table_class": checks.one_of_texts(("STANDARD", "STANDARD_INFREQUENT_ACCESS")),
        "domain_table_ttl_attribute": checks.row_attribute,
    }


def _problems(given: Mapping[str, object], known: Mapping[str, Check]) -> list[str]:
    found = checks.inputs(given, known, required=CpEventSourceArgs.__required_keys__, plain=_PLAIN)
    if "publishers" in given and "cp_event_bus" in given:
        found.append(
            "publishers: must be left out where cp_event_bus is given, since that bus has a policy of its own; "
            "got both; let the publishers in there"
        )
    return found
