"""The domain's objects, as a service that decides has them."""

import os
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

from cp_event_source.handler.aws.domain_table import DomainTable
from cp_event_source.handler.aws.events_table import EventsTable
from cp_event_source.handler.aws.snapshots_table import SnapshotsTable
from cp_event_source.handler.domain.index_keys import from_text
from cp_event_source.handler.domain.logic import DomainLogic
from cp_event_source.handler.events.event_time import instant_at
from cp_event_source.handler.projection.folding import FoldConfig
from cp_event_source.handler.projection.stores import Stores
from cp_event_source.handler.values.clock import Clock

from .command import Command
from .deciding import Decided, Decider, Deciding, Who, check_arguments, check_decider
from .logic import Layer, load
from .settings import OUTPUT, VARIABLE, DeciderSettings
from .tables import DynamoDBTransactions, noting_refusals

T = TypeVar("T")

_MAX_CONNECTIONS: Final = 50
"""How many connections the default client keeps. Web servers have some tens of threads; botocore keeps ten."""


class Objects(Generic[T]):
    """The objects of one domain, by their DomainId; `T` is the author's class.

    Threads can share it. Then several threads call deciders and the domain logic at the same time: neither may keep
    anything outside of the object. The default client keeps 50 connections; for more threads, give one that keeps more.
    Processes cannot share it: make it after a fork.
    """

    def __init__(self, deciding: Deciding) -> None:
        self._deciding = deciding

    @classmethod
    def from_environment(cls, *, layer: Layer | None = None, client: Any = None) -> "Objects[T]":
        """The objects of the pipeline that the environment variable `CP_EVENT_SOURCE_DECIDER` names.

        Its value is the component's output `decider_settings`.

        Args:
            layer, client: as in `connect`.

        Raises:
            TypeError, BrokenSettings, BrokenDomainLogic, ModuleNotFoundError: as in `connect`.
        """
        return cls._of(DeciderSettings.of(os.environ.get(VARIABLE), VARIABLE), layer, client)

    @classmethod
    def connect(cls, outputs: Mapping[str, Any], *, layer: Layer | None = None, client: Any = None) -> "Objects[T]":
        """The objects of the pipeline that has these outputs.

        Args:
            outputs: the component's outputs by name; only `decider_settings` is read.
            layer: the folder of the domain logic, or its module; by default `domain_handler` is imported, as a Lambda
                function with the layer does. It must be the deployed logic: rows name the deployed version.
            client: a boto3 client of DynamoDB in the pipeline's region and account. By default one is made: it tries a
                call three times, each with 1 s to connect and 3 s to wait for a reply, and keeps 50 connections.

        Raises:
            TypeError: an argument is of another kind.
            BrokenSettings: the outputs have no valid `decider_settings`.
            BrokenDomainLogic: the logic is missing, or breaks the contract.
            ModuleNotFoundError: boto3 is not installed.
            botocore.exceptions.NoRegionError: there is no `client`, and the environment names no region.
        """
        if not isinstance(outputs, Mapping):
            raise TypeError(
                f"outputs: must be a mapping of the component's outputs by name; got a value of the type "
                f"{type(outputs).__name__}; of a file, give the JSON that it holds"
            )
        return cls._of(DeciderSettings.of(outputs.get(OUTPUT), f"outputs: {OUTPUT}"), layer, client)

    @classmethod
    def _of(cls, settings: DeciderSettings, layer: Layer | None, client: Any) -> "Objects[T]":
        return cls(deciding(settings, load(layer), noting_refusals(_client() if client is None else client), Clock()))

    def get(self, domain_id: str) -> T | None:
        """The object as a decision would see it now; None if it has no event.

        It is strongly consistent: it has all decided events, and all stored events that are later than its row.

        Raises:
            ObjectParked: the object is parked, or will be: its row lacks events.
            LogicFailed: the domain logic cannot read the row.
            ValueError: `domain_id` breaks the rule of a DomainId.
            botocore.exceptions.ClientError, BotoCoreError: the tables cannot be read now.
        """
        check_arguments(domain_id=domain_id)
        found: T | None = self._deciding.current(domain_id)
        return found

    def decide(
        self,
        domain_id: str,
        decider: Decider[T],
        *,
        user_id: str,
        command_id: str | None = None,
        command_time: str | datetime | None = None,
        correlation_id: str | None = None,
        ip_address: str | None = None,
        timeout_seconds: float = 10,
    ) -> Decided[T]:
        """Append the events that a decider returns, if the object still is what it decided on.

        If another writer was faster, the decider runs again on the new state.

        Args:
            domain_id: the object. It may have no event yet. 1 to 2048 bytes of UTF-8, as `user_id` and
                `correlation_id`.
            decider: a function of the object (None before its first event) that returns a list of at most 99 `Event`,
                or None to append nothing, or raises an exception of its own to refuse. It must have no effects: it may
                run several times.
            user_id: who caused the events.
            command_id: identifies the command: any text; of a UUID, upper and lower case are the same. Without it, the
                call makes one. A call with the id and the time of an earlier one that appended events returns these and
                does not run the decider, whatever the decider is. A command that was refused is decided again.
            command_time: when the command was first given: an ISO 8601 text (without a zone it is UTC) or a datetime
                with a zone. It must be the same in each call; a `command_id` that is a UUID of version 7 has it. The
                object's events since then are read, so a recent time costs nothing. It may be in the future as far as
                an event's time may.
            correlation_id: the same for all events that belong together.
            ip_address: the address that the command came from; at most 2048 bytes of UTF-8.
            timeout_seconds: when to give up: no attempt begins, and no transaction is sent again, after this time and
                one more pause. 0 is one attempt. The pauses between attempts have random lengths, up to 20 ms, 40 ms,
                ... 1 s. A call on DynamoDB that has begun is not cut off: with the default client it may take 15 s.

        Returns:
            The events and the object after them.

        Raises:
            Exception: what the decider raised: it refused, and nothing was written.
            ObjectParked: the object is parked, or will be.
            LogicFailed: the domain logic cannot apply one of the events, or cannot read the row.
            EventInvalid: an event breaks the contract or takes more than 400 KB, there are more than 99, or they take
                more than 4 MB with the row.
            Contention: other writers were faster each time, or the tables throttle writes.
            OutcomeUnknown: DynamoDB did not answer: the events are stored or not. Call again with its `command_id` and
                `command_time`. After all other errors, nothing was written.
            ValueError: an argument breaks its rule.
            TypeError: the decider is no function, or returned something else.
            botocore.exceptions.ClientError, BotoCoreError: the tables cannot be read or written.
        """
        check_arguments(domain_id=domain_id, user_id=user_id, correlation_id=correlation_id, ip_address=ip_address)
        check_decider(decider)
        if not isinstance(timeout_seconds, int | float) or not timeout_seconds >= 0:
            raise ValueError(f"timeout_seconds: must be a number of at least 0; got {timeout_seconds!r}")
        if command_id is not None:
            command = Command.of(domain_id, command_id, command_time)
        elif command_time is not None:
            raise ValueError("command_id: must be given with command_time; got nothing")
        else:
            command = Command.new(domain_id, instant_at(self._deciding.clock.now()))
        who = Who(user_id, correlation_id, ip_address)
        return self._deciding.decide(domain_id, command, decider, who, timeout_seconds=timeout_seconds)


def deciding(settings: DeciderSettings, logic: DomainLogic, client: Any, clock: Clock) -> Deciding:
    """Decisions on the tables of a pipeline."""
    index_keys = from_text(settings.index_keys)
    events = EventsTable(client, settings.events_table)
    rows = DomainTable(client, settings.domain_table, clock, index_keys)
    config = FoldConfig(
        logic,
        settings.logic_version,
        settings.event_time_limit_seconds,
        settings.events_per_snapshot,
        index_keys=index_keys,
        may_end_process=False,
    )
    return Deciding(
        Stores(events, rows, SnapshotsTable(client, settings.snapshots_table)),
        DynamoDBTransactions(client, events, rows),
        config,
        clock,
        settings.domain_name,
        settings.max_future_skew_seconds,
    )


def _client() -> Any:
    import boto3
    from botocore.config import Config

    retries: Any = {"mode": "standard", "total_max_attempts": 3}
    config = Config(connect_timeout=1, read_timeout=3, retries=retries, max_pool_connections=_MAX_CONNECTIONS)
    return boto3.client("dynamodb", config=config)
