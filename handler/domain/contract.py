"""Defines the names in the contract between the pipeline and the domain logic layer.

The functions call the layer, and the deployment checks it by reading its source. Both take the names from here, so that
they cannot disagree.
"""

from typing import Final

MODULE: Final = "domain_handler"
FILE: Final = "domain_handler.py"
CLASS: Final = "Domain"
METHODS: Final = ("from_dynamo_item", "create_new", "to_dynamo_item")
APPLY: Final = "apply"

APPLY_PARAMETERS: Final = (
    "domain_payload",
    "event_time",
    "event_type",
    "event_name",
    "payload",
    "event_id",
    "user_id",
    "correlation_id",
    "version",
    "event",
)
"""The parameters that `apply` may declare. The pipeline passes those that it declares, by name."""

CREATE_PARAMETERS: Final = ("domain_id", "user_id", "event_time", "event")
"""The parameters that `create_new` may declare. The pipeline passes those that it declares, by name."""

RESERVED_ATTRIBUTES: Final = ("CpEventSource", "CpEventSourceParked", "CpEventSourceSlot")
"""The top-level attributes of a domain row and of a snapshot that belong to the pipeline."""
