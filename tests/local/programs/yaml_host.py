"""Stands in for Pulumi's language host for YAML: it reads the schemas as older and newer ones do, and does what the
program's description says."""
# The names of the services' methods are the protocol's.
# ruff: noqa: N802

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import yaml
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import (
    language_pb2,
    language_pb2_grpc,
    plugin_pb2,
    provider_pb2,
    provider_pb2_grpc,
    resource_pb2,
    resource_pb2_grpc,
)
from pulumi.runtime.proto.codegen import loader_pb2


class Host(language_pb2_grpc.LanguageRuntimeServicer):
    def Run(self, request: language_pb2.RunRequest, context: grpc.ServicerContext) -> language_pb2.RunResponse:
        program = yaml.safe_load(Path(request.info.program_directory, "Pulumi.yaml").read_text())
        match program["description"]:
            case "bails out":
                sys.stderr.write("\x1b[31mError\x1b[0m: unknown property\n" * 3000)  # more than a pipe holds
                sys.stderr.flush()
                return language_pb2.RunResponse(bail=True)
            case "fails":
                return language_pb2.RunResponse(error="it said no")
            case "crashes":
                os._exit(1)
        sys.stderr.write("a warning\n")
        sys.stderr.flush()
        monitor = resource_pb2_grpc.ResourceMonitorStub(grpc.insecure_channel(request.monitor_address))
        stack = monitor.RegisterResource(
            resource_pb2.RegisterResourceRequest(type="pulumi:pulumi:Stack", name=f"{request.project}-{request.stack}")
        )
        found = {
            "attached": attached(),
            "loaded": {name: loaded(request.loader_target, name) for name in ("aws", "cp-event-source")},
            "request": json_format.MessageToDict(request),
            "engine": sys.argv[1],
            "folder": os.getcwd(),  # noqa: PTH109
        }
        outputs = resource_pb2.RegisterResourceOutputsRequest(urn=stack.urn)
        outputs.outputs.update({"found": json.dumps(found)})
        monitor.RegisterResourceOutputs(outputs)
        return language_pb2.RunResponse()


def summary(text: str) -> list[object]:
    schema = json.loads(text)
    return [schema["name"], schema["version"], len(schema["resources"])]


def attached() -> dict[str, list[object]]:
    found = {}
    for each in os.environ["PULUMI_DEBUG_PROVIDERS"].split(","):
        name, port = each.split(":")
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = provider_pb2_grpc.ResourceProviderStub(channel)
            stub.Attach(plugin_pb2.PluginAttach(address="127.0.0.1:1"))
            schema = stub.GetSchema(provider_pb2.GetSchemaRequest()).schema
            found[name] = [*summary(schema), stub.GetPluginInfo(empty_pb2.Empty()).version]
    return found


def loaded(target: str, name: str) -> list[object]:
    with grpc.insecure_channel(target) as channel:
        ask = channel.unary_unary(
            "/codegen.Loader/GetSchema",
            loader_pb2.GetSchemaRequest.SerializeToString,
            loader_pb2.GetSchemaResponse.FromString,
        )
        return summary(ask(loader_pb2.GetSchemaRequest(package=name)).schema)


if "does not start" in Path("Pulumi.yaml").read_text():
    sys.exit("no such library")
server = grpc.server(ThreadPoolExecutor(max_workers=2))
language_pb2_grpc.add_LanguageRuntimeServicer_to_server(Host(), server)
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
server.wait_for_termination()
