"""One call exports every output, so that a program cannot forget what operators and other stacks need."""

from typing import Any

from cp_event_source import CpEventSource
from cp_event_source.deployed.pipeline import OUTPUTS as NAMES

from ..examples.program import run_program
from .deployment import component
from .test_component import OUTPUTS


def export(name: str = "files", prefix: str = "", **inputs: Any) -> None:
    made = component(name, **inputs)
    assert isinstance(made, CpEventSource)
    made.export_outputs(prefix)


def test_all_outputs_are_exported_under_their_names() -> None:
    assert run_program(export).exports.keys() == OUTPUTS.keys()


def test_what_there_is_not_is_not_exported() -> None:
    exports = run_program(lambda: export(development=True)).exports
    assert OUTPUTS.keys() - exports.keys() == {"alarm_topic_arn", "dashboard_url"}


def test_the_operators_commands_know_all_names() -> None:
    assert OUTPUTS.keys() == NAMES


def test_prefixes_keep_several_components_apart() -> None:
    def program() -> None:
        export("files", "files_")
        export("orders", "orders_")

    exports = run_program(program).exports
    assert exports.keys() == {f"{prefix}_{name}" for prefix in ("files", "orders") for name in OUTPUTS}
    assert "files" in exports["files_domain_table_name"]
    assert "orders" in exports["orders_domain_table_name"]
