"""Which events a pipeline's rules on the bus match."""

from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.inputs.arn_patterns import event_bus_name
from cp_event_source.local.events_file import Entry


def stores(pipeline: Pipeline, entry: Entry) -> bool:
    """True if the pipeline stores this event, once it is put on the pipeline's bus."""
    return _is_of_type(pipeline, entry, "DOMAIN")


def rebuilds(pipeline: Pipeline, entry: Entry) -> bool:
    """True if this event is a rebuild request for the pipeline, once it is put on the pipeline's bus."""
    return _is_of_type(pipeline, entry, "REBUILD")


def hears(pipeline: Pipeline, entry: Entry) -> bool:
    """True if the entry matches one of the pipeline's rules on the bus that it names, or else on the pipeline's."""
    on_its_bus = entry.bus is None or event_bus_name(entry.bus) == pipeline.bus_name
    return on_its_bus and (stores(pipeline, entry) or rebuilds(pipeline, entry))


def _is_of_type(pipeline: Pipeline, entry: Entry, event_type: str) -> bool:
    return (entry.text("EventType"), entry.text("DomainName")) == (event_type, pipeline.domain_name)
