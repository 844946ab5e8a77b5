"""A bad input stops the deployment before anything is registered, with a message that names it."""

from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from cp_event_source import CpEventSource, CpEventSourceArgs, FunctionsArgs, MonitoringArgs
from cp_event_source.inputs.arguments import MAX_NAME_LENGTH
from cp_event_source.inputs.domain_name import MAX_DOMAIN_NAME_LENGTH
from cp_event_source.resources.monitoring import DEFAULT_THRESHOLDS

from ..deployment import LAYER, REGION, Deployment, arn, component, deploy, deployed_with, in_program


def refused(**inputs: Any) -> str:
    """The message that a component with these inputs is refused with."""
    registered: list[str] = []

    def program() -> None:
        with pytest.raises(pulumi.InputPropertiesError) as refusal:
            component(**inputs)
        registered.append(str(refusal.value))

    deployment = deploy(program)
    assert deployment.resources == [], "refused too late"
    return registered[0]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (None, "must be given; got nothing"),
        ("", "must not be blank; got ''"),
        ("  \t", "must not be blank"),
        ("F" * (MAX_DOMAIN_NAME_LENGTH + 1), "must have at most 256 characters; got 257 ('FFF"),
        (" File", "digits, inner spaces and _ . : / = + @ -, which tags and metrics take; got ' File'"),
        ("File ", "got 'File '"),
        ("Fi\nle", "must consist of ASCII letters"),
        ("Datei-Größe", "got 'Datei-Größe'"),
        ("File*", "got 'File*'"),
        (7, "must be a plain string, such as 'File'; got 7"),
        (pulumi.Output.from_input, "must be a plain string"),
    ],
)
def test_a_domain_name_must_be_one_that_tags_metrics_and_patterns_take(value: Any, found: str) -> None:
    message = refused(cp_domain_name=value)
    assert message.startswith("cp_domain_name: ")
    assert found in message
    assert "\n" not in message.replace("Fi\nle", "")


def test_a_domain_name_known_only_later_is_refused_since_rules_and_tags_need_it_now() -> None:
    def program() -> None:
        with pytest.raises(
            pulumi.InputPropertiesError, match=r"cp_domain_name: .*; got an output, which is known only"
        ):
            component(cp_domain_name=pulumi.Output.from_input("File"))

    deploy(program)


@pytest.mark.parametrize("name", ["File", "f", "Billing/Invoice v2", "a_b.c:d/e=f+g@h-i", "F" * 256])
def test_ordinary_and_the_longest_domain_names_are_taken(name: str) -> None:
    named = deployed_with(cp_domain_name=name)
    assert named.only("Function", "files-persist").inputs["environment"]["variables"]["DOMAIN_NAME"] == name
    assert len(named.only("Function", "files-persist").inputs["description"]) <= 256
    assert len(named.only("EventBus").inputs["description"]) <= 512
    assert len(named.only("EventRule", "files-domain-event").inputs["eventPattern"]) <= 2048


BAD_LAYERS = [
    (
        "file-layer",
        "ARN of a Lambda layer version (arn:aws:lambda:REGION:ACCOUNT:layer:NAME:VERSION); got 'file-layer'; ",
    ),
    ("", "must be the ARN of a Lambda layer version"),
    (LAYER.removesuffix(":7"), "must name a version of the layer; got 'arn"),
    (arn("lambda", "function:file"), "must be the ARN of a Lambda layer version"),
    (f"{LAYER}\n", "must be the ARN of a Lambda layer version"),
]


@pytest.mark.parametrize(
    ("value", "found"), [(None, "must be given; got nothing; give "), (7, "; got 7; give one"), *BAD_LAYERS]
)
def test_a_layer_must_be_a_layer_versions_arn(value: Any, found: str) -> None:
    message = refused(cp_domain_logic_layer=value)
    assert message.startswith("cp_domain_logic_layer: ")
    assert found in message


def test_a_layer_may_come_from_an_awaitable() -> None:
    async def later() -> str:
        return LAYER

    deployment = deploy(in_program(lambda: component(cp_domain_logic_layer=later())))
    assert deployment.only("Function", "files-project").inputs["layers"] == [LAYER]


def test_a_layer_given_as_a_resource_is_refused_and_its_arn_asked_for() -> None:
    def program() -> None:
        layer = aws.lambda_.LayerVersion("layer", layer_name="file")
        with pytest.raises(
            pulumi.InputPropertiesError,
            match=r"^cp_domain_logic_layer: .*; got a resource \(LayerVersion\); give one, such as DomainPythonLayer",
        ):
            component(cp_domain_logic_layer=layer)

    deploy(program)


