"""Guarantee: each promise of the compliance page has a policy, and policies look at the component's resources only.

That a policy fails for each resource that is changed against it is shown in `tests/component/pages/test_controls.py`.
"""

import json
from dataclasses import replace
from functools import cache
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi_aws import dynamodb, iam, lambda_, sqs

from cp_event_source.pages.compliance import CONTROLS, Default
from cp_event_source.policies import POLICIES, NotKnown, Resource, findings_in
from cp_event_source.policies.roles import CALLS
from tests.component.deployment import component, deploy, deployed_with
from tests.component.inputs.test_arguments import INPUTS
from tests.component.pages.controls import CHECKS
from tests.component.pages.controls.options import PUBLISHERS
from tests.handler.strategies import json_texts, json_values


@cache
def default() -> list[Resource]:
    return deployed_with().states()


OPTIONS = ("reserved-concurrency", "signed-code", "given-key", "given-topic", "vpc", "permissions-boundary")


def test_each_control_of_a_default_deployment_has_a_policy() -> None:
    defaults = {control.key for control in CONTROLS if isinstance(control.status, Default)}
    assert POLICIES.keys() == defaults | set(OPTIONS)


@pytest.mark.parametrize("key", OPTIONS)
def test_an_option_is_found_missing_until_the_input_asks_for_it(key: str) -> None:
    with_it = deployed_with(**CHECKS[key].inputs).states()
    assert findings_in(POLICIES[key], default())
    assert findings_in(POLICIES[key], with_it) == []


WITH_A_BUS = {name: value for name, value in INPUTS.items() if name != "publishers"} | {"cp_event_bus": "company"}
"""A bus that is given takes no publishers."""


@pytest.mark.parametrize("inputs", [INPUTS, WITH_A_BUS], ids=["its own bus", "a bus by name"])
def test_inputs_break_no_mandatory_policy_but_those_on_what_they_lower(inputs: dict[str, Any]) -> None:
    """All inputs at once. Of their values, only a lower tracing mode and a shorter retention are against a control."""
    resources = deployed_with(**inputs).states()
    settings = {"publishers": inputs.get("publishers", [])}
    mandatory = POLICIES.keys() - set(OPTIONS)
    broken = {key for key in mandatory if findings_in(POLICIES[key], resources, settings)}
    assert broken == {"tracing", "log-retention"}


def test_the_policies_for_others_are_looked_at_each() -> None:
    """Publishers, readers, auditors, operators and deciders: one that may do everything is found."""
    document = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}]}
    )
    resources = [
        replace(each, properties={**each.properties, "policy": document}) if each.kind == "Policy" else each
        for each in default()
    ]
    others = {f"files-{each}" for each in ("publisher", "reader", "auditor", "operator", "decider")}
    for key in ("no-wildcard-actions", "no-wildcard-resources"):
        assert {finding.resource.name for finding in findings_in(POLICIES[key], resources)} == others


def test_a_users_own_variable_needs_no_right() -> None:
    """The component gives none for it, however the variable is called."""
    environment = {"MY_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/210987654321/other", "MY_TABLE": "other"}
    resources = deployed_with(functions={"environment": environment}).states()
    assert findings_in(POLICIES["roles-suffice"], resources) == []


def test_all_tables_and_queues_in_the_functions_environment_are_known_with_their_calls() -> None:
    named = {each.properties["name"] for each in default() if each.kind == "Table"}
    named |= {each.properties["url"] for each in default() if each.kind == "Queue"}
    in_environment = {
        each.properties["handler"]: {
            name for name, value in each.properties["environment"]["variables"].items() if value in named
        }
        for each in default()
        if each.kind == "Function"
    }
    assert in_environment == {handler: set(calls) for handler, calls in CALLS.items()}


def test_a_publisher_of_another_account_must_be_in_the_settings() -> None:
    resources = deployed_with(publishers=PUBLISHERS).states()
    assert findings_in(POLICIES["bus-policy"], resources)
    assert findings_in(POLICIES["bus-policy"], resources, {"publishers": PUBLISHERS}) == []


def test_resources_beside_the_component_are_not_looked_at() -> None:
    """They have none of what the controls ask for."""

    class Other(pulumi.ComponentResource):
        def __init__(self) -> None:
            super().__init__("cp-event-source:index:CpEventSourceOther", "other")
            beside(pulumi.ResourceOptions(parent=self))

    def beside(opts: pulumi.ResourceOptions | None = None) -> None:
        dynamodb.Table("table", hash_key="id", attributes=[{"name": "id", "type": "S"}], opts=opts)
        sqs.Queue("queue", opts=opts)
        iam.Policy("policy", policy='{"Version": "2012-10-17", "Statement": []}', opts=opts)

    def program() -> None:
        beside()
        Other()

    resources = deploy(program).states()
    assert resources
    assert [finding for policy in POLICIES.values() for finding in findings_in(policy, resources)] == []


def test_each_pipeline_of_a_stack_is_looked_at_by_itself() -> None:
    def program() -> None:
        component("files")
        component("orders", development=True, monitoring={"alarms": False})

    resources = deploy(program).states()
    assert findings_in(POLICIES["queues-tls"], resources) == []
    for key in ("deletion-protection", "alarms-notify"):
        found = findings_in(POLICIES[key], resources)
        assert {finding.resource.name.partition("-")[0] for finding in found} == {"orders"}


