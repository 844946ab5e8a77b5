"""What a user has set for real accounts has no influence on clients for the emulator."""

from pathlib import Path

import pytest

from cp_event_source.local.clients import emulator_clients


def test_no_profile_file_or_variable_reaches_the_clients(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "config"
    config.write_text("[default]\nregion = eu-west-1\nuse_fips_endpoint = true\n")
    for name, value in {
        "AWS_CONFIG_FILE": str(config),
        "AWS_SHARED_CREDENTIALS_FILE": str(config),
        "AWS_PROFILE": "not-there",
        "AWS_ENDPOINT_URL": "https://localhost:1",
        "AWS_DEFAULT_REGION": "eu-north-1",
        "AWS_ACCESS_KEY_ID": "somebodys",
        "AWS_SESSION_TOKEN": "somebodys",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "HTTP_PROXY": "http://localhost:1",
    }.items():
        monkeypatch.setenv(name, value)

    client = emulator_clients("http://127.0.0.1:5", "us-east-1")("sqs")

    assert client.meta.endpoint_url == "http://127.0.0.1:5"
    assert client.meta.region_name == "us-east-1"
    credentials = client._request_signer._credentials
    assert (credentials.access_key, credentials.token) == ("test", None)


def test_each_client_is_made_once() -> None:
    clients = emulator_clients("http://127.0.0.1:5", "us-east-1")

    assert clients("sqs") is clients("sqs")
