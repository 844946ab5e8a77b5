"""What the component consists of, and what all its parts have in common."""

from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from pulumi.runtime.resource import inherited_child_alias

from cp_event_source import CpEventSource
from cp_event_source.decide.settings import DeciderSettings
from cp_event_source.inputs.arguments import MAX_NAME_LENGTH
from cp_event_source.inputs.spelling import in_schema
from cp_event_source.resources.monitoring import DEFAULT_THRESHOLDS

from .deployment import (
    ACCOUNT,
    LAYER,
    PARTITION,
    REGION,
    Deployment,
    Registration,
    arn,
    component,
    deploy,
    deployed_with,
    in_program,
    physical,
)

WITHOUT_BUS = {
    ("Table", "files-domain-events"),
    ("Table", "files-domain"),
    ("Table", "files-domain-snapshots"),
    ("Queue", "files-ingest"),
    ("Queue", "files-ingest-dead-letter"),
    ("Queue", "files-parked"),
    ("Queue", "files-projection-dead-letter"),
    ("QueuePolicy", "files-ingest"),
    ("QueuePolicy", "files-ingest-dead-letter"),
    ("QueuePolicy", "files-parked"),
    ("QueuePolicy", "files-projection-dead-letter"),
    ("EventRule", "files-domain-event"),
    ("EventRule", "files-rebuild"),
    ("EventTarget", "files-domain-event"),
    ("EventTarget", "files-rebuild"),
    ("Permission", "files-rebuild"),
    ("LogGroup", "files-persist-logs"),
    ("LogGroup", "files-project-logs"),
    ("Role", "files-persist-role"),
    ("Role", "files-project-role"),
    ("RolePolicy", "files-persist-role"),
    ("RolePolicy", "files-project-role"),
    ("Function", "files-persist"),
    ("Function", "files-project"),
    ("EventSourceMapping", "files-persist"),
    ("EventSourceMapping", "files-project"),
    ("FunctionEventInvokeConfig", "files-event-bus-destination"),
    ("Key", "files-key"),
    ("Policy", "files-publisher"),
    ("Policy", "files-reader"),
    ("Policy", "files-auditor"),
    ("Policy", "files-operator"),
    ("Policy", "files-decider"),
    ("Topic", "files-alarms"),
    ("TopicPolicy", "files-alarms"),
    *(("MetricAlarm", f"files-alarm-{alarm}") for alarm in DEFAULT_THRESHOLDS),
    ("Dashboard", "files-dashboard"),
}

OWN_BUS = {("EventBus", "files-bus"), ("EventBusPolicy", "files-bus")}

TAGGABLE = {
    "EventBus",
    "EventRule",
    "EventSourceMapping",
    "Function",
    "Key",
    "LogGroup",
    "MetricAlarm",
    "Policy",
    "Queue",
    "Role",
    "Table",
    "Topic",
}
NOT_TAGGABLE = {
    "Dashboard",
    "EventBusPolicy",
    "EventTarget",
    "FunctionEventInvokeConfig",
    "Permission",
    "QueuePolicy",
    "RolePolicy",
    "TopicPolicy",
}

POLICIES = ("publisher", "reader", "auditor", "operator", "decider")

DECIDER_SETTINGS = DeciderSettings(
    domain_name="File",
    events_table=physical("files-domain-events"),
    domain_table=physical("files-domain"),
    snapshots_table=physical("files-domain-snapshots"),
    logic_version=LAYER,
    event_time_limit_seconds=10,
    events_per_snapshot=100,
    max_future_skew_seconds=600,
    index_keys="{}",
)

