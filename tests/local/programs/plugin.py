"""Stands in for the package's plugin: each component has the request for it as its output."""
# The names of the services' methods are the protocol's.
# ruff: noqa: N802

import json
import sys
from concurrent.futures import ThreadPoolExecutor

import grpc
from google.protobuf import json_format
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc


class Plugin(provider_pb2_grpc.ResourceProviderServicer):
    def GetSchema(
        self, request: provider_pb2.GetSchemaRequest, context: grpc.ServicerContext
    ) -> provider_pb2.GetSchemaResponse:
        return provider_pb2.GetSchemaResponse(schema='{"resources": {"cp-event-source:index:CpEventSource": {}}}')

    def Construct(
        self, request: provider_pb2.ConstructRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConstructResponse:
        response = provider_pb2.ConstructResponse(urn="urn:of:plugin")
        found = {**json_format.MessageToDict(request), "engine": sys.argv[1]}
        response.state.update({"request": json.dumps(found)})
        response.stateDependencies["request"].urns.append("urn:pulumi:local::echoed::a:b:C::c")
        return response


server = grpc.server(ThreadPoolExecutor(max_workers=2))
provider_pb2_grpc.add_ResourceProviderServicer_to_server(Plugin(), server)
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
server.wait_for_termination()
