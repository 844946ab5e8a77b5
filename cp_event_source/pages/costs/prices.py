"""AWS's list prices in us-east-1, in dollars, without free tiers.

They are those of the first tier of each: a billion events a month stay within it.
"""

from dataclasses import dataclass
from typing import Final

AS_OF: Final = "2026-11"
"""Month for which all of them were taken over."""

MILLION: Final = 1_000_000


@dataclass(frozen=True)
class Price:
    """What so many units of something cost."""

    of: str
    dollars: float
    per: int
    """How many units that is for."""
    unit: str
    source: str
    """Where AWS publishes it."""
    note: str = ""
    """What is counted as a unit, and since when it costs that, where AWS changed it of late."""

    def times(self, quantity: float) -> float:
        """Dollars for so many units."""
        return quantity * self.dollars / self.per


EVENTS: Final = Price(
    of="EventBridge, custom events",
    dollars=1.00,
    per=MILLION,
    unit="events",
    source="https://aws.amazon.com/eventbridge/pricing/",
    note="each 64 KB of an event count as one",
)
QUEUE_REQUESTS: Final = Price(
    of="SQS, standard queues",
    dollars=0.40,
    per=MILLION,
    unit="requests",
    source="https://aws.amazon.com/sqs/pricing/",
    note="each 64 KB of a request count as one; a batch of messages is one request",
)
INVOCATIONS: Final = Price(
    of="Lambda, requests",
    dollars=0.20,
    per=MILLION,
    unit="invocations",
    source="https://aws.amazon.com/lambda/pricing/",
)
GB_SECONDS: Final = Price(
    of="Lambda, arm64",
    dollars=13.3334,
    per=MILLION,
    unit="GB-s",
    source="https://aws.amazon.com/lambda/pricing/",
    note="starts are billed, too, since August 2025",
)
WRITE_UNITS: Final = Price(
    of="DynamoDB on demand, writes",
    dollars=0.625,
    per=MILLION,
    unit="write units",
    source="https://aws.amazon.com/dynamodb/pricing/on-demand/",
    note="a write of up to 1 KB; half of what it was before November 2024",
)
READ_UNITS: Final = Price(
    of="DynamoDB on demand, reads",
    dollars=0.125,
    per=MILLION,
    unit="read units",
    source="https://aws.amazon.com/dynamodb/pricing/on-demand/",
    note="a consistent read of up to 4 KB; half of what it was before November 2024",
)
TABLE_STORAGE: Final = Price(
    of="DynamoDB, storage",
    dollars=0.25,
    per=1,
    unit="GB-months",
    source="https://aws.amazon.com/dynamodb/pricing/on-demand/",
)
RESTORABLE: Final = Price(
    of="DynamoDB, point-in-time recovery",
    dollars=0.20,
    per=1,
    unit="GB-months",
    source="https://aws.amazon.com/dynamodb/pricing/on-demand/",
    note="of the tables' size, however many days can be gone back",
)
LOGS: Final = Price(
    of="CloudWatch Logs, taken in",
    dollars=0.50,
    per=1,
    unit="GB",
    source="https://aws.amazon.com/cloudwatch/pricing/",
    note="of a function, less above 10 TB a month since May 2025",
)
LOGS_KEPT: Final = Price(
    of="CloudWatch Logs, kept",
    dollars=0.03,
    per=1,
    unit="GB-months",
    source="https://aws.amazon.com/cloudwatch/pricing/",
    note="of what AWS compressed them to; counted here as they came",
)
CUSTOM_METRICS: Final = Price(
    of="CloudWatch, custom metrics",
    dollars=0.30,
    per=1,
    unit="metrics",
    source="https://aws.amazon.com/cloudwatch/pricing/",
    note="by the hour in which it is sent",
)
ALARM_METRICS: Final = Price(
    of="CloudWatch, alarms",
    dollars=0.10,
    per=1,
    unit="alarm metrics",
    source="https://aws.amazon.com/cloudwatch/pricing/",
    note="an alarm on an expression counts each metric in it",
)
DASHBOARDS: Final = Price(
    of="CloudWatch, dashboards",
    dollars=3.00,
    per=1,
    unit="dashboards",
    source="https://aws.amazon.com/cloudwatch/pricing/",
)
KEYS: Final = Price(
    of="KMS, keys",
    dollars=1.00,
    per=1,
    unit="keys",
    source="https://aws.amazon.com/kms/pricing/",
    note="and as much again after each of its first two rotations; later ones cost nothing since April 2024",
)
KEY_REQUESTS: Final = Price(
    of="KMS, requests",
    dollars=0.03,
    per=10_000,
    unit="requests",
    source="https://aws.amazon.com/kms/pricing/",
)
TRACES: Final = Price(
    of="X-Ray, traces recorded",
    dollars=5.00,
    per=MILLION,
    unit="traces",
    source="https://aws.amazon.com/xray/pricing/",
)

PRICES: Final = (
    *(EVENTS, QUEUE_REQUESTS, INVOCATIONS, GB_SECONDS, WRITE_UNITS, READ_UNITS, TABLE_STORAGE, RESTORABLE),
    *(LOGS, LOGS_KEPT, CUSTOM_METRICS, ALARM_METRICS, DASHBOARDS, KEYS, KEY_REQUESTS, TRACES),
)
