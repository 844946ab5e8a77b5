"""Event sourcing on AWS as one Pulumi component.

Each name is imported when it is first used: an application or a Lambda function that publishes events uses
`cp_event_source.producer`, and has no Pulumi.
"""

from typing import TYPE_CHECKING, Final

from .late_names import late_names

if TYPE_CHECKING:
    from .component import CpEventSource
    from .inputs.arguments import CpEventSourceArgs
    from .inputs.functions import FunctionsArgs, SignedCodeArgs
    from .inputs.indexes import IndexArgs
    from .inputs.monitoring import MonitoringArgs
    from .layer.domain_python_layer import DomainPythonLayer, DomainPythonLayerArgs
    from .resources.encryption import key_policy_statements

__all__ = [
    "CpEventSource",
    "CpEventSourceArgs",
    "DomainPythonLayer",
    "DomainPythonLayerArgs",
    "FunctionsArgs",
    "IndexArgs",
    "MonitoringArgs",
    "SignedCodeArgs",
    "key_policy_statements",
]

_MODULES: Final = {
    "CpEventSource": "component",
    "CpEventSourceArgs": "inputs.arguments",
    "DomainPythonLayer": "layer.domain_python_layer",
    "DomainPythonLayerArgs": "layer.domain_python_layer",
    "FunctionsArgs": "inputs.functions",
    "IndexArgs": "inputs.indexes",
    "MonitoringArgs": "inputs.monitoring",
    "SignedCodeArgs": "inputs.functions",
    "key_policy_statements": "resources.encryption",
}


__getattr__, __dir__ = late_names(__name__, globals(), _MODULES)
