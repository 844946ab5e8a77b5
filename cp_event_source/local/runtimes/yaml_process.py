"""A YAML program's process: it has Pulumi's language host run the program, and serves the schemas that the host needs.

Usage: python -m cp_event_source.local.runtimes.yaml_process SETTINGS, with SETTINGS a JSON object: what
`Served.settings` holds, host (the language host's path), schema (that of the package, as JSON), options (those
of the runtime in Pulumi.yaml).
"""
# The names and signatures of the services' methods are the protocol's.
# ruff: noqa: ARG002, N802

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import grpc
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import (
    engine_pb2,
    engine_pb2_grpc,
    language_pb2,
    language_pb2_grpc,
    plugin_pb2,
    provider_pb2,
    provider_pb2_grpc,
)
from pulumi.runtime.proto.codegen import loader_pb2

from cp_event_source.local.runtimes import aws_schema
from cp_event_source.local.values import MESSAGE_LIMITS, PACKAGE

_QUIET: Final = {
    "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    "PULUMI_DISABLE_REGISTRY_RESOLVE": "true",
    "PULUMI_SKIP_UPDATE_CHECK": "true",
}
"""A local run needs no network: the host loads no plugin."""


class _Provider(provider_pb2_grpc.ResourceProviderServicer):
    """A package of which only the schema is asked."""

    def __init__(self, schema: str) -> None:
        self._schema = schema

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=json.loads(self._schema)["version"])

    def Attach(self, request: plugin_pb2.PluginAttach, context: grpc.ServicerContext) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    def GetSchema(
        self, request: provider_pb2.GetSchemaRequest, context: grpc.ServicerContext
    ) -> provider_pb2.GetSchemaResponse:
        return provider_pb2.GetSchemaResponse(schema=self._schema)


def _loader(schemas: Mapping[str, str]) -> grpc.GenericRpcHandler:
    """The engine's service of schemas, which newer hosts ask. (The SDK's own class for it cannot be imported.)"""

    def schema(request: loader_pb2.GetSchemaRequest, context: grpc.ServicerContext) -> loader_pb2.GetSchemaResponse:
        if request.package not in schemas:
            context.abort(grpc.StatusCode.NOT_FOUND, f"a local run has no package {request.package!r}")
        return loader_pb2.GetSchemaResponse(schema=schemas[request.package].encode())

    handler = grpc.unary_unary_rpc_method_handler(
        schema, loader_pb2.GetSchemaRequest.FromString, loader_pb2.GetSchemaResponse.SerializeToString
    )
    return grpc.method_handlers_generic_handler("codegen.Loader", {"GetSchema": handler})


def main() -> int:
    """Run the program. Errors go to the engine, as under `pulumi up`, and make the exit code 1."""
    settings = json.loads(sys.argv[1])
    schemas = {
        PACKAGE: settings["schema"],
        aws_schema.PACKAGE: aws_schema.aws_schema(_texts(Path(settings["folder"]))),
    }
    with ExitStack() as served:
        providers = {}
        for name, schema in schemas.items():
            server = served.enter_context(_server())
            provider_pb2_grpc.add_ResourceProviderServicer_to_server(_Provider(schema), server)
            providers[name] = _start(server)
        server = served.enter_context(_server())
        server.add_generic_rpc_handlers([_loader(schemas)])
        loader = _start(server)
        error = _run(settings, providers, f"127.0.0.1:{loader}")
    if error:
        with grpc.insecure_channel(settings["monitor"]) as channel:
            engine_pb2_grpc.EngineStub(channel).Log(engine_pb2.LogRequest(severity=engine_pb2.ERROR, message=error))
    return 1 if error else 0


def _run(settings: Mapping[str, Any], providers: Mapping[str, int], loader: str) -> str:
    """Have the language host run the program; why it failed, if it did."""
    ports = ",".join(f"{name}:{port}" for name, port in providers.items())
    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(  # noqa: S603  # Pulumi's host, from the user's PATH
            [settings["host"], settings["monitor"]],
            env={**os.environ, **_QUIET, "PULUMI_DEBUG_PROVIDERS": ports},
            cwd=settings["folder"],
            stdout=subprocess.PIPE,
            stderr=errors,
        ) as host,
    ):
        port = host.stdout.readline().strip() if host.stdout else b""
        reason: str | None = f"{settings['host']} does not start"
        try:
            if port.isdigit():
                reason = _ask(f"127.0.0.1:{int(port)}", settings, loader)
        finally:
            host.terminate()
            host.wait()
        errors.seek(0)
        diagnostics = errors.read().decode(errors="replace")
    if reason is None:
        sys.stderr.write(diagnostics)
        return ""
    return "\n".join(filter(None, [diagnostics.strip(), reason])) or f"{settings['host']}: failed without a message"


def _ask(host: str, settings: Mapping[str, Any], loader: str) -> str | None:
    """Have the language host run the program; None if it did. The reason is empty if it has written it."""
    options = struct_pb2.Struct()
    options.update(settings["options"])
    request = language_pb2.RunRequest(
        project=settings["project"],
        stack=settings["stack"],
        organization=settings["organization"],
        pwd=settings["folder"],
        program=".",
        config=settings["config"],
        parallel=settings["parallel"],
        monitor_address=settings["monitor"],
        loader_target=loader,
        info=language_pb2.ProgramInfo(
            root_directory=settings["root"],
            program_directory=settings["folder"],
            entry_point=".",
            options=options,
        ),
    )
    with grpc.insecure_channel(host, options=MESSAGE_LIMITS) as channel:
        try:
            response = language_pb2_grpc.LanguageRuntimeStub(channel).Run(request)
        except grpc.RpcError as error:
            return str(error.details())
    return str(response.error) if response.error or response.bail else None


def _texts(folder: Path) -> Iterator[str]:
    for path in folder.glob("*.y*ml"):
        yield path.read_text(encoding="utf-8", errors="replace")


@contextmanager
def _server() -> Iterator[grpc.Server]:
    server = grpc.server(ThreadPoolExecutor(max_workers=4), options=[*MESSAGE_LIMITS, ("grpc.so_reuseport", 0)])
    try:
        yield server
    finally:
        server.stop(grace=None).wait()


def _start(server: grpc.Server) -> int:
    port = int(server.add_insecure_port("127.0.0.1:0"))
    server.start()
    return port


if __name__ == "__main__":
    sys.exit(main())
