"""AWS clients that can only reach the emulator."""

import os
import threading
from typing import Any, Final

import boto3
import botocore.config
import botocore.session

from cp_event_source.local.emulator import CREDENTIALS

_USUAL_SERVICES: Final = ("dynamodb", "sqs", "events", "lambda", "iam", "logs", "kms", "cloudwatch", "sns")

_NO_SETTINGS: Final = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
"""Without the profiles and configuration files that the user has for real accounts, in botocore's own format."""


class Clients:
    """boto3 clients of one region for one endpoint, each made once; threads can share them."""

    def __init__(self, endpoint: str, region: str) -> None:
        self.endpoint = endpoint
        self.region = region
        # Any: the type stubs know services as literals, and here the name is a variable.
        self._session: Any = boto3.Session(
            botocore_session=botocore.session.Session(session_vars=_NO_SETTINGS),
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            region_name=region,
        )
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()  # sessions are not thread-safe, clients are

    def warm_up(self) -> None:
        """Make the clients that nearly every program needs, in the background: reading their models takes long."""
        for service in _USUAL_SERVICES:
            threading.Thread(target=self, args=[service], daemon=True).start()

    def __call__(self, service: str) -> Any:
        """The boto3 client of a service, such as "dynamodb"."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._session.client(
                    service,
                    endpoint_url=self.endpoint,
                    config=botocore.config.Config(
                        max_pool_connections=32,
                        use_fips_endpoint=False,
                        use_dualstack_endpoint=False,
                        proxies={},
                        retries={"mode": "standard", "total_max_attempts": 3},
                    ),
                )
            return self._clients[service]