def test_a_policy_on_what_aws_computes_says_that_it_does_not_know_yet() -> None:
    """The engine asks at preview too, when nothing has an ARN."""
    resources = [
        replace(each, properties={name: value for name, value in each.properties.items() if name != "arn"})
        for each in default()
    ]
    with pytest.raises(NotKnown, match="arn of files-"):
        findings_in(POLICIES["queues-tls"], resources)


@pytest.mark.parametrize("key", ["queues-tls", "no-wildcard-actions"])
def test_a_policy_document_that_a_check_does_not_understand_is_a_finding(key: str) -> None:
    document = json.dumps({"Version": "2008-10-17", "Statement": []})
    resources = [
        replace(each, properties={**each.properties, "policy": document}) if "policy" in each.properties else each
        for each in default()
    ]
    messages = {finding.message for finding in findings_in(POLICIES[key], resources)}
    assert messages == {"the version of the policy document must be 2012-10-17; found 2008-10-17"}


def test_another_function_under_the_component_is_a_finding() -> None:
    def program() -> None:
        files = component()
        lambda_.Function(
            "helper",
            handler="index.handler",
            runtime="python3.14",
            role="arn:aws-cn:iam::111122223333:role/helper",
            code=pulumi.AssetArchive({}),
            opts=pulumi.ResourceOptions(parent=files),
        )

    resources = deploy(program).states()
    found = {key: findings_in(policy, resources) for key, policy in POLICIES.items()}
    assert {each.resource.name for each in found["roles-suffice"]} == {"helper"}
    assert (
        "handler must be handler.persist_function.handle or handler.project_function.handle, whose calls are known; "
        'found "index.handler"'
    ) in {each.message for each in found["roles-suffice"]}


def changed(name: str, **properties: Any) -> list[Resource]:
    """A deployment in which a function has other properties."""
    function = next(each for each in default() if each.kind == "Function" and each.name == name)
    other = replace(function, properties={**function.properties, **properties})
    return [other if each is function else each for each in default()]


@pytest.mark.parametrize("handler", ["agent.wrapper", None])
def test_a_handler_that_an_agent_wraps_is_a_finding(handler: str | None) -> None:
    (finding,) = findings_in(POLICIES["roles-suffice"], changed("files-project", handler=handler))
    assert finding.resource.name == "files-project"
    assert finding.message.endswith(f"whose calls are known; found {json.dumps(handler) if handler else 'nothing'}")


def test_a_variable_that_a_function_lacks_is_a_finding() -> None:
    found = findings_in(POLICIES["roles-suffice"], changed("files-persist", environment=None))
    assert {finding.message for finding in found} == {
        "environment.variables.DOMAIN_EVENTS_TABLE must be given; found nothing",
        "environment.variables.INGEST_DEAD_LETTER_QUEUE_URL must be given; found nothing",
    }


DOCUMENTS = ("policy", "assumeRolePolicy", "redrivePolicy", "eventPattern")
"""The properties that are JSON texts."""


@cache
def with_documents() -> list[tuple[int, str]]:
    """The resources that have such properties, by their places, and which."""
    return [(place, name) for place, each in enumerate(default()) for name in DOCUMENTS if name in each.properties]


def judged(place: int, name: str, document: str) -> list[str]:
    """What all policies say of a deployment with another document."""
    resources = list(default())
    resources[place] = replace(resources[place], properties={**resources[place].properties, name: document})
    return [finding.message for policy in POLICIES.values() for finding in findings_in(policy, resources)]


ALLOW = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}


@pytest.mark.parametrize(
    "statement",
    [
        ALLOW,
        *({name: value for name, value in ALLOW.items() if name != without} for without in ALLOW),
        *(
            {f"Not{name}" if name == opposite else name: value for name, value in ALLOW.items()}
            for opposite in ("Principal", "Action", "Resource")
        ),
        {**ALLOW, "Condition": {"StringNotLike": {"aws:PrincipalArn": "*"}}},
    ],
    ids=json.dumps,
)
def test_no_policy_fails_over_a_statement_alone_without_or_but(statement: dict[str, str]) -> None:
    """Each document of a deployment in turn is one statement that is not in a list."""
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    options = len([each for key in OPTIONS for each in findings_in(POLICIES[key], default())])
    for place, name in with_documents():
        assert len(judged(place, name, document)) > options, default()[place].name


VALUES = json_values | st.sampled_from(["*", "sqs:SendMessage", {"AWS": "*"}]) | st.lists(st.text(max_size=3))
STATEMENTS = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"]) | json_values},
    optional=dict.fromkeys(
        ("Sid", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource"), VALUES
    )
    | {
        "Condition": json_values
        | st.dictionaries(
            st.sampled_from(["StringEquals", "ArnEquals", "Null", "Bool", "NumericLessThan"]),
            json_values | st.dictionaries(st.sampled_from(["aws:SourceArn", "aws:SourceAccount"]), VALUES),
        )
    },
)
JSON_DOCUMENTS = json_texts | st.fixed_dictionaries(
    {"Version": st.just("2012-10-17"), "Statement": STATEMENTS | st.lists(STATEMENTS | json_values, max_size=3)},
    optional={"detail": json_values, "deadLetterTargetArn": json_values, "maxReceiveCount": json_values},
).map(lambda document: json.dumps(document, default=str))


@given(st.data(), JSON_DOCUMENTS)
def test_no_policy_fails_over_any_document(data: st.DataObject, document: str) -> None:
    place, name = data.draw(st.sampled_from(with_documents()))
    assert all(judged(place, name, document))
