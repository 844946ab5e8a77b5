"""DynamoDB in memory: the operations that functions and deciders use, their limits and costs, and tables' streams.

AWS says (DynamoDB Developer Guide unless named otherwise):

- "DynamoDB read consistency": an eventually consistent read may not show a recently completed write. Here it never
  shows the last write to a partition key, so that tests find a missing `ConsistentRead`.
- "Paginating table query results in DynamoDB": a page holds up to 1 MB; a LastEvaluatedKey does not mean that more
  follows. Here, as in DynamoDB, a page that reaches `Limit` always has one.
- "Working with items and attributes", "DynamoDB read and write operations": what calls cost; see `_write_units` and
  `_read_units`.
- API reference, BatchGetItem: up to 100 keys, no duplicates, replies up to 16 MB and up to 1 MB of one partition; the
  rest is in UnprocessedKeys; items come in no particular order (here: the opposite of the one asked for).
- API reference, TransactWriteItems: 1 to 100 items, 4 MB together, no two of one key; all or none are written. If a
  condition does not hold, TransactionCanceledException has a reason for each item, in the order of the request. The
  same ClientRequestToken within 10 minutes of a transaction is the same transaction: it succeeds without an effect, and
  with other parameters it is IdempotentParameterMismatchException. "Amazon DynamoDB Transactions: How it works": each
  item is written twice, and costs twice as much.
- "Amazon DynamoDB Transactions: How it works", isolation levels: a query is isolated from a transaction only item by
  item. So it may miss an item of a transaction whose other items are read already. Here the first query that meets an
  item of a transaction misses it. A read of one item sees it.
- "Change data capture for DynamoDB Streams": each change makes exactly one record, in the order of the changes to an
  item; a write that changes nothing makes none.

Simplified: transactions have only puts, and meet no others, so that nothing conflicts (the hook can raise the error);
hash keys are strings, range keys strings or numbers; sizes are the published approximations, of items and
not of replies; the double never throttles (the hook can raise the error); reserved words are accepted; there are no
indexes, and no parameters except those listed.
"""

import copy
import threading
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .attribute_values import Item, as_json, checked_item
from .aws import ACCOUNT, REGION, AwsError, Clock, Counters, Intercept, invalid, refuse_unknown
from .expressions import (
    Projection,
    parse_condition,
    parse_key_condition,
    parse_projection,
    placeholders_of,
    resolved,
)
from .tables import RangeKey, Stored, Table

BATCH_GET_KEYS = 100
BATCH_GET_BYTES = 16 * 1024 * 1024
BATCH_GET_PARTITION_BYTES = 1024 * 1024
TRANSACTION_ITEMS = 100
TRANSACTION_BYTES = 4 * 1024 * 1024
TOKEN_SECONDS = 600

_FIRST_SEQUENCE_NUMBER = 10**20
"""Sequence numbers are texts of 21 to 40 digits (API reference, StreamRecord)."""

_WRITE = frozenset(
    {
        "TableName",
        "ConditionExpression",
        "ExpressionAttributeNames",
        "ExpressionAttributeValues",
        "ReturnValues",
        "ReturnValuesOnConditionCheckFailure",
        "ReturnConsumedCapacity",
    }
)
_TRANSACTED = _WRITE - {"ReturnValues", "ReturnConsumedCapacity"} | {"Item"}
_READ = frozenset({"ConsistentRead", "ProjectionExpression", "ExpressionAttributeNames"})
_PARAMETERS = {
    "PutItem": _WRITE | {"Item"},
    "DeleteItem": _WRITE | {"Key"},
    "TransactWriteItems": frozenset({"TransactItems", "ClientRequestToken"}),
    "GetItem": _READ | {"TableName", "Key", "ReturnConsumedCapacity"},
    "BatchGetItem": frozenset({"RequestItems", "ReturnConsumedCapacity"}),
    "Query": _READ
    | {
        "TableName",
        "KeyConditionExpression",
        "ExpressionAttributeValues",
        "ScanIndexForward",
        "Limit",
        "ExclusiveStartKey",
        "Select",
        "ReturnConsumedCapacity",
    },
}


