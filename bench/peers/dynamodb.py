"""The double of DynamoDB with what the peers use besides: indexes, updates in transactions, and batches of writes.

AWS says (DynamoDB Developer Guide):

- "Using Global Secondary Indexes in DynamoDB": a write costs the units of the table and those of each index that it
  changes. A new or a vanished index entry is one write, of its size; a changed entry is one write, or two if its key
  changes; an entry that stays as it is costs nothing. The size of an entry is that of the attributes in it. A read
  costs by the size of the entries; it is always eventually consistent.
- "Amazon DynamoDB Transactions: How it works": a transaction writes each of its items twice, once to prepare it and
  once to commit it. It takes place completely or not at all.
- API reference, BatchWriteItem: up to 25 puts or deletions; each costs as much as alone and has no condition.

Simplified: an index is written and read at once; entries with the same key in an index of all attributes are refused,
and an index of keys is only counted; a transaction writes its index entries once, and all of it can be read when its
reply comes; it consists of puts and updates, an update of assignments, and a batch of puts; its token is not
remembered. Anything else is a NotImplementedError.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import time
from typing import Any

from tests.doubles.attribute_values import Item, checked_item
from tests.doubles.aws import AwsError, invalid, refuse_unknown
from tests.doubles.dynamodb import DynamoDB, _condition_holds, _write_units
from tests.doubles.expressions import resolved
from tests.doubles.tables import RangeKey, Stored, Table

BATCH_WRITES = 25
TRANSACTION_WRITES = 100

_ASSIGNMENT = re.compile(r"(#?[A-Za-z][A-Za-z0-9_]*)\s*=\s*(:[A-Za-z0-9_]+)")
_WRITE = frozenset({"TableName", "ConditionExpression", "ExpressionAttributeNames", "ExpressionAttributeValues"})


@dataclass(frozen=True, slots=True)
class Index:
    """A global secondary index. Its entries are the items that have both attributes of its key."""

    entries: Table
    projects_all: bool
    base_key: tuple[str, ...]

    def entry(self, stored: Stored | None) -> Stored | None:
        """The entry for an item; None if there is none."""
        key = self.entries.key_types
        if stored is None or not key.keys() <= stored.image.keys():
            return None
        if self.projects_all:
            return stored
        return Stored.of({name: stored.image[name] for name in {*key, *self.base_key}})

    def write_units(self, before: Stored | None, after: Stored | None) -> int:
        """The units of a change of an entry."""
        if before is None or after is None:
            return 0 if before is after else _write_units(before or after)
        if self.entries.key_of_item(before.image) != self.entries.key_of_item(after.image):
            return _write_units(before) + _write_units(after)
        return 0 if before.image == after.image else max(_write_units(before), _write_units(after))


class PeersDynamoDB(DynamoDB):
    """The double with indexes, transactions and batches. Every read sees every earlier write."""

    def __init__(self) -> None:
        super().__init__(stale_reads=False)
        self._indexes: dict[str, dict[str, Index]] = {}

    def create_index(
        self, table: str, name: str, hash_key: str, range_key: str, *, range_type: str, projects_all: bool
    ) -> None:
        """Give a table an index: of all attributes, or of the keys alone."""
        entries = Table(f"{table}.{name}", hash_key, range_key, range_type, None, None)
        self.tables[entries.name] = entries
        base_key = tuple(self.tables[table].key_types)
        self._indexes.setdefault(table, {})[name] = Index(entries, projects_all, base_key)

    def handle(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """The reply to a request; see the base class."""
        self.clock.now = time()  # the project function must not take a record for an old one
        match operation:
            case "BatchWriteItem":
                return self._hooked(self._batch_write, operation, request)
            case "TransactWriteItems":
                return self._hooked(self._transact, operation, request)
            case "Query" if "IndexName" in request:
                return super().handle(operation, self._of_index(request))
            case _:
                return super().handle(operation, request)

    def _hooked(
        self, effect: Callable[[Mapping[str, Any]], dict[str, Any]], operation: str, request: Mapping[str, Any]
    ) -> dict[str, Any]:
        if self.intercept is not None:
            self.intercept(operation, request, "before")
        return effect(request)

    def _of_index(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The query of an index as one of the table of its entries."""
        index = self._indexes.get(request["TableName"], {}).get(request["IndexName"])
        if index is None:
            raise invalid("The table does not have the specified index")
        if request.get("ConsistentRead"):
            raise invalid("Consistent reads are not supported on global secondary indexes")
        if not index.projects_all:
            raise NotImplementedError("Query of an index of keys")
        rest = {name: value for name, value in request.items() if name != "IndexName"}
        return {**rest, "TableName": index.entries.name}

    def _batch_write(self, request: Mapping[str, Any]) -> dict[str, Any]:
        refuse_unknown("BatchWriteItem", request, frozenset({"RequestItems"}))
        writes = [(name, write) for name, part in request["RequestItems"].items() for write in part]
        if not 1 <= len(writes) <= BATCH_WRITES:
            raise invalid(f"a batch has 1 to {BATCH_WRITES} writes; found {len(writes)}")
        puts = []
        for name, write in writes:
            refuse_unknown("BatchWriteItem", write, frozenset({"PutRequest"}))
            table, after = self._table(name), Stored.of(write["PutRequest"]["Item"])
            puts.append((table, table.key_of_item(after.image), after))
        if len({(table.name, key) for table, key, _ in puts}) < len(puts):
            raise invalid("Provided list of item keys contains duplicates")
        for name in request["RequestItems"]:
            self.counters.usage[name, "BatchWriteItem"].calls += 1
        with self._lock:
            for table, key, after in puts:
                self._write("BatchWriteItem", table, key, after, {})
        return {"UnprocessedItems": {}}

    def _transact(self, request: Mapping[str, Any]) -> dict[str, Any]:
        refuse_unknown("TransactWriteItems", request, frozenset({"TransactItems", "ClientRequestToken"}))
        actions = [next(iter(action.items())) for action in request["TransactItems"]]
        if not 1 <= len(actions) <= TRANSACTION_WRITES:
            raise invalid(f"a transaction has 1 to {TRANSACTION_WRITES} writes; found {len(actions)}")
        self.counters.usage[actions[0][1]["TableName"], "TransactWriteItems"].calls += 1
        with self._lock:
            writes = [self._prepared(kind, action) for kind, action in actions]
            if len({(table.name, key) for table, key, _, _ in writes}) < len(writes):
                raise invalid("Transaction request cannot include multiple operations on one item")
            fails = [
                not _condition_holds(action, table.collection(key[0]).get(key[1], consistent=True))
                for table, key, _, action in writes
            ]
            if any(fails):
                raise self._cancelled(fails, writes)
            for table, key, after, action in writes:
                reply = self._write(
                    "TransactWriteItems", table, key, after, {**action, "ReturnConsumedCapacity": "TOTAL"}
                )
                usage = self.counters.usage[table.name, "TransactWriteItems"]
                usage.wcu += reply["ConsumedCapacity"]["CapacityUnits"]  # prepare and commit: twice in all
        return {}

    def _prepared(self, kind: str, action: Mapping[str, Any]) -> tuple[Table, tuple[str, RangeKey], Stored, Any]:
        """The table, the key and the new item of an action, and its condition."""
        table = self._table(action["TableName"])
        condition = {name: value for name, value in action.items() if name in _WRITE}
        if kind == "Put":
            refuse_unknown("Put", action, _WRITE | {"Item"})
            after = Stored.of(action["Item"])
            return table, table.key_of_item(after.image), after, condition
        if kind != "Update":
            raise NotImplementedError(f"{kind} in a transaction")
        refuse_unknown("Update", action, _WRITE | {"Key", "UpdateExpression"})
        hash_key, range_key = table.key_of(action["Key"])
        before = table.collection(hash_key).get(range_key, consistent=True)
        assigned, used = _assigned(action)
        image: Item = {**(before.image if before else checked_item(action["Key"])[0]), **assigned}
        return table, (hash_key, range_key), Stored.of(image), _only_used(condition, used)

    def _cancelled(self, fails: list[bool], writes: list[tuple[Table, Any, Stored, Any]]) -> AwsError:
        """AWS does not say what a cancelled transaction costs; counted is the preparation of each write."""
        for table, _, after, _ in writes:
            self.counters.usage[table.name, "TransactWriteItems"].wcu += _write_units(after)
        reasons = [{"Code": "ConditionalCheckFailed" if failed else "None"} for failed in fails]
        codes = ", ".join(reason["Code"] for reason in reasons)
        return AwsError(
            "TransactionCanceledException",
            f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]",
            {"CancellationReasons": reasons},
        )

    def _write(
        self, operation: str, table: Table, key: tuple[str, RangeKey], after: Stored | None, request: Mapping[str, Any]
    ) -> dict[str, Any]:
        before = table.collection(key[0]).get(key[1], consistent=True)
        reply = super()._write(operation, table, key, after, request)
        for index in self._indexes.get(table.name, {}).values():
            old, new = index.entry(before), index.entry(after)
            self.counters.usage[index.entries.name, "index"].wcu += index.write_units(old, new)
            if index.projects_all:
                _replace(index.entries, old, new)
        return reply


