"""Section 4: CPU time of the handlers, alone and with all of botocore and TLS, and of the domain logic."""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any
from unittest import mock

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from urllib3 import HTTPSConnectionPool

from cp_event_source.handler.domain.fold import fold
from cp_event_source.handler.domain.logic import RowItem
from cp_event_source.handler.domain.state import INITIAL_STATE, DomainState
from cp_event_source.handler.events.ingest import event_item
from cp_event_source.handler.events.stored_event import StoredEvent
from cp_event_source.handler.values.attribute_value import decode_item, item_size

from . import events, prices
from .endpoint import endpoint
from .layers import Layer, account_layer, file_layer, ledger_layer
from .pipeline import EVENTS, Pipeline, real_dynamodb
from .report import Cell, Section, Table
from .scale import Scale
from .timing import Prepared, best, process_seconds

_BATCH = 10
_EVENTS = 100
_LATEST = "9999-12-31T23:59:59.999999999Z"


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
                list(_persist(scale)),
                "persist, new events",
                "Each event is of another domain object. botocore: one put_item through TLS to a double in another "
                "process, from the call to the reply. $: Lambda only, for that time, at any memory up to 1,769 MB.",
            ),
            Table(
                ("client", "microseconds per call", "of boto3's"),
                list(_transport(scale)),
                "One put_item of an event, through TLS",
                "boto3's client: as `boto3.client(\"dynamodb\")` makes it. Bare: botocore's signature and a pool of "
                "urllib3, without retries, refreshed credentials, endpoints of all partitions, checksums or errors.",
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


def _persist(scale: Scale) -> Iterator[Sequence[Cell]]:
    pipeline = Pipeline()
    alone = pipeline.persist(_NoCall(real_dynamodb().exceptions))
    with endpoint(pipeline.db) as served:
        whole = pipeline.persist(served.client)
        numbers = iter(range(10**9))

        def bodies() -> list[str]:
            # the events of one object would be written one after another
            return [events.body(file_layer(), events.domain_id(each), each) for each in islice(numbers, _BATCH)]

        def handled(function: Any, size: int) -> Callable[[], object]:
            messages = [{"messageId": f"m{number}", "body": body} for number, body in enumerate(bodies())]
            batches = [json.loads(json.dumps(messages[start : start + size])) for start in range(0, _BATCH, size)]
            return lambda: [function.handle_batch(batch) for batch in batches]

        def put() -> Callable[[], object]:
            # parse again each time: strings that botocore has seen before have their hashes already
            items = [event_item(body, domain_name=events.DOMAIN_NAME, latest=_LATEST) for body in bodies()]
            condition = {
                "ConditionExpression": "attribute_not_exists(EventKey)",
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
            return lambda: [served.client.put_item(TableName=EVENTS, Item=item, **condition) for item in items]

        prepared: dict[str, Prepared] = {
            f"the handler, {_BATCH} in a batch": lambda: handled(alone, _BATCH),
            "botocore": put,
            f"both together, {_BATCH} in a batch": lambda: handled(whole, _BATCH),
            "both together, one in a batch": lambda: handled(whole, 1),
        }
        seconds = best(prepared, scale.runs, process_seconds)
    for name, each in seconds.items():
        share = f"{each / seconds['botocore']:.0%}"
        yield (name, round(1e6 * each / _BATCH, 1), share, round(prices.cpu(each / _BATCH), 4))


def _transport(scale: Scale) -> Iterator[Sequence[Cell]]:
    numbers = iter(range(10**9))

    def put(send: Callable[..., object]) -> Callable[[], object]:
        items = [events.item(file_layer(), events.domain_id(), next(numbers)) for _ in range(_BATCH)]
        return lambda: [send(TableName=EVENTS, Item=item) for item in items]

    with endpoint(Pipeline().db) as served:
        with mock.patch.dict(os.environ, served.environment):
            boto3s = boto3.Session().client("dynamodb")
        sends = {
            "boto3's": boto3s.put_item,
            "the functions'": served.client.put_item,
            "bare": _bare(served.environment),
        }
        seconds = best({name: partial(put, send) for name, send in sends.items()}, scale.runs, process_seconds)
    for name, each in seconds.items():
        yield (name, round(1e6 * each / _BATCH, 1), f"{each / seconds[next(iter(seconds))]:.0%}")


def _bare(environment: Mapping[str, str]) -> Callable[..., object]:
    url = environment["AWS_ENDPOINT_URL_DYNAMODB"]
    host, _, port = url.removeprefix("https://").partition(":")
    pool = HTTPSConnectionPool(host, int(port), ca_certs=environment["AWS_CA_BUNDLE"])
    credentials = Credentials(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"])
    fixed = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "DynamoDB_20120810.PutItem"}

    def send(**request: Any) -> Any:
        signed = AWSRequest("POST", f"{url}/", fixed, json.dumps(request))
        SigV4Auth(credentials, "dynamodb", environment["AWS_DEFAULT_REGION"]).add_auth(signed)
        reply = pool.urlopen("POST", "/", body=signed.data, headers=dict(signed.headers.items()))
        if reply.status != 200:
            raise RuntimeError(reply.data)
        return json.loads(reply.data)

    return send


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
