"""Guarantee: a service that decides folds as the project function does, and knows its tables, from one output."""

import json
from typing import Any

from cp_event_source.decide.objects import deciding
from cp_event_source.decide.settings import DeciderSettings
from cp_event_source.handler.aws.settings import ProjectSettings
from cp_event_source.handler.values.clock import Clock
from tests.handler.doubles import logic

from ..deployment import Deployment, deployed_with
from ..test_component import DECIDER_SETTINGS


def settings_of(deployment: Deployment) -> DeciderSettings:
    text: Any = deployment.outputs[deployment.only("CpEventSource").urn]["deciderSettings"]
    return DeciderSettings.of(text, "the output")


def test_the_tables_and_the_layer_are_those_of_the_project_function(deployment: Deployment) -> None:
    assert settings_of(deployment) == DECIDER_SETTINGS


def test_all_that_changes_a_fold_is_in_it() -> None:
    changed: Any = {
        "domain_table_indexes": [{"name": "by-status", "hash_key": "Status"}],
        "events_per_snapshot": 50,
        "max_future_skew_seconds": 5,
    }
    deployment = deployed_with(**changed)
    found = settings_of(deployment)
    variables = deployment.only("Function", "files-project").inputs["environment"]["variables"]
    function = ProjectSettings.read({**variables, "AWS_LAMBDA_FUNCTION_NAME": "project"})
    fold = deciding(found, logic("v1"), None, Clock()).config
    assert (fold.version, fold.seconds_per_event) == (function.logic_version, function.event_time_limit_seconds)
    assert (fold.events_per_mark, fold.index_keys) == (function.events_per_snapshot, function.index_keys)
    assert fold.index_keys
    assert found.max_future_skew_seconds == 5


def test_it_is_one_line_of_json(deployment: Deployment) -> None:
    text: Any = deployment.outputs[deployment.only("CpEventSource").urn]["deciderSettings"]
    assert "\n" not in text
    assert json.loads(text)
