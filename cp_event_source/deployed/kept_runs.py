"""The local runs that are up on this machine: each notes where it is, so that commands find it."""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class KeptRun:
    """A local run that is up."""

    endpoint: str
    """The URL of its emulator."""
    region: str
    pipelines: Mapping[str, Mapping[str, str]]
    """The outputs of each component, by its name."""


@contextmanager
def noted(run: KeptRun) -> Iterator[None]:
    """Note a run of this process while it is up."""
    folder = _folder()
    folder.mkdir(mode=0o700, exist_ok=True)
    file = folder / f"{os.getpid()}.json"
    draft = file.with_suffix(".draft")
    draft.write_text(json.dumps({"endpoint": run.endpoint, "region": run.region, "pipelines": run.pipelines}))
    draft.replace(file)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)
        with suppress(OSError):  # another run is up
            folder.rmdir()


def kept_runs() -> list[KeptRun]:
    """The runs of this user that are up. It removes the notes of those that were killed."""
    found = []
    folder = _folder()
    if not folder.is_dir() or folder.stat().st_uid != os.getuid():
        return []
    for file in sorted(folder.glob("*.json")):
        if not _is_alive(int(file.stem)):
            file.unlink(missing_ok=True)
            continue
        note = json.loads(file.read_text())
        found.append(KeptRun(note["endpoint"], note["region"], note["pipelines"]))
    return found


def _folder() -> Path:
    """A folder of this user's own."""
    return Path(tempfile.gettempdir(), f"cp-event-source-runs-{os.getuid()}")


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
