"""A double of AWS behind TLS, in a process of its own, and the functions' own clients for it.

The clients do all that they do on Lambda: they sign, encrypt, keep connections, and read replies from the network. The
process of the double is another one, so the CPU time of this process is the functions' alone.
"""

import multiprocessing
import os
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any
from unittest import mock

from botocore.loaders import Loader
from botocore.model import ServiceModel
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cp_event_source.handler.aws import clients
from tests.doubles.clients import Double, json_reply

_HOST = "127.0.0.1"
_PROCESSES = multiprocessing.get_context("fork")  # the new process has the double as it is now


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A double that answers HTTPS requests."""

    client: Any
    """The functions' own client for DynamoDB."""
    environment: Mapping[str, str]
    """The environment in which any client of AWS talks to this double."""
    _control: Connection

    def run(self, act: Callable[[Any], Any]) -> Any:
        """What a module's function returns for the double, in the double's process."""
        self._control.send(act)
        return self._control.recv()


@contextmanager
def endpoint(double: Double) -> Iterator[Endpoint]:
    """Serve a double with its present items. What it stores from now on is in its own process alone."""
    here, there = _PROCESSES.Pipe()
    with TemporaryDirectory() as folder:
        certificate = Path(folder) / "certificate.pem"
        certificate.write_bytes(_certificate())
        server = _PROCESSES.Process(target=_serve, args=(double, certificate, there), daemon=True)
        server.start()
        there.close()
        try:
            environment = {
                "AWS_ACCESS_KEY_ID": "x",
                "AWS_SECRET_ACCESS_KEY": "x",
                "AWS_DEFAULT_REGION": "us-east-1",
                "AWS_ENDPOINT_URL_DYNAMODB": f"https://{_HOST}:{here.recv()}",
                "AWS_CA_BUNDLE": str(certificate),
            }
            with mock.patch.dict(os.environ, environment):
                client = clients.dynamodb()
            yield Endpoint(client, environment, here)
        finally:
            server.terminate()
            server.join()


def _certificate() -> bytes:
    """A key and a certificate for the endpoint's address, as PEM. They live as long as the endpoint."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _HOST)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(_HOST))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    return private + certificate.public_bytes(serialization.Encoding.PEM)


def _serve(double: Double, certificate: Path, control: Connection) -> None:
    model = ServiceModel(Loader().load_service_model("dynamodb", "service-2"), "dynamodb")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1  # a reply is one write

        def do_POST(self) -> None:  # the library's name
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, headers, reply = json_reply(model, double, self.headers["X-Amz-Target"], body)
            self.send_response_only(status)
            for name, value in {**headers, "Content-Length": str(len(reply))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = ThreadingHTTPServer((_HOST, 0), Handler)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True)
    Thread(target=server.serve_forever, daemon=True).start()
    control.send(server.server_port)
    with suppress(EOFError):  # the process that asked for it has ended
        while True:
            control.send(control.recv()(double))