OUTPUTS = {
    "domain_name": "File",
    "domain_events_table_arn": arn("dynamodb", f"table/{physical('files-domain-events')}"),
    "domain_events_table_name": physical("files-domain-events"),
    "domain_events_stream_arn": arn(
        "dynamodb", f"table/{physical('files-domain-events')}/stream/2026-11-23T08:30:00.000"
    ),
    "domain_table_arn": arn("dynamodb", f"table/{physical('files-domain')}"),
    "domain_table_name": physical("files-domain"),
    "domain_table_stream_arn": arn("dynamodb", f"table/{physical('files-domain')}/stream/2026-11-23T08:30:00.000"),
    "domain_snapshots_table_arn": arn("dynamodb", f"table/{physical('files-domain-snapshots')}"),
    "domain_snapshots_table_name": physical("files-domain-snapshots"),
    "domain_event_rule_arn": arn("events", f"rule/{physical('files-domain-event')}"),
    "domain_event_lambda_rule_arn": arn("events", f"rule/{physical('files-rebuild')}"),
    "event_bus_arn": arn("events", f"event-bus/{physical('files-bus')}"),
    "event_bus_name": physical("files-bus"),
    "event_bus_destination_arn": arn("events", f"event-bus/{physical('files-bus')}"),
    "persist_function_arn": arn("lambda", f"function:{physical('files-persist')}"),
    "project_function_arn": arn("lambda", f"function:{physical('files-project')}"),
    **{
        f"{queue.replace('-', '_')}_queue_{kind}": value
        for queue in ("ingest", "ingest-dead-letter", "parked", "projection-dead-letter")
        for kind, value in (
            ("arn", arn("sqs", physical(f"files-{queue}"))),
            ("url", f"https://sqs.{REGION}.amazonaws.com.cn/{ACCOUNT}/{physical(f'files-{queue}')}"),
        )
    },
    "kms_key_arn": arn("kms", f"key/{physical('files-key')}"),
    "alarm_topic_arn": arn("sns", physical("files-alarms")),
    "dashboard_url": (
        f"https://{REGION}.console.amazonaws.cn/cloudwatch/home?region={REGION}"
        f"#dashboards/dashboard/{physical('files-domain')}-{REGION}"
    ),
    **{f"{kind}_policy_arn": arn("iam", f"policy/{physical(f'files-{kind}')}") for kind in POLICIES},
    "decider_settings": DECIDER_SETTINGS.to_text(),
}


def test_without_a_bus_it_makes_one_and_exactly_these_resources(deployment: Deployment) -> None:
    assert deployment.names() == WITHOUT_BUS | OWN_BUS
    assert len(deployment.children()) == len(deployment.names())


@pytest.mark.parametrize("bus", ["company", f"arn:{PARTITION}:events:{REGION}:{ACCOUNT}:event-bus/company"])
def test_with_a_bus_it_makes_exactly_the_same_but_no_bus(bus: str) -> None:
    given = deployed_with(cp_event_bus=bus)
    assert given.names() == WITHOUT_BUS
    assert len(given.children()) == len(given.names())


def test_the_component_registers_under_its_public_type(deployment: Deployment) -> None:
    assert [each.type for each in deployment.resources if not each.custom] == ["cp-event-source:index:CpEventSource"]


def test_every_child_has_the_component_as_its_parent(deployment: Deployment) -> None:
    parent = deployment.only("CpEventSource").urn
    assert {each.parent for each in deployment.children()} == {parent}


def test_no_physical_name_is_set_so_that_stacks_and_replacements_never_clash(deployment: Deployment) -> None:
    named = {each.name: each.inputs["name"] for each in deployment.children() if "name" in each.inputs}
    assert named == {}


def test_no_child_sets_a_region_of_its_own(deployment: Deployment) -> None:
    assert [each.name for each in deployment.children() if "region" in each.inputs] == []


def test_a_region_reaches_every_child_but_those_of_iam_which_have_none(deployment: Deployment) -> None:
    abroad = deployed_with(region="eu-north-1")
    assert abroad.names() == deployment.names()
    for each in abroad.children():
        assert each.inputs.get("region") == (None if each.type.startswith("aws:iam/") else "eu-north-1"), each.name


