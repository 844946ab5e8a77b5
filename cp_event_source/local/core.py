"""What the local run uses of the functions' own pure core: to read rows and events as they do."""

from importlib import import_module
from typing import TYPE_CHECKING

import cp_event_source.handler_code  # noqa: F401  # makes the package importable, in a checkout and in a wheel

if TYPE_CHECKING:
    from handler import domain_row as domain_row
    from handler import exact_json as exact_json
    from handler import stored_event as stored_event
else:
    domain_row = import_module("cp_event_source.handler.domain_row")
    exact_json = import_module("cp_event_source.handler.exact_json")
    stored_event = import_module("cp_event_source.handler.stored_event")
