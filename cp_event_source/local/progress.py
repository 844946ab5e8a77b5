"""Progress of long steps: a spinner on a terminal, lines in a log."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.text import Text

_LOG_EVERY_SECONDS: Final = 5.0
"""How often a long step writes a line if there is no terminal."""


class Progress:
    """Shows what is being done, and how long the run has taken so far."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._start = time.monotonic()

    @contextmanager
    def step(self, doing: str) -> Iterator[Callable[[str], None]]:
        """A step of the run. Call the function that it yields with the step's state, as often as you like."""
        last = time.monotonic()
        with self._console.status(self._line(f"{doing} ...")) as status:

            def update(state: str) -> None:
                nonlocal last
                line = self._line(f"{doing}: {state}")
                status.update(line)
                if not self._console.is_terminal and time.monotonic() - last > _LOG_EVERY_SECONDS:
                    last = time.monotonic()
                    self._console.print(line)

            yield update

    def done(self, what: str) -> None:
        """Show that something is done."""
        self._console.print(self._line(what))

    def announce(self, line: str) -> None:
        """Show a line that somebody else wrote."""
        self._console.print(Text(f"         {line}", style="dim"))

    def _line(self, text: str) -> Text:
        return Text.assemble((f"{time.monotonic() - self._start:6.1f} s ", "dim"), text)
