"""Domain logic that notes what it raised, and shows its objects before and after storage."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from ..handler.domain.logic import DomainLogic
from ..handler.events.stored_event import StoredEvent


class ObservedLogic(DomainLogic):
    """Domain logic that keeps its last error.

    For each event the fold calls `create_new` or `from_dynamo_item`, `apply`, `to_dynamo_item`, and for the round trip
    `from_dynamo_item` and `to_dynamo_item` again.
    """

    raised: BaseException | None = None
    """What the logic raised last."""
    on_applied: Callable[[StoredEvent, Any], None] | None = None
    """Called with each event and the object after it."""
    on_read_back: Callable[[Any], None] | None = None
    """Called with the object that the round trip of that object gave."""

    def __init__(self, logic: DomainLogic) -> None:
        self.__dict__.update(logic.__dict__)
        self.create_new = self._observed(logic.create_new)
        self.from_dynamo_item = self._observed(logic.from_dynamo_item, self._read)
        self.to_dynamo_item = self._observed(logic.to_dynamo_item, self._written)
        self._is_written = False

    def begin(self) -> None:
        """Forget what an earlier fold left."""
        self.raised, self._is_written = None, False

    def apply(self, domain_object: Any, event: StoredEvent) -> Any:
        self._is_written = False
        after = self._observed(super().apply)(domain_object, event)
        if self.on_applied is not None:
            self.on_applied(event, after)
        return after

    def _written(self, _row: Any) -> None:
        self._is_written = not self._is_written

    def _read(self, domain_object: Any) -> None:
        if self._is_written and self.on_read_back is not None:
            self.on_read_back(domain_object)

    def _observed(
        self, function: Callable[..., Any], returned: Callable[[Any], None] = lambda _: None
    ) -> Callable[..., Any]:
        @wraps(function)  # so that a failure finds the layer's function
        def call(*arguments: Any) -> Any:
            try:
                value = function(*arguments)
            except BaseException as error:
                self.raised = error
                raise
            returned(value)
            return value

        return call
