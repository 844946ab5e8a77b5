"""All controls."""

from typing import Final

from . import bus, functions, key, monitoring, not_done, options, queues, roles, tables
from .control import Control

CONTROLS: Final[tuple[Control, ...]] = (
    *tables.CONTROLS,
    *key.CONTROLS,
    *bus.CONTROLS,
    *queues.CONTROLS,
    *functions.CONTROLS,
    *roles.CONTROLS,
    *monitoring.CONTROLS,
    *options.CONTROLS,
    *not_done.CONTROLS,
)
