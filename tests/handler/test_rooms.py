"""Guarantee: the rooms of the functions' code depend on each other in one direction, and only one of them knows AWS."""

import sys
from pathlib import Path

import pytest

from cp_event_source.resources.code_archive import HANDLER_DIR
from tests.imports import imported_by

ROOMS = ("values", "events", "domain", "projection", "aws")
"""Each may import itself and those before it."""
EDGES = ("rebuild_requests", "persist", "project")
ENTRY_POINTS = ("persist_function", "project_function")
LAYERS = (*ROOMS, *EDGES, *ENTRY_POINTS)

MODULES = sorted(path.relative_to(HANDLER_DIR) for path in HANDLER_DIR.rglob("*.py") if path.name != "__init__.py")


def layer_of(module: Path) -> str:
    return module.parts[0].removesuffix(".py")


def imported(module: Path) -> list[list[str]]:
    """The absolute names that a module imports, in parts. Names of this package begin with `handler`."""
    name = ".".join(("handler", *module.with_suffix("").parts))
    return [each.split(".") for each in imported_by((HANDLER_DIR / module).read_text(), name)]


def test_every_module_is_in_a_room_or_an_edge_or_an_entry_point() -> None:
    assert {layer_of(module) for module in MODULES} == set(LAYERS)


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_module_imports_its_own_room_and_those_below(module: Path) -> None:
    allowed = LAYERS[: LAYERS.index(layer_of(module)) + 1]
    above = [".".join(name) for name in imported(module) if name[0] == "handler" and name[1] not in allowed]
    assert above == []


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_only_the_room_aws_knows_an_aws_library(module: Path) -> None:
    """The edges may name its types, for the type checker. `annotationlib` is in the standard library from 3.14 on."""
    known = {"handler", "annotationlib", *sys.stdlib_module_names} | (
        {"botocore"} if layer_of(module) == "aws" else set()
    )
    others = {name[0] for name in imported(module)} - known
    assert others <= ({"types_boto3_dynamodb", "types_boto3_sqs"} if layer_of(module) not in ROOMS[:-1] else set())
