"""Event sourcing on AWS as one Pulumi component."""

from .arguments import CpEventSourceArgs
from .component import CpEventSource
from .domain_python_layer import DomainPythonLayer, DomainPythonLayerArgs

__all__ = ["CpEventSource", "CpEventSourceArgs", "DomainPythonLayer", "DomainPythonLayerArgs"]
