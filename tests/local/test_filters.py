"""Guarantee: a mapping's filter has the effect on the emulator that it has on AWS, which reads it otherwise."""

import json
from typing import Any

import pytest

from cp_event_source.local.resources.lambda_functions import _as_the_emulator_matches
from cp_event_source.resources.project_function import _PROJECTED


def rewritten(pattern: Any) -> Any:
    return json.loads(_as_the_emulator_matches(json.dumps(pattern)))


def test_an_absent_attribute_is_looked_for_one_level_up() -> None:
    assert rewritten(_PROJECTED) == {
        "eventName": ["INSERT"],
        "dynamodb": {"NewImage": {"Decided": [{"exists": False}]}},
    }


@pytest.mark.parametrize(
    "pattern",
    [
        {"eventName": ["INSERT", "MODIFY"], "dynamodb": {"NewImage": {"ScanResult": {"S": ["INFECTED"]}}}},
        {"dynamodb": {"NewImage": {"Name": {"S": [{"exists": True}]}}}},
        {"body": {"Name": [{"exists": False}]}},
        {"dynamodb": {"NewImage": {"Name": {"S": [{"exists": False}, "a"]}}}},
    ],
)
def test_other_patterns_stay_as_they_are(pattern: Any) -> None:
    assert rewritten(pattern) == pattern
