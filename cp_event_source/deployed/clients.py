"""AWS clients, each made once."""

import threading
from collections.abc import Mapping
from typing import Any

import boto3
import botocore.config


class Clients:
    """boto3 clients of one session, each made once; threads can share them.

    Args:
        session: the session that has the credentials and the region.
        endpoint: the URL of an emulator; None for AWS's own addresses.
        config: further settings of botocore, by name.
    """

    def __init__(
        self, session: boto3.Session, endpoint: str | None = None, config: Mapping[str, Any] | None = None
    ) -> None:
        self.endpoint = endpoint
        self.region = session.region_name
        # Any: the type stubs know services as literals, and here the name is a variable.
        self._session: Any = session
        self._config = botocore.config.Config(
            **{
                "max_pool_connections": 32,
                "retries": {"mode": "standard", "total_max_attempts": 3},
                **(config or {}),
            }
        )
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()  # sessions are not thread-safe, clients are

    def __call__(self, service: str) -> Any:
        """The boto3 client of a service, such as "dynamodb"."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._session.client(service, endpoint_url=self.endpoint, config=self._config)
            return self._clients[service]

    def with_settings(self, service: str, **settings: Any) -> Any:
        """A client of its own of a service, with other settings of botocore, by name."""
        config = self._config.merge(botocore.config.Config(**settings))
        with self._lock:
            return self._session.client(service, endpoint_url=self.endpoint, config=config)
