"""The persist function on moto's tables and queues, as Lambda starts and calls it, every real API call counted."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from botocore.exceptions import ClientError

from cp_event_source.handler.aws import clients
from cp_event_source.handler.aws.settings import PersistSettings
from cp_event_source.handler.aws.telemetry import Telemetry
from cp_event_source.handler.persist import Persist
from cp_event_source.handler.values.clock import Clock
from cp_event_source.testing.memory import InOrder

SETTINGS = {
    "AWS_LAMBDA_FUNCTION_NAME": "persist-1",
    "DOMAIN_NAME": "File",
    "DOMAIN_EVENTS_TABLE": "events",
    "MAX_FUTURE_SKEW_SECONDS": "600",
}


@cache
def shared_clients() -> tuple[Any, Any]:
    """DynamoDB and SQS as the functions make them; once for all tests, since making one takes longer than a test."""
    return clients.dynamodb(), clients.sqs()


def create_tables(dynamodb: Any) -> None:
    for name, keys in (("events", ["DomainId", "EventKey"]), ("rows", ["DomainId"])):
        dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            KeySchema=[
                {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ["HASH", "RANGE"], strict=False)
            ],
        )


class Calls:
    """A client's calls, and the requests that really went out for them; chosen calls fail."""

    def __init__(self, client: Any) -> None:
        self.made: list[tuple[str, dict[str, Any]]] = []
        self.requests = 0
        self.fail: Callable[[str, dict[str, Any]], Exception | None] = lambda operation, parameters: None
        self._events = client.meta.events
        self._events.register("provide-client-params.*.*", self._called)
        self._events.register_first("before-send.*.*", self._sent)

    def stop(self) -> None:
        self._events.unregister("provide-client-params.*.*", self._called)
        self._events.unregister("before-send.*.*", self._sent)

    def _called(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        self.made.append((model.name, params))
        error = self.fail(model.name, params)
        if error is not None:
            raise error

    def _sent(self, **_: Any) -> None:
        self.requests += 1


def client_error(code: str, operation: str = "PutItem") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": f"message of {code}"}}, operation)


class PersistFunction:
    """Started on moto's table and queue."""

    def __init__(self, clock: Clock) -> None:
        self.dynamodb, self.sqs = shared_clients()
        create_tables(self.dynamodb)
        self.queue = self.sqs.create_queue(QueueName="ingest-dead-letters")["QueueUrl"]
        self.table_calls, self.queue_calls = Calls(self.dynamodb), Calls(self.sqs)
        settings = PersistSettings.read({**SETTINGS, "INGEST_DEAD_LETTER_QUEUE_URL": self.queue})
        telemetry = Telemetry(settings.domain_name, settings.function_name, clock)
        self.function = Persist.start(settings, self.dynamodb, self.sqs, telemetry, InOrder(), clock)

    def stop(self) -> None:
        self.table_calls.stop()
        self.queue_calls.stop()

    def handle(self, *bodies: str, context: object = None) -> list[str]:
        """The ids (m0, m1, ...) of the messages to deliver again."""
        records = [{"messageId": f"m{number}", "body": body} for number, body in enumerate(bodies)]
        reply = self.function.handle({"Records": records}, context)
        return [failure["itemIdentifier"] for failure in reply["batchItemFailures"]]

    def stored(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.dynamodb.scan(TableName="events")["Items"]
        return items

    def quarantined(self) -> list[tuple[str, dict[str, str]]]:
        """Body and attributes of every message in the dead-letter queue."""
        return list(self._receive())

    def _receive(self) -> Iterator[tuple[str, dict[str, str]]]:
        request = {"QueueUrl": self.queue, "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"]}
        while messages := self.sqs.receive_message(**request).get("Messages"):
            for message in messages:
                attributes = message.get("MessageAttributes", {})
                yield message["Body"], {name: value["StringValue"] for name, value in attributes.items()}