@pytest.mark.parametrize(("value", "found"), BAD_LAYERS)
def test_a_layer_that_arrives_later_is_checked_then(value: str, found: str) -> None:
    with pytest.raises(pulumi.InputPropertiesError) as refusal:
        deploy(in_program(lambda: component(cp_domain_logic_layer=pulumi.Output.from_input(value))))
    assert str(refusal.value).startswith("cp_domain_logic_layer: ")
    assert found in str(refusal.value)


BAD_BUSES = [
    "",
    "my bus",
    "b" * 257,
    arn("events", "rule/company"),
    arn("sqs", "company"),
    "arn:aws:events:eu-central-1:12:event-bus/company",
]


@pytest.mark.parametrize("value", [*BAD_BUSES, 7, ["company"]])
def test_a_bus_must_be_a_buss_name_or_arn(value: Any) -> None:
    message = refused(cp_event_bus=value)
    assert message.startswith("cp_event_bus: ")
    assert "must be an event bus's name (1 to 256 letters, digits and / . - _) or its ARN" in message
    assert f"; got {value!r}" in message or len(value) > 100


@pytest.mark.parametrize("value", BAD_BUSES)
def test_a_bus_that_arrives_later_is_checked_then(value: str) -> None:
    with pytest.raises(pulumi.InputPropertiesError, match=r"^cp_event_bus: must be an event bus's name"):
        deploy(in_program(lambda: component(cp_event_bus=pulumi.Output.from_input(value))))


def got(value: Any) -> str:
    """How a value is shown: a whole number, which comes from other languages as a float, without a decimal point."""
    return repr(int(value) if isinstance(value, float) and value.is_integer() else value)


@pytest.mark.parametrize("value", [-1, -1.0, 0.5, "600", True, float("nan"), float("inf"), [600], 315_360_001, 10**12])
def test_the_future_skew_must_be_a_whole_number_from_zero_to_ten_years(value: Any) -> None:
    message = refused(max_future_skew_seconds=value)
    assert message == (
        f"max_future_skew_seconds: must be a whole number of seconds from 0 to 315360000 (ten years); got {got(value)}"
    )


@pytest.mark.parametrize(
    "value", [0, 9, 9.0, 10.5, -100, "100", True, float("nan"), float("inf"), [100], 10_001, 10**12]
)
def test_events_per_snapshot_must_be_a_whole_number_from_ten_to_ten_thousand(value: Any) -> None:
    message = refused(events_per_snapshot=value)
    assert message == f"events_per_snapshot: must be a whole number of events from 10 to 10000; got {got(value)}"


@pytest.mark.parametrize("value", [["team"], "team", {7: "team"}])
def test_tags_must_be_a_dictionary(value: Any) -> None:
    assert refused(tags=value) == f"tags: must be a dictionary with strings for keys; got {value!r}"


@pytest.mark.parametrize(("value", "found"), [(7, "7"), (True, "True"), (None, "nothing"), (["files"], "['files']")])
def test_a_tag_is_a_string(value: Any, found: str) -> None:
    assert refused(tags={"team": "files", "cost": value}) == f"tags.cost: must be a string; got {found}"


def test_a_mistyped_input_is_not_passed_over() -> None:
    assert refused(cp_evnt_bus="company") == "cp_evnt_bus: is not an input; did you mean cp_event_bus?"
    assert refused(wings=2).startswith("wings: is not an input; use one of cp_domain_logic_layer, ")


def test_none_is_as_good_as_leaving_an_input_out(deployment: Deployment) -> None:
    nothing: dict[str, Any] = dict.fromkeys(CpEventSourceArgs.__optional_keys__)
    without = deployed_with(**nothing)
    assert without.names() == deployment.names()


def test_all_bad_inputs_are_named_at_once() -> None:
    message = refused(
        cp_domain_name="",
        cp_domain_logic_layer="x",
        cp_event_bus="a b",
        max_future_skew_seconds=-1,
        events_per_snapshot=0,
        tag={},
    )
    assert [line.split(":")[0] for line in message.splitlines()] == [
        "tag",
        "cp_domain_name",
        "cp_domain_logic_layer",
        "cp_event_bus",
        "max_future_skew_seconds",
        "events_per_snapshot",
    ]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        (
            "n" * (MAX_NAME_LENGTH + 1),
            "must have at most 43 characters, since the names of the resources made from it are limited; got 44 ('n",
        ),
        ("my files", "begin with it; got 'my files'"),
        ("files.eu", "got 'files.eu'"),
        ("dateigröße", "must consist of ASCII letters, digits, - and _"),
        ("files\n", "must consist of ASCII letters, digits, - and _"),
        ("", "got ''"),
    ],
)
def test_a_resource_name_must_leave_its_children_good_names(name: str, found: str) -> None:
    message = refused(name=name)
    assert message.startswith("name: ")
    assert found in message