class DynamoDB:
    """The tables of one account. Calls are atomic, also between threads. The hook runs outside of the lock."""

    def __init__(self, clock: Clock | None = None, *, stale_reads: bool = True) -> None:
        self.clock = clock or Clock()
        self.stale_reads = stale_reads
        """True if an eventually consistent read misses the last write to its partition key."""
        self.shows_in_parts = True
        """True if the first query that meets an item of a transaction misses it."""
        self.batch_get_keys = BATCH_GET_KEYS
        """How many keys a BatchGetItem processes at most. A lower number acts as throttling."""
        self.counters = Counters()
        self.intercept: Intercept | None = None
        self.tables: dict[str, Table] = {}
        self._sequence_number = _FIRST_SEQUENCE_NUMBER
        self._tokens: dict[str, tuple[float, Any]] = {}
        """When the transaction with a token was carried out, and what it wrote."""
        self._lock = threading.Lock()
        self._operations: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "PutItem": self._put_item,
            "DeleteItem": self._delete_item,
            "TransactWriteItems": self._transact_write_items,
            "GetItem": self._get_item,
            "BatchGetItem": self._batch_get_item,
            "Query": self._query,
        }

    def create_table(
        self,
        name: str,
        hash_key: str,
        range_key: str | None = None,
        *,
        range_type: str = "S",
        stream: bool = False,
        stream_view: str = "NEW_AND_OLD_IMAGES",
        partitions: int | None = None,
    ) -> None:
        """Create a table. Its hash key is a string, and its range key is a string (S) or a number (N)."""
        self.tables[name] = Table(name, hash_key, range_key, range_type, stream_view if stream else None, partitions)

    def handle(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """The reply to a request. Both have the form of the SDK's low-level client (binary values are bytes).

        Raises:
            AwsError: DynamoDB replies with an error.
        """
        effect = self._operations.get(operation)
        if effect is None:
            raise NotImplementedError(operation)
        refuse_unknown(operation, request, _PARAMETERS[operation])
        for table in _tables_of(request):
            self.counters.usage[table, operation].calls += 1
        if self.intercept is not None:
            self.intercept(operation, request, "before")
        try:
            with self._lock:
                return effect(request)
        finally:
            if self.intercept is not None:
                self.intercept(operation, request, "after")

    def items(self, table: str) -> list[Item]:
        """All items of a table, by hash key and range key. For tests; it does not count as a call."""
        collections = self.tables[table].collections
        return [collections[name].items[key].item() for name in sorted(collections) for key in collections[name].keys]

    def records(self, table: str) -> list[dict[str, Any]]:
        """The records of a table's stream, oldest first, in the form of Lambda's events."""
        return self.tables[table].records

    def settle(self) -> None:
        """From now on, every read sees every earlier write."""
        for table in self.tables.values():
            for collection in table.collections.values():
                collection.last_write = None

    def show_transactions(self) -> None:
        """From now on, every query sees all items of earlier transactions, as it does after some milliseconds."""
        for table in self.tables.values():
            for collection in table.collections.values():
                collection.unseen.clear()

    def _put_item(self, request: Mapping[str, Any]) -> dict[str, Any]:
        table = self._table(request["TableName"])
        stored = Stored.of(request["Item"])
        return self._write("PutItem", table, table.key_of_item(stored.image), stored, request)

    def _delete_item(self, request: Mapping[str, Any]) -> dict[str, Any]:
        table = self._table(request["TableName"])
        return self._write("DeleteItem", table, table.key_of(request["Key"]), None, request)

    def _write(
        self, operation: str, table: Table, key: tuple[str, RangeKey], after: Stored | None, request: Mapping[str, Any]
    ) -> dict[str, Any]:
        hash_key, range_key = key
        before = table.collection(hash_key).get(range_key, consistent=True)
        usage = self.counters.usage[table.name, operation]
        if not _condition_holds(request, before):
            usage.wcu += _write_units(before)
            asked_for = request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
            fields = {"Item": before.item()} if asked_for and before is not None else {}
            raise AwsError("ConditionalCheckFailedException", "The conditional request failed", fields)
        units = max(_write_units(before), _write_units(after))
        usage.wcu += units
        if (before and before.image) != (after and after.image):
            table.collections[hash_key].set(range_key, after)
            self._record(table, before, after)
        reply: dict[str, Any] = {}
        if request.get("ReturnValues", "NONE") == "ALL_OLD" and before is not None:
            reply["Attributes"] = before.item()
        return reply | _consumed(request, table.name, units)

    def _transact_write_items(self, request: Mapping[str, Any]) -> dict[str, Any]:
        asked: list[Mapping[str, Any]] = request["TransactItems"]
        if not 1 <= len(asked) <= TRANSACTION_ITEMS:
            raise invalid("Member must have length less than or equal to 100, and at least 1")
        token = request.get("ClientRequestToken")
        if token is not None and not 1 <= len(token) <= 36:
            raise invalid("clientRequestToken must have a length of 1 to 36")
        puts = [_Put.of(self, each) for each in asked]
        if len({(put.table.name, put.key) for put in puts}) < len(puts):
            raise invalid("Transaction request cannot include multiple operations on one item")
        if sum(put.after.size for put in puts) > TRANSACTION_BYTES:
            raise invalid("Collection size of items in the transaction has exceeded the maximum allowed size")
        written_at, written = self._tokens.get(token or "", (-TOKEN_SECONDS, None))
        if self.clock.now - written_at < TOKEN_SECONDS:
            if written != asked:
                raise AwsError("IdempotentParameterMismatchException", "The token was used with other parameters")
            return {}
        for put in puts:
            usage = self.counters.usage[put.table.name, "TransactWriteItems"]
            usage.wcu += 2 * max(_write_units(put.before), _write_units(put.after) if put.holds else 1)
        if not all(put.holds for put in puts):
            codes = ", ".join("None" if put.holds else "ConditionalCheckFailed" for put in puts)
            message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
            reasons = [put.reason() for put in puts]
            raise AwsError("TransactionCanceledException", message, {"CancellationReasons": reasons})
        for put in puts:
            if put.before is None or put.before.image != put.after.image:
                collection = put.table.collections[put.key[0]]
                collection.set(put.key[1], put.after)
                collection.unseen.add(put.key[1])
                self._record(put.table, put.before, put.after)
        if token is not None:
            self._tokens[token] = (self.clock.now, copy.deepcopy(asked))
        return {}

    def _get_item(self, request: Mapping[str, Any]) -> dict[str, Any]:
        table = self._table(request["TableName"])
        hash_key, range_key = table.key_of(request["Key"])
        projection = _projection(request)
        aliases, _ = placeholders_of(request, projection)
        consistent = self._is_consistent(request)
        stored = table.collection(hash_key).get(range_key, consistent=consistent)
        units = _read_units(stored.size if stored else 0, request)
        usage = self.counters.usage[table.name, "GetItem"]
        usage.rcu += units
        usage.items += stored is not None
        reply = {} if stored is None else {"Item": stored.item(projection, aliases)}
        return reply | _consumed(request, table.name, units)

    def _batch_get_item(self, request: Mapping[str, Any]) -> dict[str, Any]:
        asked: Mapping[str, Any] = request["RequestItems"]
        count = sum(len(part["Keys"]) for part in asked.values())
        if not 1 <= count <= BATCH_GET_KEYS:
            raise invalid("Too many items requested for the BatchGetItem call" if count else "Keys must not be empty")
        allowance = _Allowance(self.batch_get_keys)
        responses: dict[str, list[Item]] = {}
        unprocessed: dict[str, Any] = {}
        consumed: list[Any] = []
        for name, part in asked.items():
            refuse_unknown("BatchGetItem", part, _READ | {"Keys"})
            responses[name], keys_left, units = self._get_part(self._table(name), part, allowance)
            if keys_left:
                unprocessed[name] = {**part, "Keys": keys_left}
            consumed += _consumed(request, name, units).values()
        if allowance.keys == self.batch_get_keys:
            raise AwsError("ProvisionedThroughputExceededException", "None of the keys could be processed")
        reply = {"Responses": responses, "UnprocessedKeys": unprocessed}
        return {**reply, "ConsumedCapacity": consumed} if consumed else reply

    def _get_part(
        self, table: Table, part: Mapping[str, Any], allowance: "_Allowance"
    ) -> tuple[list[Item], list[Mapping[str, Any]], float]:
        """The part of one table: its items, its unprocessed keys, and the units."""
        keys = [table.key_of(key) for key in part["Keys"]]
        if len(set(keys)) < len(keys):
            raise invalid("Provided list of item keys contains duplicates")
        projection = _projection(part)
        aliases, _ = placeholders_of(part, projection)
        consistent = self._is_consistent(part)
        items: list[Item] = []
        keys_left: list[Mapping[str, Any]] = []
        units: float = 0
        for asked, (hash_key, range_key) in zip(part["Keys"], keys, strict=True):
            stored = table.collection(hash_key).get(range_key, consistent=consistent)
            size = stored.size if stored else 0
            if not allowance.covers(table, hash_key, size):
                keys_left.append(asked)
                continue
            units += _read_units(size, part)
            if stored is not None:
                items.append(stored.item(projection, aliases))
        usage = self.counters.usage[table.name, "BatchGetItem"]
        usage.rcu += units
        usage.items += len(items)
        return items[::-1], keys_left, units

    def _query(self, request: Mapping[str, Any]) -> dict[str, Any]:
        table = self._table(request["TableName"])
        projection = _projection(request)
        condition = parse_key_condition(request["KeyConditionExpression"])
        aliases, values = placeholders_of(request, projection, condition)
        if resolved(condition.hash_name, aliases) != table.hash_key:
            raise invalid(f"Query condition missed key schema element: {table.hash_key}")
        if condition.range_name is not None and resolved(condition.range_name, aliases) != table.range_key:
            raise invalid(f"Query condition missed key schema element: {table.range_key}")
        hash_key = table.hash_part(values[condition.hash_value])
        limits = [table.range_part(values[limit]) for limit in condition.limits]
        collection = table.collection(hash_key).seen(consistent=self._is_consistent(request))
        forward: bool = request.get("ScanIndexForward", True)
        keys = collection.keys_within(condition.comparison, limits)
        if "ExclusiveStartKey" in request:
            start = _start_key(table, hash_key, request["ExclusiveStartKey"])
            keys = keys[bisect_right(keys, start) :] if forward else keys[: bisect_left(keys, start)]
        if self.shows_in_parts:
            keys = collection.met(keys)
        page, size, is_cut = collection.page(keys if forward else keys[::-1], _limit(request))
        units = _read_units(size, request)
        usage = self.counters.usage[table.name, "Query"]
        usage.rcu += units
        usage.items += len(page)
        reply: dict[str, Any] = {"Count": len(page), "ScannedCount": len(page)}
        if request.get("Select") != "COUNT":
            reply["Items"] = [collection.items[key].item(projection, aliases) for key in page]
        if is_cut:
            reply["LastEvaluatedKey"] = table.key_image(collection.items[page[-1]].image)
        return reply | _consumed(request, table.name, units)

    def _table(self, name: str) -> Table:
        if name not in self.tables:
            raise AwsError("ResourceNotFoundException", "Requested resource not found")
        return self.tables[name]

    def _is_consistent(self, request: Mapping[str, Any]) -> bool:
        return not self.stale_reads or request.get("ConsistentRead", False)

    def _record(self, table: Table, before: Stored | None, after: Stored | None) -> None:
        changed = after or before
        if table.stream_view is None or changed is None:
            return
        self._sequence_number += 1
        keys, size = checked_item(table.key_image(changed.image))
        change: dict[str, Any] = {
            "ApproximateCreationDateTime": int(self.clock.now),
            "Keys": keys,
            "SequenceNumber": str(self._sequence_number),
            "StreamViewType": table.stream_view,
        }
        for image, stored, view in (("NewImage", after, "NEW_"), ("OldImage", before, "OLD_")):
            if stored is not None and view in table.stream_view:
                change[image] = {name: as_json(value) for name, value in stored.image.items()}
                size += stored.size
        table.records.append(
            {
                "eventID": f"{self._sequence_number:032x}",
                "eventName": "MODIFY" if before and after else "INSERT" if after else "REMOVE",
                "eventVersion": "1.1",
                "eventSource": "aws:dynamodb",
                "awsRegion": REGION,
                "dynamodb": {**change, "SizeBytes": size},
                "eventSourceARN": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table.name}/stream/1",
            }
        )