def test_every_child_that_can_be_tagged_has_the_users_tags_and_ours() -> None:
    tagged = deploy(in_program(lambda: component(tags={"team": pulumi.Output.from_input("files")})))
    kinds: dict[str, list[Registration]] = {}
    for each in tagged.children():
        kinds.setdefault(each.type.rsplit(":", 1)[-1], []).append(each)
    assert kinds.keys() == TAGGABLE | NOT_TAGGABLE
    for kind in TAGGABLE:
        for each in kinds[kind]:
            assert each.inputs["tags"] == {
                "team": "files",
                "cp-event-source:component": "files",
                "cp-event-source:domain": "File",
            }, each.name


def test_what_no_deployment_can_bring_back_is_protected_from_deletion_and_the_rest_is_not(
    deployment: Deployment,
) -> None:
    protected = {(each.type.rsplit(":", 1)[-1], each.name) for each in deployment.children() if each.protect}
    assert protected == {
        ("EventBus", "files-bus"),
        ("Key", "files-key"),
        ("LogGroup", "files-persist-logs"),
        ("LogGroup", "files-project-logs"),
        ("Queue", "files-ingest"),
        ("Queue", "files-ingest-dead-letter"),
        ("Queue", "files-parked"),
        ("Queue", "files-projection-dead-letter"),
        ("Table", "files-domain"),
        ("Table", "files-domain-events"),
        ("Table", "files-domain-snapshots"),
        ("Topic", "files-alarms"),
    }


def test_the_reference_names_every_type_that_is_protected(deployment: Deployment) -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "component.md").read_text()
    section = page.partition("### What is protected from deletion")[2].partition("\n## ")[0]
    types = {each.type for each in deployment.children() if each.protect}
    assert {type_ for type_ in types if f"`{type_}`" not in section} == set()


def test_a_development_stack_has_nothing_that_outlives_it_and_nothing_that_rings() -> None:
    stack = deployed_with(development=True)
    assert not [each.name for each in stack.children() if each.protect]
    left_out = {("Topic", "files-alarms"), ("TopicPolicy", "files-alarms"), ("Dashboard", "files-dashboard")}
    alarms = {each for each in WITHOUT_BUS if each[0] == "MetricAlarm"}
    assert stack.names() == (WITHOUT_BUS | OWN_BUS) - left_out - alarms
    outputs = stack.outputs[stack.only("CpEventSource").urn]
    assert {in_schema(name) for name in OUTPUTS} - outputs.keys() == {"alarmTopicArn", "dashboardUrl"}
    for name in ("files-persist-logs", "files-project-logs"):
        assert stack.only("LogGroup", name).inputs["retentionInDays"] == 7


BOTH = {"alarms": True, "dashboard": True}


def test_a_development_stack_has_what_is_asked_for() -> None:
    asked = deploy(
        in_program(lambda: component(development=True, monitoring=BOTH, functions={"log_retention_days": 30}))
    )
    assert asked.names() == WITHOUT_BUS | OWN_BUS
    assert asked.only("LogGroup", "files-persist-logs").inputs["retentionInDays"] == 30


def test_alarms_and_dashboard_can_be_left_out() -> None:
    silent = deployed_with(monitoring=dict.fromkeys(BOTH, False))
    assert not {"MetricAlarm", "Topic", "Dashboard"} & {kind for kind, _ in silent.names()}
    assert silent.only("Table", "files-domain").protect


def test_alarms_notify_a_given_topic_and_do_what_else_is_asked_for() -> None:
    topic, action = arn("sns", "company-alarms"), arn("lambda", "function:page")
    given = deploy(
        in_program(
            lambda: component(
                monitoring={"alarm_topic_arn": pulumi.Output.from_input(topic), "alarm_actions": [action]}
            )
        )
    )
    assert "Topic" not in {kind for kind, _ in given.names()}
    actions = [each.inputs["alarmActions"] for each in given.children() if each.type.endswith(":MetricAlarm")]
    assert actions == [[topic, action]] * len(DEFAULT_THRESHOLDS)
    assert given.outputs[given.only("CpEventSource").urn]["alarmTopicArn"] == topic


