"""Types for the authors of domain logic.

The layer does not hold this package. Import the types for the type checker alone:

    from __future__ import annotations

    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from cp_event_source.domain_logic import DomainClass, Payload, Row

The parameters that `apply` and `create_new` may declare, and the types of their values:

    domain_id, event_id, event_name, event_time, event_type, user_id: str
    correlation_id: str | None
    version: int
    payload: Payload
    domain_payload: DynamoPayload
    event: Event

A type checker then compares the class `Domain` with the contract, if the module ends with:

    if TYPE_CHECKING:
        _: type[DomainClass[FileDomain]] = Domain
"""

from collections.abc import ItemsView, Iterator, KeysView, ValuesView
from typing import Any, Protocol, TypeAlias, TypeVar, overload

Payload: TypeAlias = dict[str, Any]
"""A payload that is an object, as plain Python: whole numbers are `int`, others `Decimal`.

A payload may be any JSON. If yours is not an object, declare its own type, such as `list[Any]`."""

DynamoPayload: TypeAlias = dict[str, Any]
"""A payload in DynamoDB JSON: `domain_payload["Name"]["S"]`."""

DomainRow: TypeAlias = dict[str, Any]
"""What `to_dynamo_item` returns: the row's attributes by name, `DomainId` among them."""


class Row(Protocol):
    """The argument of `from_dynamo_item`: a row, with its attributes as `item.Name` and as `item["Name"]`.

    Whole numbers are `int`, others `Decimal`, sets are `set`; dates, UUIDs and enums are what they were written as. An
    attribute named like a method here (`items`, `values`, `get`) hides that method: read it as `item["items"]`.
    """

    def __getattr__(self, name: str, /) -> Any:
        """An attribute of the row.

        Raises:
            AttributeError: the row has none of that name.
        """

    def __getitem__(self, name: str, /) -> Any:
        """An attribute of the row.

        Raises:
            KeyError: the row has none of that name.
        """

    @overload
    def get(self, name: str, /) -> Any: ...
    @overload
    def get(self, name: str, default: Any, /) -> Any: ...

    def __contains__(self, name: object, /) -> bool: ...
    def __iter__(self) -> Iterator[str]: ...
    def __len__(self) -> int: ...
    def keys(self) -> KeysView[str]: ...
    def values(self) -> ValuesView[Any]: ...
    def items(self) -> ItemsView[str, Any]: ...


class Event(Protocol):
    """The parameter `event` of `apply` and `create_new`: one stored event, read-only."""

    @property
    def domain_id(self) -> str:
        """The domain object that the event happened to."""

    @property
    def domain_name(self) -> str:
        """The domain, as `File`."""

    @property
    def event_id(self) -> str:
        """The id that the producer gave it."""

    @property
    def event_name(self) -> str:
        """What happened, as `FileRenamed`."""

    @property
    def event_time(self) -> str:
        """When it happened, as the producer sent it: ISO 8601."""

    @property
    def event_type(self) -> str:
        """Always `DOMAIN`."""

    @property
    def user_id(self) -> str:
        """Who caused it, as the producer claims."""

    @property
    def version(self) -> int:
        """The version of this event's own schema."""

    @property
    def correlation_id(self) -> str | None:
        """The id that related events share, if the producer gave one."""

    @property
    def ip_address(self) -> str | None:
        """The address that caused it, if the producer gave one."""

    @property
    def payload(self) -> Any:
        """The payload as plain Python: whole numbers are `int`, others `Decimal`. Each read returns a new object."""

    @property
    def domain_payload(self) -> dict[str, Any]:
        """The payload in DynamoDB JSON. Each read returns a new object."""

    @property
    def extensions(self) -> dict[str, Any]:
        """Fields of the event that the contract does not name."""

    @property
    def arrived_at(self) -> str | None:
        """When it arrived in the ingest queue: UTC, ISO 8601. None if that is not known."""

    @property
    def key(self) -> str:
        """The EventKey: the time in UTC and the id. Its order is the order of the fold."""


class DomainObject(Protocol):
    """The class of the object: it has a method `apply`.

    The pipeline passes the parameters that `apply` declares, by name, so this type cannot say which they are. `apply`
    changes the object and returns None, or returns a new object.
    """

    def apply(self, *args: Any, **kwargs: Any) -> Any: ...


ObjectT = TypeVar("ObjectT", bound=DomainObject)


class DomainClass(Protocol[ObjectT]):
    """The class `Domain`. Its parameter is the class of the object: `DomainClass[FileDomain]`.

    `create_new`, too, gets the parameters that it declares, by name.
    """

    @staticmethod
    def create_new(*args: Any, **kwargs: Any) -> ObjectT: ...
    @staticmethod
    def from_dynamo_item(item: Row, /) -> ObjectT: ...
    @staticmethod
    def to_dynamo_item(domain_object: ObjectT, /) -> dict[str, Any]: ...
