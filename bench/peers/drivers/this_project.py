"""Both functions of this pipeline, with the functions' own client, and a reader of rows."""

from typing import Any

import boto3

from bench import events
from bench.pipeline import Pipeline, take
from cp_event_source.handler.aws import clients

from ..domain import layer
from .driver import serve


def main() -> None:
    pipeline = Pipeline()  # its queue gets what cannot be stored; its tables are not used
    client = clients.dynamodb()
    persist, project = pipeline.persist(client), pipeline.projection(layer(), client=client)
    rows: Any = boto3.resource("dynamodb").Table("rows")

    def store(batches: list[list[dict[str, Any]]]) -> None:
        for batch in batches:
            reply = persist.handle_batch(batch)
            if reply["batchItemFailures"] or pipeline.sqs.counters.of(operation="SendMessage").calls:
                raise RuntimeError("a message was not stored")

    def fold(batches: list[list[dict[str, Any]]]) -> None:
        for batch in batches:
            take(project, batch)

    def state(domain_id: str, times: int = 1) -> dict[str, Any]:
        for _ in range(times):
            row = rows.get_item(Key={"DomainId": domain_id})["Item"]
        return {"Balance": int(row["Balance"]), "Entries": int(row["Entries"]), "Last": row["Last"]}

    def rebuild(domain_id: str) -> None:
        request = {"EventType": "REBUILD", "DomainName": events.DOMAIN_NAME, "DomainId": domain_id}
        project.rebuild_requests.handle(request)

    serve({"store": store, "fold": fold, "state": state, "rebuild": rebuild}, ("boto3", "botocore"))


if __name__ == "__main__":
    main()
