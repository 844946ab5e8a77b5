"""A bad input stops the deployment before anything is registered, with a message that names it."""

from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from cp_event_source import CpEventSource
from cp_event_source.arguments import MAX_DOMAIN_NAME_LENGTH, MAX_NAME_LENGTH

from .deployment import LAYER, arn, component, deploy, in_program


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
        (None, "is missing"),
        ("", "'' is blank"),
        ("  \t", "is blank"),
        ("F" * (MAX_DOMAIN_NAME_LENGTH + 1), "has 257 characters; use at most 256"),
        (" File", "' File' has characters"),
        ("File ", "'File ' has characters"),
        ("Fi\nle", "has characters"),
        ("Datei-Größe", "'Datei-Größe' has characters"),
        ("File*", "'File*' has characters"),
        (7, "7 is not a plain string"),
        (pulumi.Output.from_input, "is not a plain string"),
    ],
)
def test_a_domain_name_must_be_one_that_tags_metrics_and_patterns_take(value: Any, found: str) -> None:
    message = refused(cp_domain_name=value)
    assert message.startswith("cp_domain_name: ")
    assert found in message
    assert "\n" not in message.replace("Fi\nle", "")


def test_a_domain_name_known_only_later_is_refused_since_rules_and_tags_need_it_now() -> None:
    def program() -> None:
        with pytest.raises(pulumi.InputPropertiesError, match=r"cp_domain_name: an output, known only later"):
            component(cp_domain_name=pulumi.Output.from_input("File"))

    deploy(program)


@pytest.mark.parametrize("name", ["File", "f", "Billing/Invoice v2", "a_b.c:d/e=f+g@h-i", "F" * 256])
def test_ordinary_and_the_longest_domain_names_are_taken(name: str) -> None:
    named = deploy(in_program(lambda: component(cp_domain_name=name)))
    assert named.only("Function", "files-persist").inputs["environment"]["variables"]["DOMAIN_NAME"] == name
    assert len(named.only("Function", "files-persist").inputs["description"]) <= 256
    assert len(named.only("EventBus").inputs["description"]) <= 512
    assert len(named.only("EventRule", "files-domain-event").inputs["eventPattern"]) <= 2048


BAD_LAYERS = [
    ("file-layer", "'file-layer' is not the ARN of a Lambda layer version"),
    ("", "'' is not the ARN"),
    (LAYER.removesuffix(":7"), "is a layer's ARN without a version; append ':' and the version"),
    (arn("lambda", "function:file"), "is not the ARN of a Lambda layer version"),
    (f"{LAYER}\n", "is not the ARN"),
]


@pytest.mark.parametrize(("value", "found"), [(None, "is missing"), (7, "7 is not"), *BAD_LAYERS])
def test_a_layer_must_be_a_layer_versions_arn(value: Any, found: str) -> None:
    message = refused(cp_domain_logic_layer=value)
    assert message.startswith("cp_domain_logic_layer: ")
    assert found in message


def test_a_layer_may_come_from_an_awaitable() -> None:
    async def later() -> str:
        return LAYER

    deployment = deploy(in_program(lambda: component(cp_domain_logic_layer=later())))
    assert deployment.only("Function", "files-project").inputs["layers"] == [LAYER]


def test_a_layer_given_as_a_resource_is_told_to_give_its_arn() -> None:
    def program() -> None:
        layer = aws.lambda_.LayerVersion("layer", layer_name="file")
        with pytest.raises(
            pulumi.InputPropertiesError, match=r"cp_domain_logic_layer: a resource \(LayerVersion\) is not the ARN"
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
    assert "is neither an event bus's name" in message


@pytest.mark.parametrize("value", BAD_BUSES)
def test_a_bus_that_arrives_later_is_checked_then(value: str) -> None:
    with pytest.raises(pulumi.InputPropertiesError, match=r"^cp_event_bus: .* is neither"):
        deploy(in_program(lambda: component(cp_event_bus=pulumi.Output.from_input(value))))


@pytest.mark.parametrize("value", [-1, -1.0, 0.5, "600", True, float("nan"), float("inf"), [600], 315_360_001, 10**12])
def test_the_future_skew_must_be_a_whole_number_from_zero_to_ten_years(value: Any) -> None:
    message = refused(max_future_skew_seconds=value)
    assert message == (
        f"max_future_skew_seconds: {value!r} is not a whole number of seconds from 0 to 315360000 (ten years); give one"
    )


@pytest.mark.parametrize(
    "value", [0, 9, 9.0, 10.5, -100, "100", True, float("nan"), float("inf"), [100], 10_001, 10**12]
)
def test_events_per_snapshot_must_be_a_whole_number_from_ten_to_ten_thousand(value: Any) -> None:
    message = refused(events_per_snapshot=value)
    assert message == f"events_per_snapshot: {value!r} is not a whole number of events from 10 to 10000; give one"


@pytest.mark.parametrize("value", [["team"], "team", {7: "team"}])
def test_tags_must_be_a_dictionary(value: Any) -> None:
    assert refused(tags=value).startswith("tags: ")


def test_a_mistyped_input_is_not_passed_over() -> None:
    message = refused(cp_evnt_bus="company")
    assert message.startswith("cp_evnt_bus: there is no such input; the inputs are cp_domain_logic_layer, ")


@pytest.mark.parametrize("absent", ["cp_event_bus", "max_future_skew_seconds", "events_per_snapshot", "tags"])
def test_none_is_as_good_as_leaving_an_input_out(absent: str) -> None:
    without = deploy(in_program(lambda: component(**{absent: None})))
    assert len(without.children()) == 28


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
        ("n" * (MAX_NAME_LENGTH + 1), "has 44 characters; use at most 43"),
        ("my files", "'my files' cannot begin the names"),
        ("files.eu", "'files.eu' cannot begin the names"),
        ("dateigröße", "cannot begin the names"),
        ("files\n", "cannot begin the names"),
        ("", "'' cannot begin the names"),
    ],
)
def test_a_resource_name_must_leave_its_children_good_names(name: str, found: str) -> None:
    message = refused(name=name)
    assert message.startswith("name: ")
    assert found in message


def test_the_arguments_may_be_a_plain_dictionary() -> None:
    plain = deploy(
        in_program(lambda: CpEventSource("files", {"cp_domain_name": "File", "cp_domain_logic_layer": LAYER}))
    )
    assert len(plain.children()) == 28
