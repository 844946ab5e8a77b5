"""What monitoring watches."""

from dataclasses import dataclass

import pulumi_aws as aws

from ..queues import Queues
from ..routing import Routes
from ..tables import Tables


@dataclass(frozen=True)
class Watched:
    """The component's resources that have metrics."""

    domain_name: str
    routes: Routes
    queues: Queues
    tables: Tables
    persist: aws.lambda_.Function
    project: aws.lambda_.Function
