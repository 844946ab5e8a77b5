"""Guarantee: a service connects with one output of the component, and bad arguments are named."""

import builtins
import inspect
import os
import re
import subprocess
import sys
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest import mock
from uuid import UUID

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from pulumi.automation import OutputValue

from cp_event_source.decide import Event, Objects, OutcomeUnknown, logic
from cp_event_source.decide.settings import OUTPUT, VARIABLE, BrokenSettings, DeciderSettings
from cp_event_source.handler.domain.logic import BrokenDomainLogic
from cp_event_source.handler.projection.rows import DomainRow
from cp_event_source.handler.values.clock import Clock
from tests.doubles.aws import AwsError
from tests.doubles.clients import retries_without_waiting, wire
from tests.doubles.dynamodb import DynamoDB

from .given import Overdrawn, account_logic, withdraw

SETTINGS = DeciderSettings("Account", "events", "rows", "snapshots", "arn:layer:1", 10.0, 100, 600.0, "{}")
OUTPUTS = {OUTPUT: SETTINGS.to_text()}
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    credentials = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "eu-central-1"}
    with mock.patch.dict(os.environ, credentials), mock_aws():
        client: Any = boto3.client("dynamodb")
        for name, keys in (
            ("events", {"DomainId": "S", "EventKey": "S"}),
            ("rows", {"DomainId": "S"}),
            ("snapshots", {"DomainId": "S", "CpEventSourceSlot": "N"}),
        ):
            client.create_table(
                TableName=name,
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": type_} for key, type_ in keys.items()],
                KeySchema=[
                    {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ["HASH", "RANGE"], strict=False)
                ],
            )
        yield client


@pytest.fixture
def accounts(dynamodb: Any) -> Objects[Any]:
    return Objects.connect(OUTPUTS, layer=_module())


def _module() -> ModuleType:
    source = account_logic()
    module = ModuleType("account")
    domain = type("Domain", (), {name: staticmethod(getattr(source, name)) for name in _UNBOUND})

    def create_new(domain_id: str) -> Any:
        return source.from_dynamo_item(type("Item", (dict,), {"DomainId": domain_id})(Balance=0))

    domain.create_new = staticmethod(create_new)  # type: ignore[attr-defined]
    module.__dict__.update(Domain=domain, Account=type(create_new("a")))
    return module


_UNBOUND = ("from_dynamo_item", "to_dynamo_item")


def credit(amount: int) -> Any:
    return lambda account: [Event("Credited", {"Amount": amount})]


def test_a_service_decides_on_dynamodb(dynamodb: Any, accounts: Objects[Any]) -> None:
    """On moto, whose transactions are not those of the double."""
    assert accounts.get("moto-1") is None  # no event
    accounts.decide("moto-1", credit(100), user_id="ada")
    done: Any = accounts.decide("moto-1", withdraw(30, parts=3), user_id="ada", correlation_id="c", ip_address="::1")
    account: Any = accounts.get("moto-1")
    assert (done.object.Balance, account.Balance) == (10, 10)
    with pytest.raises(Overdrawn):
        accounts.decide("moto-1", withdraw(30), user_id="ada")
    item = dynamodb.get_item(TableName="rows", Key={"DomainId": {"S": "moto-1"}})["Item"]
    row = DomainRow.from_item(item)
    assert row is not None
    assert (row.logic_version, row.state.applied.count, row.state.checkpoint) == ("arn:layer:1", 4, done.events[-1].key)
    stored = dynamodb.query(
        TableName="events",
        KeyConditionExpression="DomainId = :id",
        ExpressionAttributeValues={":id": {"S": "moto-1"}},
    )["Items"]
    assert [item["EventKey"]["S"] for item in stored][1:] == [event.key for event in done.events]
    assert {(item["CorrelationId"]["S"], item["IpAddress"]["S"]) for item in stored[1:]} == {("c", "::1")}


def test_a_lost_race_on_dynamodb(accounts: Objects[Any]) -> None:
    accounts.decide("moto-2", credit(10), user_id="ada")

    def decide(account: Any) -> list[Event]:
        if account.Balance == 10:
            accounts.decide("moto-2", withdraw(4), user_id="bob")
        return withdraw(4)(account)

    done: Any = accounts.decide("moto-2", decide, user_id="ada")
    assert (done.attempts, done.object.Balance) == (2, 2)


