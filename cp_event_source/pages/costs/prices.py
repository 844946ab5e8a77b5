"""AWS's list prices in us-east-1, in dollars, without free tiers.

Each is the price of the first tier; a billion events a month stay within it.
"""

from dataclasses import dataclass
from typing import Final

AS_OF: Final = "2026-11"
"""The month in which all prices were looked up."""

MILLION: Final = 1_000_000


@dataclass(frozen=True)
class Price:
    """The price of a number of units."""

    of: str
    dollars: float
    per: int
    """The number of units that `dollars` pays for."""
    unit: str
    source: str
    """Where AWS publishes it."""
    note: str = ""
    """What counts as a unit, and since when the price applies if AWS changed it recently."""

    def times(self, quantity: float) -> float:
        """Dollars for a number of units."""
        return quantity * self.dollars / self.per


EVENTS: Final = Price(
    of="EventBridge, custom events",
    dollars=1.00,
    per=MILLION,
    unit="events",
    source="https://aws.amazon.com/eventbridge/pricing/",
    note="each 64 KB of an event counts as one",
)
QUEUE_REQUESTS: Final = Price(
    of="SQS, standard queues",
    dollars=0.40,
    per=MILLION,
    unit="requests",
    source="https://aws.amazon.com/sqs/pricing/",
    note="each 64 KB of a request counts as one; a batch of messages is one request",
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
    note="cold starts are billed too, since August 2025",
)
WRITE_UNITS: Final = Price(
    of="DynamoDB on demand, writes",
    dollars=0.625,
    per=MILLION,
    unit="write units",
    source="https://aws.amazon.com/dynamodb/pricing/on-demand/",
    note="a write of up to 1 KB; half the price before November 2024",
)
READ_UNITS: Final = Price(
    of="DynamoDB on demand, reads",
    dollars=0.125,
    per=MILLION,
    unit="read units",
    source="https://aws.amazon.com/dynamodb/pricing/on-demand/",
    note="a consistent read of up to 4 KB; half the price before November 2024",
)
TABLE_STORAGE: Final = Price(
    of="DynamoDB, storage",
    dollars=0.25,
    per=1,
    unit="GB-months",
    source="https://aws.amazon.com/dynamodb/pricing/on-demand/",
)
INFREQUENT_WRITE_UNITS: Final = Price(
    of="DynamoDB Standard-IA on demand, writes",
    dollars=0.78,
    per=MILLION,
    unit="write units",
    source="https://aws.amazon.com/dynamodb/pricing/on-demand/",
    note="as of the other class; a quarter more",
)
INFREQUENT_STORAGE: Final = Price(
    of="DynamoDB Standard-IA, storage",
    dollars=0.10,
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
    note="of the tables' size, however many days it covers",
)
LOGS: Final = Price(
    of="CloudWatch Logs, ingestion",
    dollars=0.50,
    per=1,
    unit="GB",
    source="https://aws.amazon.com/cloudwatch/pricing/",
    note="of a function; above 10 TB a month it costs less since May 2025",
)
LOGS_KEPT: Final = Price(
    of="CloudWatch Logs, storage",
    dollars=0.03,
    per=1,
    unit="GB-months",
    source="https://aws.amazon.com/cloudwatch/pricing/",
    note="of the compressed size; counted here uncompressed",
)
CUSTOM_METRICS: Final = Price(
    of="CloudWatch, custom metrics",
    dollars=0.30,
    per=1,
    unit="metrics",
    source="https://aws.amazon.com/cloudwatch/pricing/",
    note="for each hour in which it is sent",
)
ALARM_METRICS: Final = Price(
    of="CloudWatch, alarms",
    dollars=0.10,
    per=1,
    unit="alarm metrics",
    source="https://aws.amazon.com/cloudwatch/pricing/",
    note="an alarm on an expression counts each of its metrics",
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
    note="each of its first two rotations adds the same; later rotations cost nothing since April 2024",
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
    *(INFREQUENT_WRITE_UNITS, INFREQUENT_STORAGE),
    *(LOGS, LOGS_KEPT, CUSTOM_METRICS, ALARM_METRICS, DASHBOARDS, KEYS, KEY_REQUESTS, TRACES),
)
