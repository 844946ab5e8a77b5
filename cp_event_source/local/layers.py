"""Deploys a changed layer folder without its program: in a fraction of a second, where a program takes seconds.

It does what `DomainPythonLayer` and an update of the program would do: check the folder, make a layer version of its
files, and give it to each function that has the version before.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pulumi

from cp_event_source.deployed.clients import Clients
from cp_event_source.deployed.logic_process import BrokenLogicError, fold_all
from cp_event_source.layer.contract_check import check_domain_layer
from cp_event_source.layer.layer_files import layer_files
from cp_event_source.local.errors import ProgramError
from cp_event_source.local.inputs import Inputs
from cp_event_source.local.resources import CREATORS, Request
from cp_event_source.local.starts import Starts
from cp_event_source.local.updates import FUNCTION_TYPE, LAYER_TYPE, Registered, comparable, configure

_MADE_BY_COMPONENT = f"cp-event-source:index:DomainPythonLayer${LAYER_TYPE}::"


def folder_of(resource: Registered) -> Path | None:
    """The folder that a `DomainPythonLayer` was made from; None for any other resource."""
    if _MADE_BY_COMPONENT not in resource.urn:
        return None
    files: dict[str, pulumi.FileAsset] = resource.inputs["code"].assets
    name, file = next(iter(files.items()))
    return Path(str(file.path)).parents[name.count("/") - 1]  # python/a/b.py is a/b.py in it


def check(folder: Path, announce: Callable[[str], None] = lambda _: None) -> None:
    """Check a layer's folder as `DomainPythonLayer` does, and that its logic starts.

    Args:
        folder: the folder that holds `domain_handler.py`.
        announce: called with each warning.

    Raises:
        ProgramError: it breaks the contract, or does not start; the message has every problem.
    """
    report = check_domain_layer(folder)
    if report.errors:
        raise ProgramError("\n".join(report.errors))
    try:
        fold_all([folder], [])
    except BrokenLogicError as error:
        raise ProgramError(str(error)) from error
    for warning in report.warnings:
        announce(f"warning: {warning}")


def deploy(
    folder: Path, resources: Mapping[str, Registered], clients: Clients, announce: Callable[[str], None]
) -> dict[str, Registered] | None:
    """Deploy what changed in a layer's folder, which has been checked.

    Args:
        folder: the folder.
        resources: what a program has, by URN.
        clients: the clients with which it was made.
        announce: called with each note.

    Returns:
        The resources that changed, by URN; None if the program itself must run, since something else than a function
        has the layer's version.
    """
    changed: dict[str, Registered] = {}
    for layer in [each for each in resources.values() if folder_of(each) == folder]:
        files: dict[str, pulumi.Asset | pulumi.Archive] = {
            name: pulumi.FileAsset(str(path)) for name, path in layer_files(folder).items()
        }
        inputs = {**layer.inputs, "code": pulumi.AssetArchive(files)}
        compared = comparable(inputs, folder)
        if compared == layer.compared:
            continue
        users = [each for each in resources.values() if each is not layer and _mentions(each.inputs, layer.id)]
        if any(each.type != FUNCTION_TYPE for each in users if each.id):
            return None
        created = CREATORS[LAYER_TYPE](Request(layer.name, Inputs(inputs), folder, clients, Starts()))
        for note in created.notes:
            announce(f"note: {note}")
        changed[layer.urn] = Registered(
            layer.type, layer.name, layer.urn, created.id, inputs, created.outputs, compared
        )
        for user in users:
            before = changed.get(user.urn, user)
            after = _replaced(before, layer.id, created.id)
            if after.id:
                configure(after, clients)
            changed[user.urn] = after
    return changed


def replaced(value: Any, old: str, new: str) -> Any:
    """A value with a text replaced wherever it is."""
    if isinstance(value, str):
        return value.replace(old, new)
    if isinstance(value, Mapping):
        return {name: replaced(element, old, new) for name, element in value.items()}
    return [replaced(element, old, new) for element in value] if isinstance(value, list) else value


def _replaced(resource: Registered, old: str, new: str) -> Registered:
    parts = (replaced(part, old, new) for part in (resource.inputs, resource.outputs, resource.compared))
    return Registered(resource.type, resource.name, resource.urn, resource.id, *parts)


def _mentions(value: Any, text: str) -> bool:
    return bool(replaced(value, text, "") != value)
