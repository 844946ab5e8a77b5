"""Checks of arguments that several commands take."""

from collections.abc import Iterable
from pathlib import Path

import typer

from cp_event_source.handler.events.domain_event import ContractViolation, check_field


def broken_rule(domain_id: str) -> str | None:
    """The rule of the contract that an id breaks; None if it breaks none."""
    try:
        check_field("DomainId", domain_id)
    except ContractViolation as error:
        return error.violations[0].rule
    return None


def check_ids(domain_ids: Iterable[str]) -> None:
    """Raises typer.BadParameter: an id breaks the contract."""
    for domain_id in domain_ids:
        if rule := broken_rule(domain_id):
            raise typer.BadParameter(f"ID: {rule}; got {domain_id!r}")


def check_layer(layer: Path | None) -> None:
    """Raises typer.BadParameter: a folder was given, and it has no domain logic."""
    if layer is not None and not (layer / "domain_handler.py").is_file():
        raise typer.BadParameter(f"--layer: must be a folder with a domain_handler.py; got {str(layer)!r}")
