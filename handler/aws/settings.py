"""Reads the functions' environment once, at start, into typed objects."""

import math
import os
from collections.abc import Mapping
from typing import NamedTuple

from ..domain import index_keys
from ..domain.index_keys import NO_INDEX_KEYS, IndexKeys

LEVELS = ("INFO", "WARNING", "ERROR")
"""The levels of logged lines, the least first."""


class BrokenSettings(Exception):
    """The function's environment is not as the component sets it. The message names the variable."""


class PersistSettings(NamedTuple):
    """The persist function's settings."""

    domain_name: str
    events_table: str
    dead_letter_queue_url: str
    max_future_skew_seconds: int
    function_name: str
    trace_daemon: str = ""
    """The address of X-Ray's daemon; empty if there is no daemon."""
    log_level: str = "INFO"
    """The least level of lines that are logged."""

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> "PersistSettings":
        """Read the settings. Raises BrokenSettings if a variable is missing or invalid."""
        return cls(
            domain_name=_text(environment, "DOMAIN_NAME"),
            events_table=_text(environment, "DOMAIN_EVENTS_TABLE"),
            dead_letter_queue_url=_text(environment, "INGEST_DEAD_LETTER_QUEUE_URL"),
            max_future_skew_seconds=int(_number(environment, "MAX_FUTURE_SKEW_SECONDS")),
            function_name=_text(environment, "AWS_LAMBDA_FUNCTION_NAME"),
            trace_daemon=environment.get("AWS_XRAY_DAEMON_ADDRESS", ""),
            log_level=_log_level(environment, "LOG_LEVEL"),
        )


class ProjectSettings(NamedTuple):
    """The project function's settings."""

    domain_name: str
    events_table: str
    domain_table: str
    snapshots_table: str
    parked_queue_url: str
    logic_version: str
    event_time_limit_seconds: float
    events_per_snapshot: int
    function_name: str
    trace_daemon: str = ""
    """The address of X-Ray's daemon; empty if there is no daemon."""
    log_level: str = "INFO"
    """The least level of lines that are logged."""
    index_keys: IndexKeys = NO_INDEX_KEYS
    """The keys of the domain table's indexes."""
    ttl_attribute: str = ""
    """The attribute by which rows expire; empty if they do not."""

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> "ProjectSettings":
        """Read the settings. Raises BrokenSettings if a variable is missing or invalid."""
        return cls(
            domain_name=_text(environment, "DOMAIN_NAME"),
            events_table=_text(environment, "DOMAIN_EVENTS_TABLE"),
            domain_table=_text(environment, "DOMAIN_TABLE"),
            snapshots_table=_text(environment, "DOMAIN_SNAPSHOTS_TABLE"),
            parked_queue_url=_text(environment, "PARKED_QUEUE_URL"),
            logic_version=_text(environment, "LOGIC_VERSION"),
            event_time_limit_seconds=_number(environment, "EVENT_TIME_LIMIT_SECONDS", minimum=0.001),
            events_per_snapshot=int(_number(environment, "EVENTS_PER_SNAPSHOT", minimum=1)),
            function_name=_text(environment, "AWS_LAMBDA_FUNCTION_NAME"),
            trace_daemon=environment.get("AWS_XRAY_DAEMON_ADDRESS", ""),
            log_level=_log_level(environment, "LOG_LEVEL"),
            index_keys=_index_keys(environment, "DOMAIN_TABLE_INDEX_KEYS"),
            ttl_attribute=environment.get("DOMAIN_TABLE_TTL_ATTRIBUTE", ""),
        )


def _log_level(environment: Mapping[str, str], name: str) -> str:
    """The level; that of all lines if there is no such variable, as with stacks of earlier versions."""
    level = environment.get(name, LEVELS[0])
    if level not in LEVELS:
        raise BrokenSettings(
            f"the environment variable {name} must be one of {', '.join(LEVELS)}; found {level!r}; "
            "deploy the stack again"
        )
    return level


def _text(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name)
    if not value:
        raise BrokenSettings(f"the environment variable {name} is required; found nothing; deploy the stack again")
    return value


def _index_keys(environment: Mapping[str, str], name: str) -> IndexKeys:
    """The keys; none if there is no such variable, since only a table with indexes of the domain has one."""
    if name not in environment:
        return NO_INDEX_KEYS
    try:
        return index_keys.from_text(environment[name])
    except (AttributeError, TypeError, ValueError):
        raise BrokenSettings(
            f"the environment variable {name} must be the keys of indexes as JSON; found {environment[name]!r}; "
            "deploy the stack again"
        ) from None


def _number(environment: Mapping[str, str], name: str, *, minimum: float = 0) -> float:
    text = _text(environment, name)
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not minimum <= number < math.inf:
        raise BrokenSettings(
            f"the environment variable {name} must be a number of at least {minimum}; found {text!r}; "
            "deploy the stack again"
        )
    return number
