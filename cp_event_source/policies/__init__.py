"""The controls of the compliance page as policies, for policy packs and for this project's tests.

One module for each kind of resource holds its policies, as `cp_event_source.pages.compliance` holds their controls;
`catalogue` lists all of them. Needs no Pulumi: whoever calls a policy says what the resources are.
"""

from .catalogue import POLICIES
from .policy import EachPolicy, PipelinePolicy, Policy, findings_in
from .resource import Finding, NotKnown, Pipeline, Resource, is_in_a_pipeline, pipelines

__all__ = [
    "POLICIES",
    "EachPolicy",
    "Finding",
    "NotKnown",
    "Pipeline",
    "PipelinePolicy",
    "Policy",
    "Resource",
    "findings_in",
    "is_in_a_pipeline",
    "pipelines",
]
