"""Results of rebuilds are read from what the function writes."""

import json
from typing import Any, cast

import pytest

from cp_event_source.local import rebuilds
from cp_event_source.local.events_file import entries
from cp_event_source.local.function_logs import Invocation
from cp_event_source.local.rebuilds import Rebuild, wait_for_results

TRACE = [
    json.dumps({"level": "ERROR", "message": "rebuild failed", "domain_id": "b", "error": "RebuildFailed"}),
    "Traceback (most recent call last):",
    '  File "rebuild.py", line 1, in run',
    "handler.projection.rebuild.RebuildFailed: no event is stored: check the DomainId",
]
REBUILT = json.dumps({"level": "INFO", "message": "domain object rebuilt", "domain_id": "a", "events": 5})
BAD = [json.dumps({"level": "ERROR", "message": "rebuild failed", "error": "BadRebuildRequest"}), "x.Bad: DomainId: no"]


def results(written: list[list[str]], requests: list[str | None], monkeypatch: pytest.MonkeyPatch) -> list[Rebuild]:
    found = [Invocation(str(number), lines) for number, lines in enumerate(written)]
    monkeypatch.setattr(rebuilds, "invocations", lambda *_, **__: found)
    asked = entries([{"EventType": "REBUILD"} | ({"DomainId": each} if each else {}) for each in requests])
    pipeline = cast("Any", type("Held", (), {"clients": None, "project_function": "project"}))
    return wait_for_results(pipeline, asked, since=0, patience=0.01, alive=lambda: None)


def test_each_request_gets_its_own_result_whatever_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    batch = [json.dumps({"message": "domain object applied", "domain_id": "a"})]

    found = results([batch, TRACE, BAD, [REBUILT]], ["a", "b", None], monkeypatch)

    assert found == [
        Rebuild("a", 5),
        Rebuild("b", None, "no event is stored: check the DomainId"),
        Rebuild("", None, "DomainId: no"),
    ]
    assert [str(each) for each in found] == [
        "Rebuilt a: 5 events",
        "Rebuild of b failed: no event is stored: check the DomainId",
        "Rebuild of no domain object failed: DomainId: no",
    ]


def test_of_a_request_that_is_tried_again_the_first_result_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    assert results([TRACE, TRACE, TRACE], ["b"], monkeypatch) == [
        Rebuild("b", None, "no event is stored: check the DomainId")
    ]


def test_a_request_without_a_result_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    assert results([["not JSON"], ["[]"]], ["a"], monkeypatch) == [Rebuild("a", None, "no result within 0.01 s")]
