"""The JSON document has the members that the reference lists, no others, and values that lose nothing."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from cp_event_source.deployed.difference import Difference
from cp_event_source.deployed.queue_messages import Message
from cp_event_source.deployed.verify import Verification
from cp_event_source.handler.domain.failure import Cause
from cp_event_source.handler.domain.state import DomainState
from cp_event_source.handler.events.key_set import KeySet
from cp_event_source.handler.projection.notes import Parked
from cp_event_source.handler.projection.rows import DomainRow
from cp_event_source.handler.values import exact_json
from cp_event_source.handler.values.attribute_value import encode_item
from cp_event_source.local.consumers import Output
from cp_event_source.local.document import SHAPE, document
from cp_event_source.local.drain import State, Traffic
from cp_event_source.local.rebuilds import Rebuild
from cp_event_source.local.run import Stack

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "command-line.md"
OF_THE_AUTHOR = ("stacks[].outputs", "domains[].rows[].attributes")
"""What a program or a layer fills."""

PARKED = Parked("k", "poison", "Broken", Cause.LOGIC, "ValueError", "ValueError: bad", "now", "v1", "k", "k")
ROW = DomainRow(
    "d",
    DomainState(
        encode_item(
            {
                "Whole": 12345678901234567890123456789012345678,
                "Exact": exact_json.loads("0.10"),
                "Tags": {"b", "a"},
                "Numbers": {10, 9},
                "Raw": b"\x00\xff",
                "Nested": {"List": [None, True, {"x": {1}}]},
            }
        ),
        "checkpoint",
        KeySet(2, 0),
    ),
    "v1",
    PARKED,
)


def traffic() -> Traffic:
    state = State(0, [], {}, 1, 2, 4, 3, 5, 6, frozenset())
    pipeline = SimpleNamespace(
        domain_name="File",
        name="files",
        rows=lambda: {"d": ROW},
        events=lambda: [SimpleNamespace(domain_id="d")] * 4,
        quarantined=lambda: [
            Message('{"detail": {"EventId": "broken"}}', {"ReasonCode": "contract-violation", "Reason": "UserId: no"}),
            Message("not JSON", {}),
        ],
        expired_batches=lambda: [Message("position", {})],
    )
    return cast("Traffic", SimpleNamespace(pipeline=pipeline, look=lambda: state))


def full() -> dict[str, Any]:
    stack = Stack("project", "local", Path("/program"), {"name": "n", "list": [1.5]}, [], [], cast("Any", None))
    text = document(
        stacks=[stack],
        sent={("event", "File"): 2, ("rebuild request", "File"): 1},
        unmatched=1,
        traffics=[traffic()],
        rebuilds=[("File", Rebuild("d", 2)), ("File", Rebuild("e", None, "why"))],
        outputs=[Output("search", 1, ["line"])],
        verifications=[Verification("File", 1, [Difference("d", "Name", "a", "b")], {"e": "why"})],
        errors=["--strict: something"],
        exit_code=1,
    )
    assert "\n" not in text
    value: dict[str, Any] = exact_json.loads(text)
    return value


def members(value: Any, path: str = "") -> set[str]:
    if isinstance(value, dict) and path not in OF_THE_AUTHOR:
        return {each for name, inner in value.items() for each in members(inner, f"{path}.{name}" if path else name)}
    if isinstance(value, list):
        return {each for inner in value for each in members(inner, f"{path}[]")}
    return {path}


def test_the_reference_lists_every_member_and_no_other() -> None:
    section = REFERENCE.read_text().partition("### The result as JSON")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    listed = {name for row in rows for name in re.findall(r"`([^`]+)`", row)}

    assert listed - {"verification"} == members(full())
    assert full()["shape"] == SHAPE


def test_values_keep_all_their_digits_and_sets_and_bytes_are_plain_json() -> None:
    (row,) = full()["domains"][0]["rows"]

    assert row["attributes"] == {
        "Whole": 12345678901234567890123456789012345678,
        "Exact": exact_json.loads("0.1"),
        "Tags": ["a", "b"],
        "Numbers": [9, 10],
        "Raw": "AP8=",
        "Nested": {"List": [None, True, {"x": [1]}]},
    }


def test_a_parked_object_has_its_event_its_cause_and_its_waiting_events() -> None:
    (domain,) = full()["domains"]

    assert domain["counts"] == {
        "stored": 4,
        "duplicates": 5,
        "not_stored_yet": 0,
        "rows": 1,
        "not_projected_yet": 0,
        "parked": 1,
        "waiting": 2,
        "quarantined": 3,
        "expired": 6,
    }
    (parked,) = domain["parked"]
    assert (parked["event_id"], parked["cause"], parked["waiting"]) == ("poison", "LOGIC", 2)
    assert [each["event_id"] for each in domain["quarantined"]] == ["broken", None]


def test_a_run_that_failed_has_a_document_with_its_error() -> None:
    value = exact_json.loads(document(errors=["why"], exit_code=1))

    assert (value["errors"], value["exit_code"], value["domains"], value["verification"]) == (["why"], 1, [], None)
