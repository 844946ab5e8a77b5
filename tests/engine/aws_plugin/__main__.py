"""Serves the plugin: prints its port, as the engine asks of any plugin, and ends with the engine's process."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import urlparse

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from .calls import Calls
from .provider import Provider

_MESSAGE_BYTES: Final = 400 * 1024 * 1024  # Pulumi's own limit


def main() -> None:
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    if urlparse(endpoint).hostname != "127.0.0.1":
        sys.exit(f"AWS_ENDPOINT_URL: must be an emulator on 127.0.0.1; got {endpoint!r}")
    calls = Calls(Path(os.environ["AWS_PLUGIN_CALLS"]))
    options = [("grpc.max_receive_message_length", _MESSAGE_BYTES), ("grpc.max_send_message_length", _MESSAGE_BYTES)]
    server = grpc.server(ThreadPoolExecutor(16), options=options)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(endpoint, calls), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    with suppress(KeyboardInterrupt):  # the engine ends its plugins with it
        server.wait_for_termination()


if __name__ == "__main__":
    main()