def test_a_threshold_is_the_one_given_for_its_alarm() -> None:
    (name, default), *_ = DEFAULT_THRESHOLDS.items()
    other = deployed_with(monitoring={"alarm_thresholds": {name: default + 1}})
    for each in DEFAULT_THRESHOLDS:
        expected = default + 1 if each == name else DEFAULT_THRESHOLDS[each]
        assert other.only("MetricAlarm", f"files-alarm-{each}").inputs["threshold"] == expected


def test_every_child_outlives_a_new_name_of_the_component_that_was_given_an_alias(deployment: Deployment) -> None:
    """To Pulumi a new name is another resource. The engine gives a component's alias to its children, too, by this rule
    of the SDK's: it works for the children whose names begin with the component's."""
    renamed = deployed_with("documents").children()
    old_component = deployment.only("CpEventSource").urn
    found: list[str] = []

    def program() -> pulumi.Output[None]:
        olds = [inherited_child_alias(each.name, "documents", old_component, each.type) for each in renamed]
        return pulumi.Output.all(*olds).apply(found.extend)

    deploy(program)
    # the mocks leave the stack's type out of a URN
    olds = sorted(urn.replace("pulumi:pulumi:Stack$", "") for urn in found)
    assert olds == sorted(each.urn for each in deployment.children())


def test_protection_reaches_every_child() -> None:
    protected = deploy(in_program(lambda: component(opts=pulumi.ResourceOptions(protect=True))))
    assert {each.protect for each in protected.children()} == {True}


def test_a_provider_given_to_the_component_reaches_every_child() -> None:
    def program() -> None:
        provider = aws.Provider("elsewhere", region="eu-central-1")
        component(opts=pulumi.ResourceOptions(provider=provider))

    elsewhere = deploy(program)
    children = [each for each in elsewhere.children() if each.name.startswith("files-")]
    assert len(children) == len(WITHOUT_BUS | OWN_BUS)
    assert {each.provider.rsplit("::", 2)[-2] for each in children} == {"elsewhere"}


def test_all_outputs_are_registered_as_the_schema_names_them(deployment: Deployment) -> None:
    """A reference to the component, in whatever language, gets its properties from these."""
    registered = deployment.outputs[deployment.only("CpEventSource").urn]
    texts = {in_schema(name): value for name, value in (OUTPUTS | documents_of(deployment)).items()}
    assert {name: value for name, value in registered.items() if name in texts} == texts
    assert registered["domainTable"] == deployment.only("Table", "files-domain").urn
    assert registered.keys() - texts.keys() == {
        *("domainEventRule", "domainEventLambdaRule", "domainEventsTable", "domainTable", "domainSnapshotsTable"),
        *("eventBus", "eventBusDestination"),
    }


def documents_of(deployment: Deployment) -> dict[str, Any]:
    """The outputs that are documents of policies."""
    return {f"{kind}_policy_document": deployment.only("Policy", f"files-{kind}").inputs["policy"] for kind in POLICIES}


def test_the_inputs_are_registered_as_the_schema_names_them() -> None:
    """So that policies and previews see them."""

    def program() -> None:
        component(
            kms_key_arn=None,
            monitoring={"alarm_thresholds": {"ingest-age": 600}, "dashboard": None},
            cp_event_bus=pulumi.Output.from_input("company"),
            tags={"cost_center": "7"},
            functions={"subnet_ids": ["subnet-0a"], "security_group_ids": ["sg-0a"], "environment": {"my_stage": "x"}},
            domain_table_indexes=[{"name": "by-status", "hash_key": pulumi.Output.from_input("Status")}],
        )

    assert deploy(program).only("CpEventSource").inputs == {
        "cpDomainName": "File",
        "cpDomainLogicLayer": LAYER,
        "cpEventBus": "company",
        "tags": {"cost_center": "7"},
        "monitoring": {"alarmThresholds": {"ingest-age": 600}},
        "functions": {"subnetIds": ["subnet-0a"], "securityGroupIds": ["sg-0a"], "environment": {"my_stage": "x"}},
        "domainTableIndexes": [{"name": "by-status", "hashKey": "Status"}],
    }


