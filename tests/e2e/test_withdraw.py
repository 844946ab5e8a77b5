"""Guarantee: the example that decides works beside the pipeline, end to end."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

from cp_event_source.decide.settings import VARIABLE
from cp_event_source.local import LocalRun, Pipeline
from tests.e2e.conftest import EXAMPLES
from tests.e2e.events import attributes, domain_event, new_id, row


def withdraw(run: LocalRun, accounts: Pipeline, *arguments: str) -> tuple[int, str]:
    environment = {
        **os.environ,
        VARIABLE: accounts.outputs["decider_settings"],
        "AWS_ENDPOINT_URL": run.endpoint,
        "AWS_DEFAULT_REGION": run.client("dynamodb").meta.region_name,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "PYTHONPATH": str(EXAMPLES.parent),
    }
    ran = subprocess.run(
        [sys.executable, EXAMPLES / "withdraw", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not ran.stderr
    return ran.returncode, ran.stdout.strip()


def publish(run: LocalRun, account: str, *events: tuple[int, str, Any]) -> None:
    run.publish(
        [domain_event(account, second, name, payload, DomainName="Account") for second, name, payload in events]
    )
    run.drain()


def test_a_service_withdraws_what_the_balance_covers(run: LocalRun, accounts: Pipeline) -> None:
    account = new_id()
    assert withdraw(run, accounts, account, "1") == (1, "refused: there is no open account with this id")
    publish(run, account, (1, "AccountOpened", {}), (2, "AmountCredited", {"Amount": 50}))

    command = ("c-1", datetime.now(UTC).isoformat())
    assert withdraw(run, accounts, account, "30.5", *command) == (0, "withdrawn; the balance is 19.5")
    assert withdraw(run, accounts, account, "30.5", *command) == (0, "already withdrawn; the balance is 19.5")
    assert withdraw(run, accounts, account, "30.5") == (1, "refused: the balance does not cover the amount")
    assert attributes(accounts, account)["Balance"] * 2 == 39

    publish(run, account, (3, "AmountCredited", {"Amount": 11}))
    assert withdraw(run, accounts, account, "30.5") == (0, "withdrawn; the balance is 0")
    run.drain()
    found = row(accounts, account)
    assert (attributes(accounts, account)["Balance"], found.state.applied.count, found.parked) == (0, 5, None)
    assert found.logic_version == json.loads(accounts.outputs["decider_settings"])["logic_version"]
    stored = [event for event in accounts.events() if event.domain_id == account]
    assert [event.event_name for event in stored][-2:] == ["AmountDebited", "AmountDebited"]
