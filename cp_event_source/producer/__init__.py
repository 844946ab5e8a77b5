"""Publish domain events: from a service or a Lambda function, with boto3 and without Pulumi.

event = DomainEvent(domain_name="File", domain_id=file_id, event_name="FileRenamed", payload={"Name": "b.txt"},
                    user_id=user_id)
unpublished = publish([event], event_bus="company")
"""

from cp_event_source.handler.events import domain_event as _domain_event

from .event import DomainEvent
from .publishing import Unpublished, publish

ContractViolation = _domain_event.ContractViolation
Violation = _domain_event.Violation

__all__ = ["ContractViolation", "DomainEvent", "Unpublished", "Violation", "publish"]
