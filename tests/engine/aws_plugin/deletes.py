"""How each type is deleted. As on AWS, what is protected or in use is not."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from cp_event_source.deployed.clients import Clients

State = Mapping[str, Any]
Delete = Callable[[Clients, str, State], object]


def _bus(clients: Clients, _: str, state: State) -> None:
    events = clients("events")
    if rules := events.list_rules(EventBusName=state["name"])["Rules"]:
        raise RuntimeError(f"Event bus {state['name']} can't be deleted since it has rules: {rules[0]['Name']}")
    events.delete_event_bus(Name=state["name"])


def _rule(clients: Clients, _: str, state: State) -> None:
    events = clients("events")
    place = {"Rule": state["name"], "EventBusName": state["eventBusName"]}
    if events.list_targets_by_rule(**place)["Targets"]:
        raise RuntimeError(f"Rule {state['name']} can't be deleted since it has targets.")
    events.delete_rule(Name=state["name"], EventBusName=state["eventBusName"])


def _role(clients: Clients, identity: str, _: State) -> None:
    iam = clients("iam")
    inline = iam.list_role_policies(RoleName=identity)["PolicyNames"]
    attached = iam.list_attached_role_policies(RoleName=identity)["AttachedPolicies"]
    if inline or attached:
        raise RuntimeError(f"Cannot delete entity, must delete policies first: {inline} {attached}")
    iam.delete_role(RoleName=identity)


def _policy(clients: Clients, identity: str, _: State) -> None:
    iam = clients("iam")
    if roles := iam.list_entities_for_policy(PolicyArn=identity).get("PolicyRoles"):
        raise RuntimeError(f"Cannot delete a policy attached to entities: {[role['RoleName'] for role in roles]}")
    for version in iam.list_policy_versions(PolicyArn=identity)["Versions"]:
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=identity, VersionId=version["VersionId"])
    iam.delete_policy(PolicyArn=identity)


def _log_group(clients: Clients, identity: str, state: State) -> None:
    if not state.get("skipDestroy"):
        clients("logs").delete_log_group(logGroupName=identity)


def _layer_version(clients: Clients, _: str, state: State) -> None:
    if not state.get("skipDestroy"):
        clients("lambda").delete_layer_version(LayerName=state["layerName"], VersionNumber=int(state["version"]))


def _with_what_it_belongs_to(*_: object) -> None:
    """A setting of another resource, which the emulator deletes with that resource."""


DELETES: Final[dict[str, Delete]] = {
    "aws:cloudwatch/dashboard:Dashboard": lambda clients, identity, _: clients("cloudwatch").delete_dashboards(
        DashboardNames=[identity]
    ),
    "aws:cloudwatch/eventBus:EventBus": _bus,
    "aws:cloudwatch/eventBusPolicy:EventBusPolicy": _with_what_it_belongs_to,
    "aws:cloudwatch/eventRule:EventRule": _rule,
    "aws:cloudwatch/eventTarget:EventTarget": lambda clients, _, state: clients("events").remove_targets(
        Rule=state["rule"], EventBusName=state["eventBusName"], Ids=[state["targetId"]]
    ),
    "aws:cloudwatch/logGroup:LogGroup": _log_group,
    "aws:cloudwatch/metricAlarm:MetricAlarm": lambda clients, identity, _: clients("cloudwatch").delete_alarms(
        AlarmNames=[identity]
    ),
    "aws:dynamodb/table:Table": lambda clients, identity, _: clients("dynamodb").delete_table(TableName=identity),
    "aws:iam/policy:Policy": _policy,
    "aws:iam/role:Role": _role,
    "aws:iam/rolePolicy:RolePolicy": lambda clients, _, state: clients("iam").delete_role_policy(
        RoleName=state["role"], PolicyName=state["name"]
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": lambda clients, _, state: clients("iam").detach_role_policy(
        RoleName=state["role"], PolicyArn=state["policyArn"]
    ),
    "aws:kms/alias:Alias": lambda clients, identity, _: clients("kms").delete_alias(AliasName=identity),
    "aws:kms/key:Key": lambda clients, identity, state: clients("kms").schedule_key_deletion(
        KeyId=identity, PendingWindowInDays=int(state.get("deletionWindowInDays", 30))
    ),
    "aws:kms/keyPolicy:KeyPolicy": _with_what_it_belongs_to,
    "aws:lambda/eventSourceMapping:EventSourceMapping": lambda clients, identity, _: clients(
        "lambda"
    ).delete_event_source_mapping(UUID=identity),
    "aws:lambda/function:Function": lambda clients, identity, _: clients("lambda").delete_function(
        FunctionName=identity
    ),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": lambda clients, _, state: clients(
        "lambda"
    ).delete_function_event_invoke_config(FunctionName=state["functionName"], Qualifier=state["qualifier"]),
    "aws:lambda/layerVersion:LayerVersion": _layer_version,
    "aws:lambda/permission:Permission": lambda clients, identity, state: clients("lambda").remove_permission(
        FunctionName=state["function"], StatementId=identity
    ),
    "aws:sns/topic:Topic": lambda clients, identity, _: clients("sns").delete_topic(TopicArn=identity),
    "aws:sns/topicPolicy:TopicPolicy": _with_what_it_belongs_to,
    "aws:sns/topicSubscription:TopicSubscription": lambda clients, identity, _: clients("sns").unsubscribe(
        SubscriptionArn=identity
    ),
    "aws:sqs/queue:Queue": lambda clients, identity, _: clients("sqs").delete_queue(QueueUrl=identity),
    "aws:sqs/queuePolicy:QueuePolicy": _with_what_it_belongs_to,
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": _with_what_it_belongs_to,
    "aws:sqs/redrivePolicy:RedrivePolicy": _with_what_it_belongs_to,
}
"""By type. They raise the service's error if the resource is not there."""
