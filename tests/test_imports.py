"""Guarantee: the tests of the rooms see every import."""

import pytest

from .imports import imported_by


@pytest.mark.parametrize(
    ("source", "imported"),
    [
        ("from ..resources.queues import Queues", "cp_event_source.resources.queues.Queues"),
        ("from .. import component", "cp_event_source.component"),
        ("def f():\n    from cp_event_source.layer import layer_files", "cp_event_source.layer.layer_files"),
        ("if TYPE_CHECKING:\n    import pulumi_aws as aws", "pulumi_aws"),
    ],
)
def test_an_import_is_found_however_it_is_written(source: str, imported: str) -> None:
    assert list(imported_by(source, "cp_event_source.inputs.arguments")) == [imported]
