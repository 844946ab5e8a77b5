"""Guarantee: a child process cannot reach a real account or other code by what it inherits."""

import os

from cp_event_source.deployed.child_environment import clean_environment


def test_what_could_lead_to_a_real_account_or_other_code_is_not_inherited() -> None:
    inherited = {
        "PATH": "/bin",
        "AWS_ENDPOINT_URL": "https://elsewhere",
        "AWS_PROFILE": "production",
        "PYTHONPATH": "/elsewhere",
        "PULUMI_CONFIG": "{}",
        "https_proxy": "http://proxy",
    }

    assert clean_environment(inherited) == {
        "PATH": "/bin",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONUTF8": "1",
    }
