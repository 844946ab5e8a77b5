"""What services that decide need to know of the component."""

from typing import Any

import pulumi

from ..decide.settings import DeciderSettings
from ..handler.domain.index_keys import NO_INDEX_KEYS, to_text
from ..inputs.arguments import Settings
from .project_function import EVENT_TIME_LIMIT_SECONDS
from .scope import Scope
from .tables import Tables, index_keys


def decider_settings(scope: Scope, settings: Settings, tables: Tables) -> pulumi.Output[str]:
    """The tables, and how the project function folds: a decision computes the row that the function would compute."""
    indexes = settings.domain_table_indexes
    known: dict[str, Any] = {
        "domain_name": scope.domain_name,
        "events_table": tables.domain_events.name,
        "domain_table": tables.domain.name,
        "snapshots_table": tables.domain_snapshots.name,
        "logic_version": settings.logic_layer,
        "event_time_limit_seconds": EVENT_TIME_LIMIT_SECONDS,
        "events_per_snapshot": settings.events_per_snapshot,
        "max_future_skew_seconds": settings.max_future_skew_seconds,
        "index_keys": to_text(NO_INDEX_KEYS) if indexes is None else indexes.apply(index_keys).apply(to_text),
    }
    return pulumi.Output.all(**known).apply(lambda values: DeciderSettings(**values).to_text())