def test_the_arguments_may_be_a_plain_dictionary(deployment: Deployment) -> None:
    plain = deploy(
        in_program(lambda: CpEventSource("files", {"cp_domain_name": "File", "cp_domain_logic_layer": LAYER}))
    )
    assert plain.names() == deployment.names()


KEY = arn("kms", "key/1234abcd-12ab-34cd-56ef-1234567890ab")
ROLE = "arn:aws:iam::444455556666:role/uploads"


@pytest.mark.parametrize("value", ["", "*", "4444", "arn:aws:iam::444455556666:role/*", "arn:aws:iam::*:root", 7])
def test_publishers_are_named_one_by_one(value: Any) -> None:
    message = refused(publishers=["444455556666", value])
    assert message == (
        "publishers[1]: must be an account's number (12 digits) or the ARN of a role or user "
        f"(arn:aws:iam::ACCOUNT:role/NAME); got {value!r}; name each publisher, since * would let everybody in"
    )


def test_a_publisher_that_arrives_later_is_checked_then() -> None:
    with pytest.raises(pulumi.InputPropertiesError, match=r"^publishers\[0\]: .*; got '\*'; name each"):
        deploy(in_program(lambda: component(publishers=[pulumi.Output.from_input("*")])))


def test_publishers_are_refused_for_a_bus_that_has_a_policy_of_its_own() -> None:
    assert refused(publishers=[ROLE], cp_event_bus="company").startswith(
        "publishers: must be left out where cp_event_bus"
    )


@pytest.mark.parametrize("value", ["", "alias/company", arn("kms", "alias/company"), KEY.replace("kms", "sqs"), 7])
def test_a_key_is_given_by_its_own_arn_since_policies_take_no_alias(value: Any) -> None:
    message = refused(kms_key_arn=value)
    assert message.startswith("kms_key_arn: must be the ARN of a KMS key (arn:aws:kms:REGION:ACCOUNT:key/ID, not ")
    assert message.endswith(f"; got {value!r}")
    with pytest.raises(pulumi.InputPropertiesError, match=r"^kms_key_arn: must be the ARN of a KMS key"):
        deploy(in_program(lambda: component(kms_key_arn=pulumi.Output.from_input(value))))


@pytest.mark.parametrize("value", ["", "alarms", arn("sqs", "alarms"), 7])
def test_a_topic_is_given_by_its_arn(value: Any) -> None:
    assert refused(monitoring={"alarm_topic_arn": value}) == (
        f"monitoring.alarm_topic_arn: must be the ARN of an SNS topic (arn:aws:sns:REGION:ACCOUNT:NAME); got {value!r}"
    )


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("arn:aws:sns:eu-central-1:111122223333:all", "must be a list of actions; got 'arn:"),
        (["page me"], "monitoring.alarm_actions[0]: must be an ARN (arn:aws:SERVICE:...); got 'page me'"),
        ([arn("lambda", f"function:page-{number}") for number in range(5)], "must have at most 4 actions; got 5"),
    ],
)
def test_alarm_actions_are_at_most_four_arns(value: Any, found: str) -> None:
    message = refused(monitoring={"alarm_actions": value})
    assert message.startswith("monitoring.alarm_actions")
    assert found in message


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (7, "must be a dictionary of numbers by alarms' names; got 7"),
        ({"no-such-alarm": 1}, ".no-such-alarm: is not an alarm; use one of "),
        ({next(iter(DEFAULT_THRESHOLDS)): "1"}, "must be a number of at least 0; got '1'"),
        ({next(iter(DEFAULT_THRESHOLDS)): -1}, "must be a number of at least 0; got -1"),
        ({next(iter(DEFAULT_THRESHOLDS)): float("nan")}, "must be a number of at least 0; got nan"),
    ],
)
def test_thresholds_are_numbers_by_the_names_of_alarms_that_there_are(value: Any, found: str) -> None:
    message = refused(monitoring={"alarm_thresholds": value})
    assert message.startswith("monitoring.alarm_thresholds")
    assert found in message