@dataclass(frozen=True, slots=True)
class _Put:
    """One put of a transaction."""

    table: Table
    key: tuple[str, RangeKey]
    before: Stored | None
    after: Stored
    holds: bool
    returns_old: bool

    @classmethod
    def of(cls, db: DynamoDB, asked: Mapping[str, Any]) -> "_Put":
        if asked.keys() != {"Put"}:
            raise NotImplementedError(f"TransactWriteItems with {sorted(asked)}")
        request = asked["Put"]
        refuse_unknown("TransactWriteItems", request, _TRANSACTED)
        table = db._table(request["TableName"])
        after = Stored.of(request["Item"])
        key = table.key_of_item(after.image)
        before = table.collection(key[0]).get(key[1], consistent=True)
        returns_old = request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
        return cls(table, key, before, after, _condition_holds(request, before), returns_old)

    def reason(self) -> dict[str, Any]:
        """Why the transaction was cancelled, as far as this put is concerned."""
        if self.holds:
            return {"Code": "None"}
        old = {"Item": self.before.item()} if self.returns_old and self.before is not None else {}
        return {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed", **old}


def _tables_of(request: Mapping[str, Any]) -> set[str]:
    """The tables that a request is about."""
    if "TransactItems" in request:
        return {action["TableName"] for each in request["TransactItems"] for action in each.values()}
    return set(request.get("RequestItems") or [request["TableName"]])


@dataclass(slots=True)
class _Allowance:
    """What one BatchGetItem may still process: keys, bytes, and bytes per partition."""

    keys: int
    reply: int = BATCH_GET_BYTES
    partitions: defaultdict[tuple[str, str | int], int] = field(
        default_factory=lambda: defaultdict(lambda: BATCH_GET_PARTITION_BYTES)
    )

    def covers(self, table: Table, hash_key: str, size: int) -> bool:
        """True if one more item is within the allowance. Then the item is subtracted from it."""
        partition = (table.name, table.partition_of(hash_key))
        if self.keys == 0 or size > min(self.reply, self.partitions[partition]):
            return False
        self.keys -= 1
        self.reply -= size
        self.partitions[partition] -= size
        return True


def _condition_holds(request: Mapping[str, Any], before: Stored | None) -> bool:
    text = request.get("ConditionExpression")
    condition = parse_condition(text) if text is not None else None
    names, values = placeholders_of(request, condition)
    return condition is None or condition.holds(before.image if before else {}, names, values)


def _projection(request: Mapping[str, Any]) -> Projection | None:
    text = request.get("ProjectionExpression")
    return parse_projection(text) if text is not None else None


def _write_units(stored: Stored | None) -> int:
    """The write units of an item; one unit if there is no item.

    AWS says: one for each started KB; a put is charged for the larger of the old and the new item, a deletion for the
    deleted one, and a write whose condition does not hold for "the size of the existing item (or a minimum of 1)". (An
    earlier edition of "Working with items and attributes" had the larger of the two there as well.)
    """
    return 1 if stored is None else -(-stored.size // 1024)


def _read_units(size: int, request: Mapping[str, Any]) -> float:
    """The read units of an item, or of the items of a query's page together.

    AWS says: one for each started 4 KB, or half of that if eventually consistent, even if a projection leaves
    attributes out. A read of a missing item and a query without results cost as much as the smallest read.
    """
    units = max(1, -(-size // 4096))
    return units if request.get("ConsistentRead") else units / 2


def _consumed(request: Mapping[str, Any], table: str, units: float) -> dict[str, Any]:
    match request.get("ReturnConsumedCapacity", "NONE"):
        case "NONE":
            return {}
        case "TOTAL":
            return {"ConsumedCapacity": {"TableName": table, "CapacityUnits": float(units)}}
        case other:
            raise NotImplementedError(f"ReturnConsumedCapacity={other}")


def _start_key(table: Table, hash_key: str, start: Mapping[str, Any]) -> RangeKey:
    """The range key after which a query continues. Its item may be gone."""
    start_hash, start_range = table.key_of(start)
    if start_hash != hash_key:
        raise invalid("The provided starting key is outside query boundaries based on provided conditions")
    return start_range


def _limit(request: Mapping[str, Any]) -> int | None:
    limit: int | None = request.get("Limit")
    if limit is not None and limit < 1:
        raise invalid("Limit must be greater than or equal to 1")
    return limit