def test_the_attributes_are_what_is_registered() -> None:
    seen: dict[str, Any] = {}

    def program() -> pulumi.Output[None]:
        made = component()
        values = {name: getattr(made, name) for name in OUTPUTS}
        return pulumi.Output.all(**values).apply(seen.update)

    deploy(program)
    assert seen == OUTPUTS


def test_the_seeds_six_properties_are_the_resources_themselves() -> None:
    made: list[CpEventSource] = []
    deploy(in_program(lambda: made.append(component())))
    (it,) = made
    assert isinstance(it, CpEventSource)
    assert isinstance(it.domain_event_rule, aws.cloudwatch.EventRule)
    assert isinstance(it.domain_event_lambda_rule, aws.cloudwatch.EventRule)
    assert isinstance(it.domain_events_table, aws.dynamodb.Table)
    assert isinstance(it.domain_table, aws.dynamodb.Table)
    assert isinstance(it.event_bus, aws.cloudwatch.EventBus)
    assert isinstance(it.event_bus_destination, aws.lambda_.FunctionEventInvokeConfig)


def test_each_table_property_is_the_table_of_its_name() -> None:
    names: dict[str, str] = {}

    def program() -> pulumi.Output[None]:
        made = component()
        tables = ("domain_events_table", "domain_table", "domain_snapshots_table")
        return pulumi.Output.all(**{table: getattr(made, table).name for table in tables}).apply(names.update)

    deploy(program)
    assert names == {
        "domain_events_table": physical("files-domain-events"),
        "domain_table": physical("files-domain"),
        "domain_snapshots_table": physical("files-domain-snapshots"),
    }


def test_a_given_bus_is_no_resource_of_the_component() -> None:
    made: list[CpEventSource] = []
    deploy(in_program(lambda: made.append(component(cp_event_bus="default"))))
    assert made[0].event_bus is None


@pytest.mark.parametrize("bus", [{}, {"cp_event_bus": "company"}])
def test_a_first_preview_where_nothing_is_known_registers_everything(bus: dict[str, Any]) -> None:
    preview = deploy(in_program(lambda: component(**bus)), preview=True)
    assert preview.names() == (WITHOUT_BUS if bus else WITHOUT_BUS | OWN_BUS)
    function = preview.only("Function", "files-project").inputs
    assert isinstance(function["role"], pulumi.output.Unknown)
    assert {in_schema(name) for name in OUTPUTS} <= preview.outputs[preview.only("CpEventSource").urn].keys()


def test_a_layer_known_only_later_can_be_previewed() -> None:
    def program() -> None:
        layer = aws.lambda_.LayerVersion("layer", layer_name="file")
        component(cp_domain_logic_layer=layer.arn)

    preview = deploy(program, preview=True)
    assert isinstance(preview.only("Function", "files-project").inputs["layers"][0], pulumi.output.Unknown)


def test_two_components_live_in_one_program() -> None:
    def program() -> None:
        component("files", cp_event_bus="company")
        component("users", cp_domain_name="User", cp_event_bus="company")

    both = deploy(program)
    assert len({each.urn for each in both.children()}) == 2 * len(WITHOUT_BUS)


LIMITS = {
    "EventBus": 256,
    "EventRule": 64,
    "Dashboard": 255,
    "Function": 64,
    "LogGroup": 512,
    "MetricAlarm": 255,
    "Policy": 128,
    "Queue": 80,
    "Role": 64,
    "RolePolicy": 128,
    "Table": 255,
    "Topic": 256,
}
"""The longest physical names. The kinds left out have no name of their own."""


def test_the_longest_name_allowed_fits_every_childs_limit_and_one_more_would_not() -> None:
    longest = deployed_with("n" * MAX_NAME_LENGTH)
    room = {
        each.name: LIMITS[kind] - len(physical(each.name))
        for each in longest.children()
        if (kind := each.type.rsplit(":", 1)[-1]) in LIMITS
    }
    assert min(room.values()) == 0