@pytest.mark.parametrize("name", ["alarms", "dashboard"])
@pytest.mark.parametrize("value", ["false", 0, 1.0, []])
def test_a_flag_is_a_boolean(name: str, value: Any) -> None:
    assert refused(development=value) == f"development: must be a boolean; got {got(value)}"
    assert refused(monitoring={name: value}) == f"monitoring.{name}: must be a boolean; got {got(value)}"


@pytest.mark.parametrize("value", [0, 2, 366, "365", True, 30.5])
def test_logs_are_kept_for_as_many_days_as_cloudwatch_takes(value: Any) -> None:
    message = refused(functions={"log_retention_days": value})
    assert message.startswith("functions.log_retention_days: must be one of 1, 3, 5, 7, ")
    assert message.endswith(f", which CloudWatch Logs takes; got {value!r}")


@pytest.mark.parametrize("name", ["persist_reserved_concurrency", "project_reserved_concurrency"])
@pytest.mark.parametrize("value", [0, 1, -5, 2.5, "5", True])
def test_reserved_concurrency_is_a_whole_number_from_two(name: str, value: Any) -> None:
    message = refused(functions={name: value})
    assert message == f"functions.{name}: must be a whole number of invocations from 2 to 100000; got {value!r}"


SIGNED_CODE = {
    "code_signing_config_arn": arn("lambda", "code-signing-config:csc-0123456789abcdef0"),
    "s3_bucket": "code",
    "s3_key": "handler.zip",
    "s3_object_version": "v1",
}


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (
            "handler.zip",
            "functions.signed_code: must be the location of signed code, a dictionary with code_signing_config_arn, ",
        ),
        ({**SIGNED_CODE, "bucket": "code"}, "functions.signed_code.bucket: is not an input; did you mean s3_bucket?"),
        (SIGNED_CODE | {"s3_key": ""}, "functions.signed_code.s3_key: must be an object's key; got ''"),
        (
            {name: value for name, value in SIGNED_CODE.items() if name != "s3_object_version"},
            "functions.signed_code.s3_object_version: must be an object's version; got nothing",
        ),
        (
            SIGNED_CODE | {"code_signing_config_arn": "csc-1"},
            "functions.signed_code.code_signing_config_arn: must be the ARN of a code signing configuration (",
        ),
    ],
)
def test_signed_code_says_all_of_where_it_lies(value: Any, found: str) -> None:
    assert refused(functions={"signed_code": value}).startswith(found)


def test_every_bad_input_has_a_line() -> None:
    message = refused(kms_key_arn="key", functions={"log_retention_days": 2}, publishers=["*", "?"], alarm=True)
    assert [line.partition(":")[0] for line in message.splitlines()] == [
        "alarm",
        "publishers[0]",
        "publishers[1]",
        "kms_key_arn",
        "functions.log_retention_days",
    ]


INPUTS: dict[str, Any] = {
    "cp_domain_name": "File",
    "cp_domain_logic_layer": LAYER,
    "max_future_skew_seconds": 60,
    "events_per_snapshot": 50,
    "domain_table_indexes": [{"name": "by-status", "hash_key": "Status"}],
    "tags": {"team": "files"},
    "development": False,
    "publishers": ["444455556666", ROLE],
    "kms_key_arn": KEY,
    "monitoring": {
        "alarms": True,
        "alarm_topic_arn": arn("sns", "alarms"),
        "alarm_actions": [arn("sns", "pager")],
        "alarm_thresholds": {next(iter(DEFAULT_THRESHOLDS)): 7},
        "dashboard": True,
    },
    "functions": {
        "log_retention_days": 30,
        "persist_reserved_concurrency": 5,
        "project_reserved_concurrency": 6,
        "signed_code": SIGNED_CODE,
        "layers": [LAYER],
        "environment": {"STAGE": "test"},
        "subnet_ids": ["subnet-0a"],
        "security_group_ids": ["sg-0a"],
        "batching_window_seconds": 5,
        "tracing": "PassThrough",
        "log_level": "ERROR",
        "system_log_level": "WARN",
        "persist_memory_mb": 1024,
        "project_memory_mb": 2048,
    },
    "domain_events_table_class": "STANDARD_INFREQUENT_ACCESS",
    "permissions_boundary": "arn:aws:iam::aws:policy/PowerUserAccess",
    "region": REGION,
    "domain_table_ttl_attribute": "ExpiresAt",
}
PLAIN = {"cp_domain_name", "development", "functions", "monitoring", "alarms", "dashboard"}
"""What decides which resources and rights there are, or what they are called. Functions' own values may be outputs."""


