"""The environment of child processes that must reach no real account and no other code."""

import os
from collections.abc import Mapping


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without what could lead a child process to a real account or to other code.

    It drops every variable whose name starts with AWS_, PYTHON or PULUMI_, and proxies, since everything here is on
    127.0.0.1. The child cannot reach AWS's configuration files and the metadata of a cloud machine either.
    """
    kept = {
        name: value
        for name, value in environment.items()
        if not name.startswith(("AWS_", "PYTHON", "PULUMI_")) and not name.upper().endswith("_PROXY")
    }
    return kept | {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        # This process reads the child's output as UTF-8, whatever the locale.
        "PYTHONUTF8": "1",
    }
