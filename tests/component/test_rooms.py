"""Guarantee: a room of the package imports only the rooms below it, so that each can be read and tested without those
above: inputs know nothing of what is registered, resources nothing of the component that registers them, and what
applications publish with knows nothing of Pulumi."""

from pathlib import Path
from typing import Final

import pytest

from tests.imports import imported_by

PACKAGE: Final = "cp_event_source"
FOLDER: Final = Path(__file__).parents[2] / PACKAGE

BELOW: Final[dict[str, set[str]]] = {
    "late_names": set(),
    "inputs": set(),
    "layer": {"handler", "inputs", "resources"},
    "resources": {"decide", "handler", "inputs"},
    "component": {"inputs", "resources"},
    "producer": {"handler"},
    "decide": {"handler", "late_names", "producer"},
    "pages": {"handler"},
    "policies": {"layer"},
    "contract_schema": {"pages"},
    "costs": {"pages"},
    "domain_logic": set(),
    "new": {"handler", "inputs", "version"},
    "testing": {"decide", "handler", "late_names", "layer", "producer"},
    "deployed": {"handler"},
    "local": {"decide", "deployed", "handler", "inputs", "late_names", "layer"},
    "operate": {"deployed", "handler", "inputs", "pages", "version"},
    "cli": {"handler", "layer", "local", "new", "operate", "pages", "resources", "version"},
    "package_schema": set(),
    "package_functions": {"inputs", "resources"},
    "plugin": {"inputs", "package_functions", "package_schema"},
    "__main__": {"CpEventSource", "DomainPythonLayer", "plugin", "version"},
    "__init__": {"component", "inputs", "late_names", "layer", "resources"},
    "version": set(),
}
"""Each room of the package, and the rooms that it may import; of the plugin, the names that the package offers."""

WITHOUT_PULUMI: Final = (
    "producer",
    "decide",
    "pages",
    "policies",
    "contract_schema",
    "costs",
    "cli",
    "version",
    "domain_logic",
    "new",
    "deployed",
    "operate",
)


def room_of(module: str) -> str:
    """The room of a module of the package."""
    return module.partition(".")[2].partition(".")[0]


def files_in(room: str) -> list[Path]:
    return [path for path in (FOLDER / f"{room}.py", *FOLDER.glob(f"{room}/**/*.py")) if path.is_file()]


def name_of(path: Path) -> str:
    name = ".".join([PACKAGE, *path.relative_to(FOLDER).with_suffix("").parts])
    return name.removesuffix("__init__") if path.name == "__init__.py" else name


def imports_of(room: str) -> set[str]:
    return {name for path in files_in(room) for name in imported_by(path.read_text(), name_of(path))}


def test_every_module_is_in_a_room() -> None:
    rooms = {path.stem if path.is_file() else path.name for path in FOLDER.iterdir() if not path.name.startswith("__p")}
    data = {"PulumiPlugin", "pulumi-plugin", "requirements", "py", "domain-event.schema"}
    assert rooms - data - {"handler"} == BELOW.keys()


@pytest.mark.parametrize("room", BELOW)
def test_a_room_imports_only_the_rooms_below_it(room: str) -> None:
    ours = {name for name in imports_of(room) if name.split(".")[0] == PACKAGE}
    assert files_in(room)
    assert {name for name in ours if room_of(name) not in BELOW[room] | {room}} == set()


@pytest.mark.parametrize("room", WITHOUT_PULUMI)
def test_what_needs_no_pulumi_imports_none(room: str) -> None:
    assert {name for name in imports_of(room) if name.split(".")[0] in {"pulumi", "pulumi_aws"}} == set()
