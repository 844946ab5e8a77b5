"""Starts a function as the emulator does, without an emulator: MiniStack's own script in the Python of functions."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime  # type: ignore[import-untyped]

from cp_event_source.local.function_start import START_ONLY
from cp_event_source.local.runtime import make_runtime, python_of

Files = Mapping[str, str | bytes]


@dataclass(frozen=True)
class Functions:
    """A folder in which functions run."""

    folder: Path

    @property
    def runtime(self) -> Path:
        return self.folder / "runtime"

    @classmethod
    def within(cls, folder: Path) -> "Functions":
        functions = cls(folder)
        make_runtime(functions.runtime)
        return functions

    def run(
        self,
        code: Files,
        *layers: Files,
        handler: str = "index.handle",
        events: Sequence[object] = (START_ONLY,),
        environment: Mapping[str, str] | None = None,
    ) -> list[dict[str, Any]]:
        """Start a function and give it events.

        Args:
            code, layers: the files of their archives.

        Returns what its process replied: to the start, and to each event. It ends early if the process did.
        """
        unpacked = self.folder / f"function-{len(list(self.folder.iterdir()))}"
        _write(unpacked / "code", code)
        for number, layer in enumerate(layers):
            _write(unpacked / f"layer_{number}", layer)
        script = unpacked / "_worker.py"
        script.write_text(lambda_runtime._PYTHON_WORKER_SCRIPT)
        module, function = handler.rsplit(".", 1)
        start = {"code_dir": str(unpacked / "code"), "module": module, "handler": function}
        done = subprocess.run(
            [python_of(self.runtime), script],
            input="\n".join(map(json.dumps, [start, *({"event": event} for event in events)])) + "\n",
            capture_output=True,
            text=True,
            cwd=unpacked / "code",
            env={
                "PATH": os.environ["PATH"],
                "PYTHONSAFEPATH": "1",
                "LAMBDA_TASK_ROOT": str(unpacked / "code"),
                "AWS_LAMBDA_FUNCTION_NAME": "files-project-1a2b3c4",
                "AWS_EXECUTION_ENV": "AWS_Lambda_python3.14",
                "_LAMBDA_FUNCTION_ARN": "arn:aws:lambda:us-east-1:000000000000:function:files-project-1a2b3c4",
                "_LAMBDA_LAYERS_DIRS": os.pathsep.join(
                    str(unpacked / f"layer_{number}") for number in range(len(layers))
                ),
                **(environment or {}),
            },
            timeout=60,
        )
        return [json.loads(line) for line in done.stdout.splitlines()]

    def result(self, code: str, *layers: Files, files: Files | None = None) -> Any:
        """What the expression `code` gives in a function."""
        *statements, expression = code.splitlines()
        source = "\n".join([*statements, f"def handle(event, context): return {expression}"])
        replies = self.run({"index.py": source, **(files or {})}, *layers, events=[{}])
        assert [reply["status"] for reply in replies] == ["ready", "ok"], replies
        return replies[1]["result"]


def _write(folder: Path, files: Files) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
