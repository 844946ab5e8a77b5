"""Runs Pulumi programs on this machine, without an AWS account.

Needs the extra: pip install 'cp-event-source[local]'.
"""

from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.local.errors import LocalRunError
from cp_event_source.local.events_file import read_events
from cp_event_source.local.run import LocalRun, Stack

__all__ = ["LocalRun", "LocalRunError", "Pipeline", "Stack", "read_events"]
