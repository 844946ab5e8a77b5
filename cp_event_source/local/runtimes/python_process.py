"""A Pulumi program's process: it runs the program, under Pulumi's SDK.

Usage: python -m cp_event_source.local.runtimes.python_process SETTINGS, with SETTINGS a JSON object: program (folder or
file to run), folder (of the program), root (folder of Pulumi.yaml), project, stack, organization, parallel, monitor
(an address), config (an object of texts).
"""

import asyncio
import json
import runpy
import sys
import traceback
from pathlib import Path
from typing import Any

import grpc
import pulumi
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc
from pulumi.runtime.settings import Settings, configure
from pulumi.runtime.stack import run_in_stack


class _Engine:
    """The engine. It is not asked to log what the SDK writes to debug itself, some calls for each resource."""

    def __init__(self, address: str) -> None:
        self._engine = engine_pb2_grpc.EngineStub(grpc.insecure_channel(address))

    def Log(self, request: engine_pb2.LogRequest) -> None:  # noqa: N802  Pulumi's name
        if request.severity != engine_pb2.DEBUG:
            self._engine.Log(request)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)


def _explanation(error: BaseException, folder: Path) -> str:
    """The error for a person: only the message if the program or the component meant it for a person."""
    if isinstance(error, pulumi.RunError | pulumi.InputPropertiesError):
        return str(error)
    if isinstance(error, pulumi.InputPropertyError):
        return f"{error.property_path}: {error.reason}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [i for i, frame in enumerate(frames) if Path(frame.filename).is_relative_to(folder)]
    shown = frames[own[0] :] if own else frames
    lines = [*traceback.format_list(shown), *traceback.format_exception_only(error)]
    return "".join(lines).rstrip()


def _run(settings: dict[str, Any]) -> None:
    configure(
        Settings(
            project=settings["project"],
            stack=settings["stack"],
            organization=settings["organization"],
            root_directory=settings["root"],
            monitor=settings["monitor"],
            engine=_Engine(settings["monitor"]),
            parallel=settings["parallel"],
            dry_run=False,
        )
    )
    pulumi.runtime.set_all_config(settings["config"])
    program = settings["program"]
    sys.argv = [program]

    async def run_program() -> None:
        runpy.run_path(program, run_name="__main__")
        # Registrations begin, and the SDK waits for them. Otherwise it waits for the first of all outputs that becomes
        # known, and then for the first of all others: as much work again as the rest.
        await asyncio.sleep(0)

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(run_in_stack(run_program))


def main() -> int:
    """Run the program. Errors go to the engine, as under `pulumi up`, and make the exit code 1."""
    settings = json.loads(sys.argv[1])
    try:
        _run(settings)
    except Exception as error:  # noqa: BLE001  # whatever a program raises is its result
        pulumi.log.error(_explanation(error, Path(settings["folder"])))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
