"""The forms of Amazon resource names, and of other names, that inputs are checked against."""

import re
from typing import Final

LAYER_VERSION: Final = re.compile(r"arn:[a-z0-9-]+:lambda:[a-z0-9-]+:\d{12}:layer:[A-Za-z0-9_-]+:\d+")
LAYER_WITHOUT_VERSION: Final = re.compile(r"arn:[a-z0-9-]+:lambda:[a-z0-9-]+:\d{12}:layer:[A-Za-z0-9_-]+")
EVENT_BUS: Final = re.compile(r"arn:[a-z0-9-]+:events:[a-z0-9-]+:\d{12}:event-bus/(?P<name>[/.\-_A-Za-z0-9]{1,256})")
ACCOUNT: Final = re.compile(r"\d{12}")
PRINCIPAL: Final = re.compile(r"arn:[a-z0-9-]+:iam::\d{12}:(root|(role|user)/[\w+=,.@/-]+)")
POLICY: Final = re.compile(r"arn:[a-z0-9-]+:iam::(\d{12}|aws):policy/[\w+=,.@/-]+")
KEY: Final = re.compile(r"arn:[a-z0-9-]+:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+")
TOPIC: Final = re.compile(r"arn:[a-z0-9-]+:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]+")
CODE_SIGNING_CONFIG: Final = re.compile(r"arn:[a-z0-9-]+:lambda:[a-z0-9-]+:\d{12}:code-signing-config:csc-[a-z0-9]+")
ANY: Final = re.compile(r"arn:[a-z0-9-]+:[a-z0-9-]+:[a-z0-9-]*:[^:\s]*:\S+")
PARTITION: Final = re.compile(r"aws(-[a-z]+)*")
REGION: Final = re.compile(r"[a-z]{2}(-[a-z]+)+-\d{1,2}")
EVENT_BUS_NAME: Final = re.compile(r"[/.\-_A-Za-z0-9]{1,256}")


def event_bus_name(name_or_arn: str) -> str:
    """The name of an event bus, from its name or its ARN."""
    arn = EVENT_BUS.fullmatch(name_or_arn)
    return arn["name"] if arn else name_or_arn
