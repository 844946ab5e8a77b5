"""What is watched."""

from dataclasses import dataclass

import pulumi_aws as aws

from ..queues import Queues
from ..routing import EventBus


@dataclass(frozen=True)
class Watched:
    """The component's resources that metrics tell of."""

    domain_name: str
    queues: Queues
    persist: aws.lambda_.Function
    project: aws.lambda_.Function
    domain_events_table: aws.dynamodb.Table
    domain_table: aws.dynamodb.Table
    domain_snapshots_table: aws.dynamodb.Table
    bus: EventBus
    domain_event_rule: aws.cloudwatch.EventRule
    rebuild_rule: aws.cloudwatch.EventRule
