"""Amazon resource names: reading them and making one for the place another lies in."""

import re
from typing import Final

LAYER_VERSION: Final = re.compile(r"arn:[a-z0-9-]+:lambda:[a-z0-9-]+:\d{12}:layer:[A-Za-z0-9_-]+:\d+")
LAYER_WITHOUT_VERSION: Final = re.compile(r"arn:[a-z0-9-]+:lambda:[a-z0-9-]+:\d{12}:layer:[A-Za-z0-9_-]+")
EVENT_BUS: Final = re.compile(r"arn:[a-z0-9-]+:events:[a-z0-9-]+:\d{12}:event-bus/(?P<name>[/.\-_A-Za-z0-9]{1,256})")
ACCOUNT: Final = re.compile(r"\d{12}")
PRINCIPAL: Final = re.compile(r"arn:[a-z0-9-]+:iam::\d{12}:(root|(role|user)/[\w+=,.@/-]+)")
KEY: Final = re.compile(r"arn:[a-z0-9-]+:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+")
TOPIC: Final = re.compile(r"arn:[a-z0-9-]+:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]+")
CODE_SIGNING_CONFIG: Final = re.compile(r"arn:[a-z0-9-]+:lambda:[a-z0-9-]+:\d{12}:code-signing-config:csc-[a-z0-9]+")
ANY: Final = re.compile(r"arn:[a-z0-9-]+:[a-z0-9-]+:[a-z0-9-]*:[^:\s]*:\S+")
EVENT_BUS_NAME: Final = re.compile(r"[/.\-_A-Za-z0-9]{1,256}")


def place_of(arn: str) -> tuple[str, str, str]:
    """Partition, region and account of an ARN."""
    _, partition, _, region, account, _ = arn.split(":", 5)
    return partition, region, account


def account_of(arn: str) -> str:
    """The account in an ARN."""
    return place_of(arn)[2]


def event_bus_beside(bus_name: str, arn: str) -> str:
    """The ARN of an event bus in the partition, region and account of another resource, of which `arn` is the ARN."""
    partition, region, account = place_of(arn)
    return f"arn:{partition}:events:{region}:{account}:event-bus/{bus_name}"
