"""Guarantee: a function starts with its whole environment, or says which variable is at fault."""

from typing import Any

import pytest

from cp_event_source.handler.aws.settings import BrokenSettings, PersistSettings, ProjectSettings
from cp_event_source.handler.domain.index_keys import IndexKey, to_text

PERSIST = {
    "DOMAIN_NAME": "File",
    "DOMAIN_EVENTS_TABLE": "events",
    "INGEST_DEAD_LETTER_QUEUE_URL": "https://queue",
    "MAX_FUTURE_SKEW_SECONDS": "600",
    "AWS_LAMBDA_FUNCTION_NAME": "persist-1",
}
PROJECT = {
    "DOMAIN_NAME": "File",
    "DOMAIN_EVENTS_TABLE": "events",
    "DOMAIN_TABLE": "rows",
    "DOMAIN_SNAPSHOTS_TABLE": "snapshots",
    "PARKED_QUEUE_URL": "https://queue",
    "LOGIC_VERSION": "arn:1",
    "EVENT_TIME_LIMIT_SECONDS": "2.5",
    "EVENTS_PER_SNAPSHOT": "50",
    "AWS_LAMBDA_FUNCTION_NAME": "project-1",
}
BOTH = [(PersistSettings, PERSIST, name) for name in PERSIST] + [(ProjectSettings, PROJECT, name) for name in PROJECT]


def test_persist() -> None:
    assert PersistSettings.read(PERSIST) == PersistSettings("File", "events", "https://queue", 600, "persist-1")


def test_project() -> None:
    expected = ProjectSettings("File", "events", "rows", "snapshots", "https://queue", "arn:1", 2.5, 50, "project-1")
    assert ProjectSettings.read(PROJECT) == expected


def test_the_keys_of_indexes_may_be_missing() -> None:
    keys = {"Owner": IndexKey("S", 2048)}
    assert ProjectSettings.read(PROJECT).index_keys == {}
    assert ProjectSettings.read({**PROJECT, "DOMAIN_TABLE_INDEX_KEYS": to_text(keys)}).index_keys == keys


def test_the_attribute_by_which_rows_expire_may_be_missing() -> None:
    assert ProjectSettings.read(PROJECT).ttl_attribute == ""
    assert ProjectSettings.read({**PROJECT, "DOMAIN_TABLE_TTL_ATTRIBUTE": "ExpiresAt"}).ttl_attribute == "ExpiresAt"


@pytest.mark.parametrize("text", ["", "Owner", '{"Owner": 5}', '{"Owner": ["X", 1]}'])
def test_invalid_keys_of_indexes_are_named_with_the_text_found(text: str) -> None:
    with pytest.raises(BrokenSettings) as broken:
        ProjectSettings.read({**PROJECT, "DOMAIN_TABLE_INDEX_KEYS": text})
    assert f"variable DOMAIN_TABLE_INDEX_KEYS must be the keys of indexes as JSON; found {text!r}; " in str(
        broken.value
    )


@pytest.mark.parametrize(("settings", "environment"), [(PersistSettings, PERSIST), (ProjectSettings, PROJECT)])
def test_the_address_of_the_daemon_for_traces_may_be_missing(settings: Any, environment: dict[str, str]) -> None:
    assert settings.read(environment).trace_daemon == ""
    assert settings.read({**environment, "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000"}).trace_daemon == "127.0.0.1:2000"


@pytest.mark.parametrize(("settings", "environment", "name"), BOTH)
def test_a_missing_or_empty_variable_is_named(settings: Any, environment: dict[str, str], name: str) -> None:
    for value in ({}, {name: ""}):
        rest = {other: text for other, text in environment.items() if other != name}
        with pytest.raises(BrokenSettings, match=f"variable {name} is required; found nothing"):
            settings.read(rest | value)


@pytest.mark.parametrize("text", ["soon", "nan", "inf", "-inf", "-1", "1e999"])
def test_an_invalid_number_is_named_with_the_text_found(text: str) -> None:
    for settings, environment, name in (
        (PersistSettings, PERSIST, "MAX_FUTURE_SKEW_SECONDS"),
        (ProjectSettings, PROJECT, "EVENT_TIME_LIMIT_SECONDS"),
        (ProjectSettings, PROJECT, "EVENTS_PER_SNAPSHOT"),
    ):
        with pytest.raises(BrokenSettings, match=f"variable {name} must be a .*; found '{text}'"):
            settings.read({**environment, name: text})


def test_zero_is_not_a_valid_time_limit() -> None:
    """A timer of 0 would never go off."""
    with pytest.raises(BrokenSettings, match="EVENT_TIME_LIMIT_SECONDS"):
        ProjectSettings.read({**PROJECT, "EVENT_TIME_LIMIT_SECONDS": "0"})


def test_no_skew_may_be_allowed() -> None:
    assert PersistSettings.read({**PERSIST, "MAX_FUTURE_SKEW_SECONDS": "0"}).max_future_skew_seconds == 0


@pytest.mark.parametrize(("settings", "environment"), [(PersistSettings, PERSIST), (ProjectSettings, PROJECT)])
def test_all_lines_are_logged_unless_a_level_is_set(settings: Any, environment: dict[str, str]) -> None:
    assert settings.read(environment).log_level == "INFO"
    assert settings.read(environment | {"LOG_LEVEL": "ERROR"}).log_level == "ERROR"
    with pytest.raises(BrokenSettings, match="LOG_LEVEL must be one of INFO, WARNING, ERROR; found 'debug'"):
        settings.read(environment | {"LOG_LEVEL": "debug"})
