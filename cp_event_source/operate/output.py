"""What a command prints: a document for programs, or tables and progress for people."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from cp_event_source.deployed.console import make_console
from cp_event_source.deployed.shown import visible
from cp_event_source.handler.values import exact_json

_ANY_WIDTH: Final = 10_000


class Step:
    """A long piece of work, as its progress is shown."""

    def __init__(self, progress: Progress, task: Any) -> None:
        self._progress = progress
        self._task = task

    def advance(self, by: int = 1) -> None:
        """Some more is done."""
        self._progress.advance(self._task, by)

    def say(self, text: str) -> None:
        """Show how the work is doing, such as how much has failed."""
        self._progress.update(self._task, note=text)


@dataclass
class Output:
    """Where a command writes. With `json`, the standard output has one JSON document and nothing else."""

    json: bool = False
    target: str = ""
    """The options that name the pipeline, with a space before each."""
    how_to_continue: str = ""
    """The command that continues the work if it is interrupted. Long work sets it."""
    exit_code: int = 0
    """Set it to 1 if the command found or met something wrong."""
    console: Console = field(init=False)

    def __post_init__(self) -> None:
        self.console = make_console(to_stderr=self.json)
        if not self.console.is_terminal and not os.environ.get("COLUMNS"):
            self.console.width = _ANY_WIDTH  # so that other programs find whole ids

    def command(self, words: str) -> str:
        """A command to paste, on this pipeline."""
        return f"cp-event-source {words}{self.target}"

    def result(self, document: Any, tables: Iterable[RenderableType] = ()) -> None:
        """Print the result: the document with `--json`, else the tables.

        Args:
            document: texts, `int`, `Decimal`, booleans, None, lists and dicts. Numbers keep all their digits. A large
                one is an iterator of its members, each a name and a value. It is written as it comes, and so are the
                elements of a value that is an iterator. The document is not read without `--json`.
            tables: what people see. It is not read with `--json`.
        """
        if self.json:
            for part in _members(document) if isinstance(document, Iterator) else [exact_json.dumps(document)]:
                sys.stdout.write(part)
            sys.stdout.write("\n")
            sys.stdout.flush()
            return
        for table in tables:
            if isinstance(table, str):
                self.note(table)
            else:
                self.console.print(table)

    def note(self, text: str) -> None:
        """Print a line for people: what will be read, what is done. With `--json` it goes to the error output."""
        self.console.print(Text(_visible(text)), soft_wrap=True)

    def error(self, text: str) -> None:
        """Print an error, on the error output."""
        make_console(to_stderr=True).print(Text(_visible(f"Error: {text}"), style="bold red"), soft_wrap=True)

    @contextmanager
    def step(self, doing: str, total: int | None) -> Iterator[Step]:
        """Show the progress of long work, with its rate and the time left. Without a terminal it shows nothing.

        Args:
            doing: what is done, as a present participle: `Rebuilding`.
            total: how much there is to do; None if that is not known.
        """
        columns = [
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
        ]
        is_seen = self.console.is_terminal  # a log would get an empty line
        with _Rates(*columns, console=self.console, transient=True, disable=not is_seen) as progress:
            yield Step(progress, progress.add_task(doing, total=total, rate="", note=""))


def _members(members: Iterator[tuple[str, Any]]) -> Iterator[str]:
    """The JSON text of an object in parts."""
    before = "{"
    for name, value in members:
        yield f"{before}{exact_json.dumps(name)}:"
        before = ","
        if isinstance(value, Iterator):
            opening = "["
            for element in value:
                yield f"{opening}{exact_json.dumps(element)}"
                opening = ","
            yield "[]" if opening == "[" else "]"
        else:
            yield exact_json.dumps(value)
    yield "{}" if before == "{" else "}"


def _visible(lines: str) -> str:
    return "\n".join(map(visible, lines.split("\n")))


class _Rates(Progress):
    """Progress that shows how much is done a second."""

    def get_renderables(self) -> Iterable[RenderableType]:
        for task in self.tasks:
            task.fields["rate"] = f"{task.speed:,.0f}/s" if task.speed else ""
        return super().get_renderables()
