"""The tables of a pipeline in memory, with DynamoDB's Scan: segments, pages of any size, eventual consistency."""

import contextlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from zlib import crc32

from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.handler.events.stored_event import StoredEvent
from cp_event_source.handler.projection.rows import PARKED_SINCE, DomainRow
from cp_event_source.handler.values.clock import Clock
from cp_event_source.operate.output import Output
from cp_event_source.operate.pace import Pace
from cp_event_source.operate.verifying import Verifying
from tests.doubles.aws import AwsError
from tests.doubles.clients import _DirectDynamoDB
from tests.doubles.dynamodb import DynamoDB

EVENTS = "events"
ROWS = "rows"


class ScannedDynamoDB(DynamoDB):
    """DynamoDB with Scan and DescribeTable.

    AWS says (API reference, Scan): all items of one hash key are in one segment, and a scan without ConsistentRead is
    eventually consistent. Simplified: a page has a number of items and no size; a unit for each page.
    """

    page_items = 1000
    time_to_live: Mapping[str, str] = MappingProxyType({"TimeToLiveStatus": "DISABLED"})

    def handle(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        if operation == "Scan":
            return self._scan(request)
        if operation == "Query":
            request = {"Limit": self.page_items, **request}
        return super().handle(operation, request)

    def describe(self, name: str) -> dict[str, Any]:
        table = self._table(name)
        count = sum(len(each.keys) for each in table.collections.values())
        kinds = zip(table.key_types, ("HASH", "RANGE"), strict=False)
        key = [{"AttributeName": attribute, "KeyType": kind} for attribute, kind in kinds]
        return {"Table": {"ItemCount": count, "TableSizeBytes": 100 * count, "KeySchema": key}}

    def _scan(self, request: Mapping[str, Any]) -> dict[str, Any]:
        table = self.tables[request["TableName"]]
        names = [name.strip() for name in request.get("ProjectionExpression", "").split(",") if name]
        total, segment = request.get("TotalSegments", 1), request.get("Segment", 0)
        with self._lock:
            found = []
            for hash_key in sorted(table.collections, key=lambda key: crc32(key.encode())):
                if crc32(hash_key.encode()) % total == segment:
                    seen = table.collections[hash_key].seen(consistent=self._is_consistent(request))
                    found += [seen.items[key].item() for key in seen.keys]
        if "IndexName" in request:  # the sparse index of parked objects
            found = [item for item in found if PARKED_SINCE in item]
        keys = [table.key_image(item) for item in found]
        start = request.get("ExclusiveStartKey")
        first = keys.index(start) + 1 if start in keys else 0
        page = found[first : first + self.page_items]
        reply: dict[str, Any] = {
            "Items": [{name: item[name] for name in names if name in item} if names else item for item in page],
            "ConsumedCapacity": {"TableName": table.name, "CapacityUnits": 1.0},
        }
        if len(page) == self.page_items:
            reply["LastEvaluatedKey"] = keys[first + len(page) - 1]
        return reply


class _Client(_DirectDynamoDB):
    def __init__(self, db: ScannedDynamoDB) -> None:
        super().__init__(db, "dynamodb")
        self._db = db

    def scan(self, **request: Any) -> dict[str, Any]:
        return self._call("Scan", request)

    def describe_table(self, TableName: str) -> dict[str, Any]:  # noqa: N803  boto3's name
        try:
            return self._db.describe(TableName)
        except AwsError as error:
            raise self.exceptions.ResourceNotFoundException({"Error": {"Code": error.code}}, "DescribeTable") from error

    def describe_time_to_live(self, TableName: str) -> dict[str, Any]:  # noqa: N803  boto3's name
        self.describe_table(TableName)
        return {"TimeToLiveDescription": self._db.time_to_live}


class PassingTime(Clock):
    """A clock that a sleep moves; something may happen meanwhile."""

    def __init__(self) -> None:
        self.time = 1_767_225_600.0
        self.meanwhile: Any = lambda: None

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds
        if seconds >= 1:
            self.meanwhile()


@dataclass
class Tables:
    """A pipeline whose tables are in memory."""

    page_items: int = 1000
    db: ScannedDynamoDB = field(default_factory=ScannedDynamoDB)
    clock: PassingTime = field(default_factory=PassingTime)

    def __post_init__(self) -> None:
        self.db.page_items = self.page_items
        self.db.create_table(EVENTS, "DomainId", "EventKey")
        self.db.create_table(ROWS, "DomainId")
        self.client = _Client(self.db)

    @property
    def pipeline(self) -> Pipeline:
        names = {"domain_events_table_name": EVENTS, "domain_table_name": ROWS, "domain_name": "Log"}
        clients: Any = lambda service: self.client  # noqa: E731
        return Pipeline("log", names, clients)

    def put_events(self, *events: StoredEvent) -> None:
        for event in events:
            self.client.put_item(TableName=EVENTS, Item=event.item)

    def put_row(self, row: DomainRow | Mapping[str, Any]) -> None:
        self.client.put_item(TableName=ROWS, Item=row.to_item() if isinstance(row, DomainRow) else row)

    def delete_event(self, event: StoredEvent) -> None:
        key = {name: event.item[name] for name in ("DomainId", "EventKey")}
        self.client.delete_item(TableName=EVENTS, Key=key)

    def delete_row(self, domain_id: str) -> None:
        self.client.delete_item(TableName=ROWS, Key={"DomainId": {"S": domain_id}})

    def verifying(self, patience: float = 30) -> Verifying:
        return Verifying(self.pipeline, Pace(1e9, self.clock), quiet(), patience)


def quiet() -> Output:
    """An output that nobody reads."""
    with silence():
        return Output(json=True)


@contextlib.contextmanager
def silence() -> Iterator[None]:
    with contextlib.redirect_stderr(io.StringIO()):
        yield
