"""Guarantee: the queries on the page about tracing work on real log lines of the functions, as the page says."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.corpus.cases import NOT_JSON, body
from tests.corpus.pipeline import Pipeline, Seen, lambdas, probe
from tests.doubles.aws import AwsError
from tests.handler.daemon import SAMPLED, listening

from .markdown import REPOSITORY, blocks

PAGE = REPOSITORY / "docs" / "how-to" / "trace-an-event.md"
QUERIES = [block.text for block in blocks(PAGE) if "Logs Insights" in block.marker]
EXPRESSIONS = [block.text for block in blocks(PAGE) if "X-Ray" in block.marker]
CORRELATION_ID, DOMAIN_ID = "order-4711", "6cfa9ee3-cf00-406a-9e97-46e95e84cc5d"


@pytest.fixture
def pipeline() -> Iterator[Pipeline]:
    with lambdas() as make:
        yield make(probe(Seen()))


def write_lines(pipeline: Pipeline) -> None:
    """Let the functions write a line of every kind."""
    ours = {"CorrelationId": f'"{CORRELATION_ID}"', "DomainId": f'"{DOMAIN_ID}"', "EventName": '"FileUploaded"'}
    pipeline.persist(body(**ours), body("2", **ours), body(EventId='"e-2"', DomainId=f'"{DOMAIN_ID}"'), body())
    pipeline.persist(
        body(Version='"1"'), body(CorrelationId='"order-4711-b"', EventId='"e-3"'), NOT_JSON["a raw newline in text"]
    )
    pipeline.project(pipeline.db.records("events"))

    def fail(operation: str, _request: Any, when: str) -> None:
        raise AwsError("InternalServerError", "broken")

    pipeline.db.intercept = fail
    pipeline.persist(body(**ours))
    pipeline.project(pipeline.db.records("events"))


def matching(query: str, lines: list[tuple[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    """The part of CloudWatch Logs Insights that the page needs: one filter, by equality or by a part of the line."""
    (condition,) = re.findall(r"^(?:\| )?filter (.+)$", query, re.MULTILINE)
    field, operator, text = re.fullmatch(r"([@\w]+) (=|like) (?:'(.+)'|\"(?:.+)\")", condition).groups()  # type: ignore[union-attr]
    text = text or condition.partition('"')[2].rstrip('"')
    if operator == "like":
        assert field == "@message"
        return [line for raw, line in lines if text in raw]
    return [line for _, line in lines if line.get(field) == text]


def fields_of(query: str) -> set[str]:
    named = re.findall(r"^fields (.+)$| by (.+)$", query, re.MULTILINE)
    return {name for pair in named for each in pair if each for name in each.split(", ")} - {"@timestamp"}


def test_each_query_finds_lines_and_uses_only_fields_that_these_lines_have(pipeline: Pipeline) -> None:
    write_lines(pipeline)
    raw = pipeline.output.getvalue().splitlines()
    lines = list(zip(raw, pipeline.lines(), strict=True))
    assert len(QUERIES) == 4
    for query in QUERIES:
        found = matching(query, lines)
        assert found, query
        assert fields_of(query)
        assert fields_of(query) <= set().union(*found), query


def test_the_query_by_correlation_follows_an_event_through_both_functions(pipeline: Pipeline) -> None:
    write_lines(pipeline)
    lines = list(zip(pipeline.output.getvalue().splitlines(), pipeline.lines(), strict=True))
    assert [line["message"] for line in matching(QUERIES[0], lines)] == [
        "event stored",
        "event quarantined",
        "domain object applied",
        "message goes back to the queue",
        "a part of the batch goes back to the stream",
    ]


def test_the_filter_expressions_use_annotations_that_the_functions_send(
    monkeypatch: pytest.MonkeyPatch, pipeline: Pipeline
) -> None:
    (expressions,) = EXPRESSIONS
    asked = dict(re.findall(r'^annotation\.(\w+) = "(.+)"$', expressions, re.MULTILINE))
    monkeypatch.setenv("_X_AMZN_TRACE_ID", SAMPLED)
    with listening() as daemon:
        monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", daemon.address)
        pipeline.deploy(probe(Seen()))
        write_lines(pipeline)
        sent = [subsegment["annotations"] for subsegment in daemon.received()]
    assert asked == sent[0]
    assert {name for each in sent for name in each} == asked.keys()
