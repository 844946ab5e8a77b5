"""Section 4: CPU time of the handlers' own code, compared with botocore's and the domain logic's."""

import io
import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from botocore.awsrequest import AWSResponse

from cp_event_source.handler.domain.fold import fold
from cp_event_source.handler.domain.logic import RowItem
from cp_event_source.handler.domain.state import INITIAL_STATE, DomainState
from cp_event_source.handler.events.ingest import event_item
from cp_event_source.handler.events.stored_event import StoredEvent
from cp_event_source.handler.values.attribute_value import decode_item, item_size

from . import events, prices
from .layers import Layer, account_layer, file_layer, ledger_layer
from .pipeline import EVENTS, Pipeline, real_dynamodb
from .report import Cell, Section, Table
from .scale import Scale
from .timing import best

_BATCH = 10
_EVENTS = 100
_LATEST = "9999-12-31T23:59:59.999999999Z"
_EMPTY_REPLY = b"{}"


class _NoCall:
    """A client that accepts an item and does nothing with it."""

    def __init__(self, exceptions: Any) -> None:
        self.exceptions = exceptions

    def put_item(self, **_: Any) -> dict[str, Any]:
        return {}


def section(scale: Scale) -> Section:
    """Measure."""
    return Section(
        "4. CPU time of the handlers alone",
        [
            Table(
                ("part", "microseconds per event", "of botocore's", "$ per million"),
                list(_persist(scale.runs)),
                f"persist, new events in batches of {_BATCH}",
                "botocore: one put_item, from the call to a canned reply, without the network. $: Lambda only, for "
                "that time, at any memory up to 1,769 MB.",
            ),
            Table(
                ("domain", "row, bytes", "fold, microseconds per event", "the domain's own apply", "without it"),
                [_fold(layer, scale.runs) for layer in (file_layer(), account_layer(), ledger_layer(870))],
                f"project, the fold of {_EVENTS} events of one domain object in a batch",
                "The fold takes each event from the stored form of the row to the next, as if each came alone. The "
                "domain logic writes each row twice, because the row must survive its own round trip.",
            ),
        ],
    )


def _persist(runs: int) -> Iterator[Sequence[Cell]]:
    client = real_dynamodb()
    client.meta.events.register_first("before-send.dynamodb", _canned)
    bodies = [events.body(file_layer(), events.domain_id(), number) for number in range(_BATCH)]
    batch = [{"messageId": f"m{number}", "body": body} for number, body in enumerate(bodies)]

    def put() -> Callable[[], object]:
        # parse again each time: strings that botocore has seen before have their hashes already
        items = [event_item(body, domain_name=events.DOMAIN_NAME, latest=_LATEST) for body in bodies]

        def act() -> None:
            for item in items:
                client.put_item(
                    TableName=EVENTS,
                    Item=item,
                    ConditionExpression="attribute_not_exists(EventKey)",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )

        return act

    alone, whole = (Pipeline().persist(each) for each in (_NoCall(client.exceptions), client))
    seconds = best(
        {
            "the handler": lambda: partial(alone.handle_batch, json.loads(json.dumps(batch))),
            "botocore": put,
            "both together": lambda: partial(whole.handle_batch, json.loads(json.dumps(batch))),
        },
        runs,
    )
    for name, each in seconds.items():
        share = f"{each / seconds['botocore']:.0%}"
        yield (name, round(1e6 * each / _BATCH, 1), share, round(prices.cpu(each / _BATCH), 4))


def _canned(request: Any, **_: Any) -> AWSResponse:
    headers: Any = {
        "x-amzn-requestid": "r",
        "content-type": "application/x-amz-json-1.0",
        "x-amz-crc32": str(zlib.crc32(_EMPTY_REPLY)),
    }
    return AWSResponse(request.url, 200, headers, _Body(_EMPTY_REPLY))


class _Body(io.BytesIO):
    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


def _fold(layer: Layer, runs: int) -> Sequence[Cell]:
    first, *rest = events.items(layer, events.domain_id(), range(_EVENTS + 1))
    start = fold(layer.logic, INITIAL_STATE, [StoredEvent.of(first)], seconds_per_event=10).state

    def fresh() -> list[StoredEvent]:
        return [StoredEvent.of(each["dynamodb"]["NewImage"]) for each in events.records(rest)]

    seconds = best(
        {
            "fold": lambda: partial(fold, layer.logic, start, fresh(), seconds_per_event=10),
            "apply": lambda: _own_apply(layer, start, fresh()),
        },
        runs,
    )
    folded = fold(layer.logic, start, fresh(), seconds_per_event=10)
    if folded.failure is not None:
        raise RuntimeError(folded.failure.reason)
    whole, own = (1e6 * seconds[part] / _EVENTS for part in ("fold", "apply"))
    return (layer.name, item_size(folded.state.attributes), round(whole, 1), round(own, 1), round(whole - own, 1))


def _own_apply(layer: Layer, state: DomainState, stored: Sequence[StoredEvent]) -> Callable[[], object]:
    """Only the domain logic's `apply`, with arguments prepared before."""
    calls = [
        partial(domain.apply, **{name: getattr(event, name) for name in layer.apply_arguments})
        for event in stored
        if (domain := layer.logic.from_dynamo_item(RowItem(decode_item(state.attributes))))
    ]

    def act() -> None:
        for call in calls:
            call()

    return act
