"""All commands for operators. Importing this module registers them."""

from collections.abc import Sequence

import typer

from cp_event_source.operate import dead_letters as dead_letters
from cp_event_source.operate import erase as erase
from cp_event_source.operate import events as events
from cp_event_source.operate import export as export
from cp_event_source.operate import history as history
from cp_event_source.operate import import_ as import_
from cp_event_source.operate import parked as parked
from cp_event_source.operate import rebuild as rebuild
from cp_event_source.operate import restore as restore
from cp_event_source.operate import state as state
from cp_event_source.operate import status as status
from cp_event_source.operate import verify as verify
from cp_event_source.operate.options import app


def main(arguments: Sequence[str]) -> int:
    """Run a command; returns the exit code.

    Args:
        arguments: the command's name, its arguments and options.
    """
    try:
        typer.main.get_group(app).main(args=list(arguments), prog_name="cp-event-source")
    except SystemExit as end:
        return int(end.code or 0)
    return 0