def outputs(value: Any, *, deep: bool) -> Any:
    """The value as an output, or as lists and dictionaries of outputs."""
    if deep and isinstance(value, dict):
        return {key: outputs(each, deep=True) for key, each in value.items()}
    if deep and isinstance(value, list):
        return [outputs(each, deep=True) for each in value]
    return pulumi.Output.from_input(value)


def later_unless_plain(name: str, value: Any, *, deep: bool) -> Any:
    return value if name in PLAIN else outputs(value, deep=deep)


def test_the_inputs_here_are_all_there_are() -> None:
    assert INPUTS.keys() | {"cp_event_bus"} == CpEventSourceArgs.__annotations__.keys()
    assert INPUTS["functions"].keys() == FunctionsArgs.__annotations__.keys()
    assert INPUTS["monitoring"].keys() == MonitoringArgs.__annotations__.keys()


@pytest.mark.parametrize("deep", [False, True])
def test_whatever_does_not_decide_on_resources_may_be_an_output(deep: bool) -> None:
    at_once = deployed_with(**INPUTS)

    def program() -> None:
        inputs: Any = {
            name: {field: later_unless_plain(field, each, deep=deep) for field, each in value.items()}
            if name in {"functions", "monitoring"}
            else later_unless_plain(name, value, deep=deep)
            for name, value in INPUTS.items()
        }
        component(**inputs)

    later = deploy(program)
    assert [(each.urn, each.inputs) for each in sorted(later.children(), key=lambda each: each.urn)] == [
        (each.urn, each.inputs) for each in sorted(at_once.children(), key=lambda each: each.urn)
    ]


@pytest.mark.parametrize("name", sorted(PLAIN & INPUTS.keys()))
def test_what_decides_on_resources_may_not(name: str) -> None:
    def program() -> None:
        inputs: Any = {name: pulumi.Output.from_input(INPUTS[name])}
        with pytest.raises(pulumi.InputPropertiesError, match=rf"^{name}: must be .*; got an output, which is known"):
            component(**inputs)

    deploy(program)


@pytest.mark.parametrize("value", ["", "boundary", "arn:aws:iam::444455556666:role/boundary", 7])
def test_a_permissions_boundary_is_a_managed_policy(value: Any) -> None:
    assert refused(permissions_boundary=value).startswith("permissions_boundary: must be the ARN of a managed policy (")


@pytest.mark.parametrize("value", ["", "Frankfurt", "eu-central", "eu-central-1a", 7])
def test_a_region_is_a_regions_name(value: Any) -> None:
    assert refused(region=value) == f"region: must be the name of a region, such as eu-central-1; got {value!r}"


@pytest.mark.parametrize("value", ["", "DomainId", "CpEventSource", "CpEventSourceParked", "x" * 256, 7])
def test_rows_expire_by_an_attribute_of_the_domains_own(value: Any) -> None:
    message = refused(domain_table_ttl_attribute=value)
    assert message.startswith("domain_table_ttl_attribute: must ")
    assert message.endswith("; name one that to_dynamo_item returns")


SECRET = "s3cr3t; got 987654"


@pytest.mark.parametrize(
    ("inputs", "path"),
    [
        (lambda secret: {"kms_key_arn": secret(SECRET)}, "kms_key_arn"),
        (lambda secret: {"tags": secret(SECRET)}, "tags"),
        (lambda secret: {"tags": {"team": secret([SECRET])}}, "tags.team"),
        (lambda secret: {"publishers": [secret(SECRET)]}, r"publishers\[0\]"),
        (lambda secret: {"functions": {"environment": secret(SECRET)}}, "functions.environment"),
        (lambda secret: {"functions": {"environment": {"PIN": secret([SECRET])}}}, "functions.environment.PIN"),
        (lambda secret: {"functions": {"tracing": secret(SECRET)}}, "functions.tracing"),
        (lambda secret: {"monitoring": {"alarm_topic_arn": secret(SECRET)}}, "monitoring.alarm_topic_arn"),
        (lambda secret: {"cp_domain_name": secret(SECRET)}, "cp_domain_name"),
        (lambda secret: {"functions": secret(SECRET)}, "functions"),
    ],
)
def test_a_secret_that_is_wrong_is_not_shown(inputs: Any, path: str) -> None:
    with pytest.raises(pulumi.InputPropertiesError, match=rf"^{path}: ") as refusal:
        deploy(in_program(lambda: component(**inputs(pulumi.Output.secret))))
    assert "s3cr3t" not in str(refusal.value)
    assert "987654" not in str(refusal.value)
    assert "s3cr3t" not in repr(refusal.value.errors)
