"""Domain logic that notes which of its functions ran and what it raised."""

from collections.abc import Callable
from enum import Enum, auto
from typing import Any

from ..handler.domain.logic import DomainLogic, RowItem
from ..handler.events.stored_event import StoredEvent


class _Step(Enum):
    """How far the fold of one event got."""

    BEGUN = auto()
    APPLIED = auto()
    WRITTEN = auto()
    READ_BACK = auto()


class ObservedLogic(DomainLogic):
    """Domain logic with its last phase and error.

    The fold calls, for each event: `create_new` or `from_dynamo_item`, `apply`, `to_dynamo_item`, and for the round
    trip `from_dynamo_item` and `to_dynamo_item` again.
    """

    phase = ""
    """The function that ran last, or `round trip`."""
    raised: BaseException | None = None
    """What that function raised."""
    on_applied: Callable[[StoredEvent, Any], None] | None = None
    """Called with each event and the object after it."""
    on_read_back: Callable[[Any], None] | None = None
    """Called with the object that the round trip of that object gave."""

    def __init__(self, logic: DomainLogic) -> None:
        self.__dict__.update(logic.__dict__)
        self._from, self._to = logic.from_dynamo_item, logic.to_dynamo_item
        self.from_dynamo_item = self._observed_from
        self.to_dynamo_item = self._observed_to
        self.begin()

    def begin(self) -> None:
        """Forget what an earlier fold left."""
        self.phase, self.raised, self._step = "", None, _Step.BEGUN

    def create_new(self, event: StoredEvent) -> Any:
        self._step = _Step.BEGUN
        return self._run("create_new", super().create_new, event)

    def apply(self, domain_object: Any, event: StoredEvent) -> Any:
        after = self._run("apply", super().apply, domain_object, event)
        self._step = _Step.APPLIED
        if self.on_applied is not None:
            self.on_applied(event, after)
        return after

    def _observed_from(self, item: RowItem) -> Any:
        if self._step is not _Step.WRITTEN:
            self._step = _Step.BEGUN
            return self._run("from_dynamo_item", self._from, item)
        again = self._run("from_dynamo_item", self._from, item)
        self._step = _Step.READ_BACK
        if self.on_read_back is not None:
            self.on_read_back(again)
        return again

    def _observed_to(self, domain_object: Any) -> Any:
        row = self._run("to_dynamo_item", self._to, domain_object)
        if self._step is _Step.READ_BACK:
            self.phase, self._step = "round trip", _Step.BEGUN
        else:
            self._step = _Step.WRITTEN
        return row

    def _run(self, phase: str, function: Callable[..., Any], *arguments: Any) -> Any:
        self.phase = phase
        try:
            return function(*arguments)
        except BaseException as error:
            self.raised = error
            raise
