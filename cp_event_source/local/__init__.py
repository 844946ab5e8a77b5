"""Runs Pulumi programs on this machine, without an AWS account.

Needs the extra: pip install 'cp-event-source[local]'.

Each name is imported when it is first used: the process of a program, which is a module of this package, needs none of
them.
"""

from typing import TYPE_CHECKING, Final

from cp_event_source.late_names import late_names

if TYPE_CHECKING:
    from cp_event_source.deployed.pipeline import Pipeline
    from cp_event_source.local.errors import LocalRunError
    from cp_event_source.local.events_file import read_events
    from cp_event_source.local.run import LocalRun, Stack

__all__ = ["LocalRun", "LocalRunError", "Pipeline", "Stack", "read_events"]

_MODULES: Final = {
    "LocalRun": "run",
    "LocalRunError": "errors",
    "Pipeline": "run",
    "Stack": "run",
    "read_events": "events_file",
}

__getattr__, __dir__ = late_names(__name__, globals(), _MODULES)