def test_a_repeated_command_on_dynamodb(accounts: Objects[Any]) -> None:
    command: Any = {"command_id": "c-1", "command_time": datetime.now(UTC), "user_id": "ada"}
    accounts.decide("moto-3", credit(10), user_id="ada")
    first = accounts.decide("moto-3", withdraw(6), **command)
    again: Any = accounts.decide("moto-3", withdraw(6), **command)
    assert (again.is_repeated, again.object.Balance, list(again.events)) == (True, 4, list(first.events))


def test_a_call_without_a_command_can_be_repeated(accounts: Objects[Any]) -> None:
    first = accounts.decide("moto-4", credit(10), user_id="ada")
    command: Any = {"command_id": first.command_id, "command_time": first.command_time}
    again: Any = accounts.decide("moto-4", credit(10), user_id="ada", **command)
    assert (again.is_repeated, again.object.Balance) == (True, 10)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"domain_id": ""}, "^domain_id: must be a non-empty string; got a text of 0 characters"),
        ({"domain_id": UUID(int=7)}, "^domain_id: must be a non-empty string; got a value of the type UUID"),
        ({"user_id": ""}, "user_id: must be a non-empty string; got a text of 0 characters"),
        ({"user_id": 7}, "user_id: must be a non-empty string; got a value of the type int"),
        ({"user_id": "é" * 2000}, "user_id: must be at most 2048 bytes of UTF-8; got a text of 2000 characters"),
        ({"correlation_id": ""}, "correlation_id: must be a non-empty string; got a text of 0 characters"),
        ({"ip_address": 7}, "ip_address: must be a string; got a value of the type int"),
        ({"timeout_seconds": -1}, "timeout_seconds: must be a number of at least 0; got -1"),
        ({"timeout_seconds": float("nan")}, "timeout_seconds: must be a number of at least 0; got nan"),
        ({"timeout_seconds": "10"}, "timeout_seconds: must be a number of at least 0; got '10'"),
        ({"timeout_seconds": None}, "timeout_seconds: must be a number of at least 0; got None"),
        ({"command_id": "c"}, "command_time: must be given with command_id"),
        ({"command_time": "2026-01-01T00:00:00Z"}, "command_id: must be given with command_time"),
        ({"command_id": "c", "command_time": "soon"}, "command_time: must be a time"),
    ],
)
def test_a_bad_argument_is_named(accounts: Objects[Any], arguments: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"domain_id": "a", "user_id": "ada", **arguments}
    with pytest.raises(ValueError, match=message):
        accounts.decide(given.pop("domain_id"), withdraw(1), **given)


@pytest.mark.parametrize("argument", ["domain_id", "user_id", "correlation_id", "ip_address", "command_time"])
def test_a_bad_argument_is_shown_in_no_traceback(accounts: Objects[Any], argument: str) -> None:
    """It may say who somebody is. Of a time only the text itself is shown, once."""
    value = "ada@example.com" + "\ud800" + "x" * 3000
    given: dict[str, Any] = {"domain_id": "a", "user_id": "ada", argument: value}
    if argument == "command_time":
        given["command_id"] = "c"
    with pytest.raises(ValueError, match=argument) as raised:
        accounts.decide(decider=withdraw(1), **given)
    shown = "".join(traceback.format_exception(raised.value))
    assert shown.count("ada@example.com") == (argument == "command_time")


def test_a_decider_that_is_no_function_is_named(accounts: Objects[Any]) -> None:
    events: Any = [Event("Credited", {"Amount": 1})]
    with pytest.raises(TypeError, match="decider: must be a function of the object; got a value of the type list"):
        accounts.decide("a", events, user_id="ada")


def test_an_object_is_asked_for_by_an_id(accounts: Objects[Any]) -> None:
    with pytest.raises(ValueError, match="domain_id: must be a non-empty string; got a text of 0 characters"):
        accounts.get("")