def _replace(entries: Table, old: Stored | None, new: Stored | None) -> None:
    if old is not None:
        hash_key, range_key = entries.key_of_item(old.image)
        entries.collections[hash_key].set(range_key, None)
    if new is not None:
        hash_key, range_key = entries.key_of_item(new.image)
        if entries.collection(hash_key).get(range_key, consistent=True) is not None:
            raise NotImplementedError(f"two entries of {entries.name} with the key {hash_key}, {range_key}")
        entries.collections[hash_key].set(range_key, new)


def _assigned(action: Mapping[str, Any]) -> tuple[Item, set[str]]:
    """What an update assigns, and the placeholders in it."""
    expression: str = action["UpdateExpression"].strip()
    keyword, _, rest = expression.partition(" ")
    parts = [_ASSIGNMENT.fullmatch(part.strip()) for part in rest.split(",")]
    if keyword.upper() != "SET" or not all(parts):
        raise NotImplementedError(f"UpdateExpression {expression!r}")
    pairs = [(part[1], part[2]) for part in parts if part is not None]
    names, values = action.get("ExpressionAttributeNames", {}), action["ExpressionAttributeValues"]
    assigned, _ = checked_item({resolved(name, names): values[value] for name, value in pairs})
    return assigned, {each for pair in pairs for each in pair}


def _only_used(condition: Mapping[str, Any], by_the_update: set[str]) -> dict[str, Any]:
    """A condition without the placeholders that only the update uses."""
    text = condition.get("ConditionExpression", "")
    kept = dict(condition)
    for part in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
        kept[part] = {
            name: value
            for name, value in condition.get(part, {}).items()
            if name not in by_the_update or re.search(rf"{re.escape(name)}\b", text)
        }
    return kept
