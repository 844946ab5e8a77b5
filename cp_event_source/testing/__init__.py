"""Test domain logic as production runs it, without AWS: in milliseconds, in any order of delivery.

layer = load("file_domain")
layer.given(event("FileUploaded", {"Name": "a.txt"}), event("FileRenamed", {"Name": "b.txt"})).then({"Name": "b.txt"})

Each name is imported when it is first used, so that pytest's start does not pay for the plugin.
"""

from typing import TYPE_CHECKING, Final

from cp_event_source.late_names import late_names

if TYPE_CHECKING:
    from .checks.evolution import EvolutionReport
    from .events import ShortEvent, event, read_events
    from .given import Given
    from .layer import Layer, load
    from .when import When

__all__ = ["EvolutionReport", "Given", "Layer", "ShortEvent", "When", "event", "load", "read_events"]

_MODULES: Final = {
    "EvolutionReport": "checks.evolution",
    "Given": "given",
    "Layer": "layer",
    "ShortEvent": "events",
    "When": "when",
    "event": "events",
    "load": "layer",
    "read_events": "events",
}


__getattr__, __dir__ = late_names(__name__, globals(), _MODULES)
