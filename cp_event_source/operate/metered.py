"""A DynamoDB client whose reads and puts are paid for at a pace."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from cp_event_source.handler.values.attribute_value import item_size
from cp_event_source.operate.pace import Pace

_BYTES_PER_WRITE_UNIT: Final = 1024


class Metered:
    """A DynamoDB client: each read or put waits, after it is done, as long as the pace asks. Threads can share it.

    Args:
        client: the client.
        pace: the cap.
    """

    def __init__(self, client: Any, pace: Pace) -> None:
        self._client = client
        self._pace = pace

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def get_item(self, **request: Any) -> dict[str, Any]:
        return self._paid(self._client.get_item(**request, ReturnConsumedCapacity="TOTAL"))

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        return self._paid(self._client.batch_get_item(**request, ReturnConsumedCapacity="TOTAL"))

    def query(self, **request: Any) -> dict[str, Any]:
        return self._paid(self._client.query(**request, ReturnConsumedCapacity="TOTAL"))

    def scan(self, **request: Any) -> dict[str, Any]:
        return self._paid(self._client.scan(**request, ReturnConsumedCapacity="TOTAL"))

    def put_item(self, **request: Any) -> dict[str, Any]:
        """A put that its condition refuses costs as much as one that writes, and no reply says so."""
        units = -(-item_size(request["Item"]) // _BYTES_PER_WRITE_UNIT)
        try:
            reply: dict[str, Any] = self._client.put_item(**request)
        finally:
            self._pace.spend(units)
        return reply

    def get_paginator(self, operation: str) -> "_MeteredPaginator":
        return _MeteredPaginator(self._client.get_paginator(operation), self._paid)

    def items(self, operation: str, **request: Any) -> Iterator[dict[str, Any]]:
        """The items of all pages of a `query` or a `scan`."""
        while True:
            reply = getattr(self, operation)(**request)
            yield from reply["Items"]
            if "LastEvaluatedKey" not in reply:
                return
            request["ExclusiveStartKey"] = reply["LastEvaluatedKey"]

    def _paid(self, reply: dict[str, Any]) -> dict[str, Any]:
        consumed = reply.get("ConsumedCapacity", [])  # of a batch: one for each table
        for each in [consumed] if isinstance(consumed, dict) else consumed:
            self._pace.spend(each.get("CapacityUnits", 0))
        return reply


class _MeteredPaginator:
    """A paginator whose pages are paid for."""

    def __init__(self, paginator: Any, paid: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        self._paginator = paginator
        self._paid = paid

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        return map(self._paid, self._paginator.paginate(**request, ReturnConsumedCapacity="TOTAL"))