def test_a_connection_of_the_wrong_kind_is_named(dynamodb: Any) -> None:
    """Each is a mistake that is easily made: a resource, the client of another service, a file's name or text."""
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"client": boto3.resource("dynamodb")}, r"client: must be .*; got a value of the type dynamodb.Service"),
        ({"client": boto3.client("s3")}, r"client: must be .*, boto3.client\('dynamodb'\); got a value of the type S3"),
        ({"client": "eu-central-1"}, "client: must be .*; got a value of the type str"),
        ({"client": SimpleNamespace(transact_write_items=print)}, "client: must be .*; got .* SimpleNamespace"),
        ({"client": 0}, "client: must be .*; got a value of the type int"),
        (
            {"outputs": "outputs.json"},
            "outputs: must be a mapping of the component's outputs by name; got .*str",
        ),
        ({"outputs": None}, "outputs: must be .*; got a value of the type NoneType"),
        ({"layer": 7}, "layer: must be the folder of the domain logic, or its module; got a value of the type int"),
        ({"layer": _module().Domain}, "layer: must be .*; got a value of the type type"),
    ]
    for argument, message in wrong:
        with pytest.raises(TypeError, match=message):
            Objects.connect(**{"outputs": OUTPUTS, "layer": _module(), **argument})


def test_that_a_retry_of_the_client_is_refused_does_not_hide_that_its_first_try_got_no_reply() -> None:
    db = DynamoDB()
    db.create_table("events", "DomainId", "EventKey")
    db.create_table("rows", "DomainId")
    client = boto3.client("dynamodb", "eu-central-1", aws_access_key_id="test", aws_secret_access_key="test")
    wire(client, db)
    accounts: Objects[Any] = Objects.connect(OUTPUTS, layer=_module(), client=client)
    denied = AwsError("AccessDeniedException", "")

    def decide(*errors: AwsError) -> None:
        left = list(errors)

        def fail(operation: str, request: Any, phase: str) -> None:
            if operation == "TransactWriteItems" and phase == "before":
                raise left.pop(0) if left else denied

        db.intercept = fail
        with retries_without_waiting():
            accounts.decide("a", credit(10), user_id="ada")

    with pytest.raises(ClientError, match="AccessDenied"):
        decide(AwsError("ThrottlingException", ""))
    with pytest.raises(OutcomeUnknown):
        decide(AwsError("InternalServerError", ""))


def test_a_call_of_the_default_client_takes_no_longer_than_the_documentation_says(dynamodb: Any) -> None:
    config = Objects.connect(OUTPUTS, layer=_module())._deciding.transactions.client.meta.config  # type: ignore[attr-defined]
    tries = config.retries["total_max_attempts"]
    pauses = sum(2**number for number in range(tries - 1))  # botocore's standard mode, in seconds
    seconds = tries * (config.connect_timeout + config.read_timeout) + pauses
    pause = inspect.signature(Clock.back_off).parameters["most_seconds"].default
    pages = [ROOT / "docs" / page for page in ("reference/decide.md", "how-to/refuse-what-may-not-happen.md")]
    at_most = inspect.signature(Objects.decide).parameters["timeout_seconds"].default + pause + seconds
    assert f"a call takes at most {seconds} s" in " ".join(pages[0].read_text().split())
    assert f"ends after at most {at_most:g} s" in " ".join(pages[1].read_text().split())
    assert at_most < 29


def test_the_default_client_keeps_a_connection_for_each_of_many_threads(dynamodb: Any) -> None:
    """Otherwise each call of the eleventh thread makes a connection, and closes it."""
    config = Objects.connect(OUTPUTS, layer=_module())._deciding.transactions.client.meta.config  # type: ignore[attr-defined]
    said = " ".join((ROOT / "docs" / "reference" / "decide.md").read_text().split())
    assert f"It keeps {config.max_pool_connections} connections" in said
    assert config.max_pool_connections == 50


