"""The journal of work that can be interrupted and continued with --resume."""

import re
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Annotated

import typer

from cp_event_source.deployed.errors import CommandError
from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.handler.values.clock import Clock
from cp_event_source.operate.journal import Journal
from cp_event_source.operate.output import Output

Resume = Annotated[
    Path | None,
    typer.Option(
        "--resume",
        metavar="FILE",
        help="Continue what was interrupted, and try again what failed; FILE is what it has left.",
    ),
]


def check_resume(resume: Path | None) -> None:
    """Raises typer.BadParameter: a file was given that does not exist."""
    if resume is not None and not resume.is_file():
        raise typer.BadParameter(f"--resume: must be a file that this command has left; got {str(resume)!r}")


@contextmanager
def resumable(
    name: str,
    pipeline: Pipeline,
    output: Output,
    clock: Clock,
    resume: Path | None,
    work: Mapping[str, str],
    *,
    options: str = "",
) -> Iterator[Journal]:
    """The journal of a command's work. An interruption or an error says how to continue.

    The caller removes it when all is done. If the work has begun nothing when it ends early, the file goes.

    Args:
        name: the command's.
        pipeline: the pipeline.
        output: where it says how to continue.
        clock: the time, for the file's name.
        resume: the journal to continue; None makes a new one in the current folder.
        work: what the journal belongs to, beside the command.
        options: what must be given again to continue, with a space before it.

    Raises:
        CommandError: the file cannot be written, or it belongs to other work.
    """
    file = resume or _new_file(name, pipeline.domain_name, clock)
    with Journal(file, {"command": name, **work}) as journal:
        output.how_to_continue = output.command(f"{name} --resume {shlex.quote(str(file))}{options}")
        try:
            yield journal
        except BaseException:
            # Nothing is noted yet.
            if not journal.is_removed and resume is None and journal.is_untouched:
                journal.remove()
                output.how_to_continue = "give the same command again; what it has done stays done"
            raise


def finished(journal: Journal, output: Output) -> None:
    """All is done: the journal's file goes."""
    journal.remove()
    output.how_to_continue = ""


def _new_file(name: str, domain_name: str, clock: Clock) -> Path:
    """A new file in the current folder: its name has the command, the domain and the time."""
    domain = re.sub(r"[^\w.-]", "_", domain_name)
    time = re.sub(r"[^\dT]", "", clock.text()[:19])
    stem = f"cp-event-source-{name}-{domain}-{time}"
    for number in count(1):
        file = Path(f"{stem}{f'-{number}' if number > 1 else ''}.journal")
        try:
            file.touch(0o600, exist_ok=False)
        except FileExistsError:
            continue
        except OSError as error:
            raise CommandError(
                f"{file}: cannot be written: {error.strerror}; run the command in a folder that you may write to"
            ) from error
        return file
    raise AssertionError
