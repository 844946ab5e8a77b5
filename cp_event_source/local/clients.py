"""AWS clients that can only reach the emulator."""

import os
import threading
from typing import Final

import boto3
import botocore.session

from cp_event_source.deployed.clients import Clients
from cp_event_source.local.emulator import CREDENTIALS

_USUAL_SERVICES: Final = ("dynamodb", "sqs", "events", "lambda", "iam", "logs", "kms", "cloudwatch", "sns")

_NO_SETTINGS: Final = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
"""Without the profiles and configuration files that the user has for real accounts, in botocore's own format."""


def emulator_clients(endpoint: str, region: str) -> Clients:
    """The clients of one region of an emulator, whatever the environment says."""
    session = boto3.Session(
        botocore_session=botocore.session.Session(session_vars=_NO_SETTINGS),
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=region,
    )
    return Clients(session, endpoint, {"use_fips_endpoint": False, "use_dualstack_endpoint": False, "proxies": {}})


def warm_up(clients: Clients) -> None:
    """Make the clients that nearly every program needs, in the background: reading their models takes long."""
    for service in _USUAL_SERVICES:
        threading.Thread(target=clients, args=[service], daemon=True).start()
