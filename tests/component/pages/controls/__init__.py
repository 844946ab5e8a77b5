"""What each control asks of the resources as they are registered, and what takes it away.

`CHECKS` has a check for every control of `cp_event_source.pages.compliance`, by its key, and is laid out
as the controls are.
"""

from collections.abc import Mapping

from . import bus, functions, key, monitoring, not_done, options, queues, roles, tables
from .check import Check

CHECKS: Mapping[str, Check] = {
    **tables.CHECKS,
    **key.CHECKS,
    **bus.CHECKS,
    **queues.CHECKS,
    **functions.CHECKS,
    **roles.CHECKS,
    **monitoring.CHECKS,
    **options.CHECKS,
    **not_done.CHECKS,
}
