"""The contract between the pipeline and a domain's logic layer: names only.

One place for the names, so that the functions, which call the layer, and the deployment, which checks it by
reading its source, cannot disagree.
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
"""What `apply` may declare; it is called with those it does, by name."""

CREATE_PARAMETERS: Final = ("domain_id", "user_id", "event_time", "event")
"""What `create_new` may declare; it is called with those it does, by name."""

RESERVED_ATTRIBUTES: Final = ("CpEventSource", "CpEventSourceParked", "CpEventSourceSlot")
"""Top-level attributes of a domain row, and of a snapshot of one, that belong to the pipeline."""
