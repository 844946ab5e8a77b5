"""Runs the logic of a deployed layer, or of a folder, in fresh processes: whether it starts, and what it folds."""

import io
import os
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from cp_event_source.deployed.child_environment import clean_environment
from cp_event_source.deployed.errors import CommandError
from cp_event_source.deployed.fold_process import from_json, to_json
from cp_event_source.deployed.pipeline import Pipeline

_PROCESS: Final = Path(__file__).with_name("fold_process.py")
"""Run as a file and not as a module, so that it imports only the functions' code."""

_SECONDS_PER_EVENT: Final = 10.0
"""The limit of the project function."""

_SECONDS: Final = 20.0
_SECONDS_PER_STORED_EVENT: Final = 0.02
"""The time that a process has to start and to fold, beside three events that take all of theirs."""

History = Sequence[dict[str, Any]]
"""Items of the events table, of one domain object, in EventKey order."""


class BrokenLogicError(CommandError):
    """The logic does not start; the message says why."""


@dataclass(frozen=True)
class Stopped:
    """The event at which a fold stopped."""

    key: str
    event_id: str
    event_name: str
    reason: str
    phase: str
    place: str


@dataclass(frozen=True)
class Folded:
    """The result of a fold."""

    attributes: dict[str, Any]
    """In DynamoDB's JSON, as a row has them."""
    count: int
    """How many events were applied."""
    stopped: Stopped | None


def fold_all(
    folders: Sequence[Path], histories: Sequence[History], *, environment: Mapping[str, str] | None = None
) -> "list[Folded | None]":
    """Fold each history with the logic of the first of some folders that has a `domain_handler.py`.

    Args:
        folders: what is first on the path, as `/opt/python` is on AWS.
        histories: as many as you like; none shows whether the logic starts.
        environment: variables that the processes get beside the usual ones, such as PYTHONHASHSEED.

    Returns:
        For each history its fold; None if the logic ended the process, or took all the time.

    Raises:
        BrokenLogicError: the logic cannot be imported, or breaks its contract.
    """
    results: list[Folded | None] = []
    while True:
        left = histories[len(results) :]
        results += _answers(folders, left, environment or {})
        if len(results) == len(histories):
            return results
        results.append(None)  # the process ended at this one; another folds the rest


@contextmanager
def deployed_layers(pipeline: Pipeline) -> Iterator[list[Path]]:
    """The folders that a pipeline's project function has first on its path: its layers as they are deployed."""
    client = pipeline.clients("lambda")
    layers = client.get_function_configuration(FunctionName=pipeline.project_function).get("Layers", [])
    # An emulator is on this machine, where no proxy is between.
    is_local = pipeline.clients.endpoint is not None
    opener = urllib.request.build_opener(*([urllib.request.ProxyHandler({})] if is_local else []))
    with tempfile.TemporaryDirectory(prefix="cp-event-source-layers-") as folder:
        folders = []
        for number, layer in enumerate(layers):
            location = client.get_layer_version_by_arn(Arn=layer["Arn"])["Content"]["Location"]
            if pipeline.clients.endpoint is not None:
                location = pipeline.clients.endpoint + urlsplit(location).path  # where an emulator surely listens
            place = Path(folder, str(number))
            with opener.open(location, timeout=30) as answer, zipfile.ZipFile(io.BytesIO(answer.read())) as content:
                content.extractall(place)
            folders.append(place / "python")
        yield folders


def _answers(
    folders: Sequence[Path], histories: Sequence[History], environment: Mapping[str, str]
) -> list[Folded | None]:
    """The folds of as many histories as one process lived for."""
    events = sum(map(len, histories))
    try:
        process = subprocess.run(  # noqa: S603  # our own module, run by our own interpreter
            [sys.executable, "-P", str(_PROCESS), str(_SECONDS_PER_EVENT), *map(str, folders)],
            input="".join(f"{to_json(list(history))}\n" for history in histories),
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            env=clean_environment(os.environ) | {"PYTHONDONTWRITEBYTECODE": "1", "TZ": "UTC"} | dict(environment),
            cwd=tempfile.gettempdir(),
            timeout=_SECONDS + 3 * _SECONDS_PER_EVENT + _SECONDS_PER_STORED_EVENT * events,
            check=False,
        )
        output, errors, end = process.stdout, process.stderr, f"exit code {process.returncode}"
    except subprocess.TimeoutExpired as expired:
        output, errors, end = _text(expired.stdout), _text(expired.stderr), f"more than {expired.timeout:g} s"
    first, *lines = output.splitlines() or [""]
    broken = from_json(first)["broken"] if first else f"importing it ends the process ({end}) {errors[-500:]}".rstrip()
    if broken:
        raise BrokenLogicError(broken)
    return [_folded(from_json(line)) for line in lines]


def _folded(answer: dict[str, Any]) -> Folded:
    failure = answer["failure"]
    return Folded(answer["attributes"], answer["count"], Stopped(**failure) if failure else None)


def _text(output: "bytes | str | None") -> str:
    return output.decode("utf-8", "replace") if isinstance(output, bytes) else output or ""