class TestSettings:
    def test_from_the_environment(self, dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(VARIABLE, SETTINGS.to_text())
        assert Objects.from_environment(layer=_module()).get("nobody") is None

    def test_missing_in_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv(VARIABLE, raising=False)
        with pytest.raises(BrokenSettings, match=f"{VARIABLE}: must be the component's output {OUTPUT}; got nothing"):
            Objects.from_environment()

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            (None, "got nothing"),
            ("not JSON", "one line of JSON"),
            ("[]", "domain_name, .* not found in it; deploy the stack again"),
            ('"text"', "not found in it"),
            ("7", "one line of JSON"),
            ({"domain_name": "Account"}, "one line of JSON; got a value of the type dict; copy it as it is"),
            (
                OutputValue("{}", secret=False),
                "one line of JSON; got a value of the type OutputValue; copy it as it is",
            ),
            (SETTINGS.to_text().replace("events_table", "other"), "events_table not found in it"),
            (SETTINGS.to_text().replace("600.0", '"soon"'), "one line of JSON"),
        ],
    )
    def test_broken(self, text: Any, message: str) -> None:
        with pytest.raises(BrokenSettings, match=rf"outputs: {OUTPUT}: .*{message}"):
            Objects.connect({OUTPUT: text})

    def test_of_a_later_version_may_have_more(self) -> None:
        text = SETTINGS.to_text().replace("{", '{"more": 1, ', 1)
        assert DeciderSettings.of(text, "x") == SETTINGS


class TestLogic:
    def test_of_a_folder(self, tmp_path: Path) -> None:
        """In a process of its own, since a process has one layer."""
        folder = ROOT / "examples" / "custom_event_bus" / "account_domain"
        (tmp_path / "domain_handler.py").write_text("")
        program = (
            "import sys\nfrom cp_event_source.decide.logic import load\n"
            f"for _ in range(2): assert load({str(folder)!r}).folder.startswith({str(folder)!r})\n"
            "assert load(None)\n"
            f"try: load({str(tmp_path)!r})\n"
            "except Exception as error: print(error)\n"
        )
        ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT)
        assert ran.returncode == 0, ran.stderr
        assert "layer: must be the only layer of the process; domain_handler is loaded from" in ran.stdout

    def test_of_a_folder_without_it(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The message has the whole path: a relative one is looked for where the process was started."""
        monkeypatch.chdir(tmp_path)
        where = re.escape(str(tmp_path.resolve() / "nowhere"))
        with pytest.raises(
            BrokenDomainLogic, match=rf"must be a folder with domain_handler.py; found none in {where}$"
        ):
            logic.load("nowhere")

    def test_of_no_folder_on_no_path(self, tmp_path: Path) -> None:
        program = (
            "from cp_event_source.decide.logic import load\ntry: load(None)\nexcept Exception as error: print(error)"
        )
        ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT)
        assert ran.stdout.startswith(
            "layer: must be the folder with domain_handler.py, or its module, unless domain_handler can be imported, "
            "as in a Lambda function with the domain layer; found neither"
        )

    def test_of_a_module(self) -> None:
        assert logic.load(_module()).create_new is not None
        with pytest.raises(BrokenDomainLogic, match="must define the class Domain"):
            logic.load(ModuleType("empty"))


WITHOUT = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {WITHOUT!r}:
            raise ModuleNotFoundError(f"not to be imported: {name}", name=name)

sys.meta_path.insert(0, Missing())
"""


@pytest.mark.parametrize(
    ("without", "program"),
    [
        (["pulumi", "pulumi_aws"], "from cp_event_source.decide import Objects, Decided, Contention"),
        (["pulumi", "pulumi_aws", "boto3", "botocore"], "from cp_event_source.decide import Event, DecisionError"),
        (["pulumi", "pulumi_aws", "boto3", "botocore"], "import cp_event_source.decide.deciding"),
    ],
)
def test_what_needs_what(without: list[str], program: str) -> None:
    """A module of deciders needs only events, and its tests need no AWS."""
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT.replace("{WITHOUT!r}", repr(without)) + program],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert ran.returncode == 0, ran.stderr


def test_names_are_exported() -> None:
    import cp_event_source.decide as package

    assert set(package.__all__) <= set(dir(package))
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        _ = package.Nothing


@pytest.mark.parametrize("method", ["from_environment", "connect", "get", "decide"])
def test_each_error_that_a_method_names_can_be_imported_to_catch_it(method: str) -> None:
    import cp_event_source.decide as package

    raises = (getattr(Objects, method).__doc__ or "").partition("Raises:")[2]
    named = {name for line in re.findall(r"^ {12}([A-Z][\w., ]*):", raises, re.MULTILINE) for name in line.split(", ")}
    assert named
    for name in named - {"ClientError", "BotoCoreError"}:
        assert hasattr(builtins, name) or issubclass(getattr(package, name), Exception)
