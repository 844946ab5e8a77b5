"""Logic is folded in a process of its own by the code that folds it on AWS."""

from pathlib import Path
from typing import Any

import pytest

from cp_event_source.deployed.fold_process import from_json, to_json
from cp_event_source.deployed.logic_process import BrokenLogicError, fold_all
from cp_event_source.handler.domain.state import INITIAL_STATE
from cp_event_source.handler.values.attribute_value import encode

LOGIC = """
import os


class Counter:
    def __init__(self, item):
        self.item = item

    def apply(self, event_name, payload):
        print("printed by the logic", flush=True)
        if event_name == "Died":
            os._exit(7)
        if event_name == "Failed":
            raise LookupError("no such thing")
        self.item["Total"] += payload["Amount"]
        self.item["Raw"] = bytes([self.item["Total"]])


class Domain:
    @staticmethod
    def create_new(domain_id):
        return Counter({"DomainId": domain_id, "Total": 0})

    @staticmethod
    def from_dynamo_item(item):
        return Counter(dict(item))

    @staticmethod
    def to_dynamo_item(counter):
        return counter.item
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("layer")
    (folder / "domain_handler.py").write_text(LOGIC)
    return folder


def history(domain_id: str, *names: str) -> list[dict[str, Any]]:
    return [
        {
            "DomainId": {"S": domain_id},
            "EventKey": {"S": f"2026-01-01T00:00:0{second}.000000000Z#e{second}"},
            "EventTime": {"S": f"2026-01-01T00:00:0{second}Z"},
            "EventName": {"S": name},
            "Payload": encode({"Amount": 2, "Bytes": "base64"}),
        }
        for second, name in enumerate(names)
    ]


def test_each_history_is_folded_and_one_that_ends_the_process_costs_no_other(folder: Path) -> None:
    histories = [history("a", "Added", "Added"), history("b", "Died"), history("c", "Added", "Failed"), []]

    first, died, stopped, empty = fold_all([folder], histories)

    assert first is not None
    assert first.attributes == {"DomainId": {"S": "a"}, "Total": {"N": "4"}, "Raw": {"B": b"\x04"}}
    assert (first.count, first.stopped) == (2, None)
    assert died is None
    assert stopped is not None
    assert stopped.stopped is not None
    assert (stopped.count, stopped.stopped.event_name, stopped.stopped.event_id) == (1, "Failed", "e1")
    assert "no such thing" in stopped.stopped.reason
    assert empty is not None
    assert empty.attributes == INITIAL_STATE.attributes


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("1 / 0", "domain_handler.py cannot be imported: ZeroDivisionError: division by zero"),
        (
            "import no_such_module",
            "domain_handler.py imports no_such_module, which neither the layer nor Lambda's Python has",
        ),
        ("class Domain: pass", "the class Domain must define the static method"),
        ("import os; os._exit(3)", "importing it ends the process (exit code 3)"),
    ],
)
def test_logic_that_does_not_start_is_an_error_that_says_why(tmp_path: Path, code: str, why: str) -> None:
    (tmp_path / "domain_handler.py").write_text(code)

    with pytest.raises(BrokenLogicError) as broken:
        fold_all([tmp_path], [])

    assert why in str(broken.value)


def test_bytes_come_back_and_a_map_may_have_any_names() -> None:
    value = {"Raw": {"B": b"\x00\xff"}, "Map": {"M": {"base64": {"S": "text"}}}, "Set": {"BS": [b"a", b"b"]}}

    assert from_json(to_json(value)) == value
