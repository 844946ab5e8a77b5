"""Guarantee: every command ends with the exit code that the documentation gives, and says what went wrong and how to go
on; with --json, the standard output has one document and nothing else."""

import json
import os
import signal
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NoReturn

import pytest
import typer
from botocore.exceptions import ClientError, EndpointConnectionError
from typer.testing import CliRunner

from cp_event_source.deployed.errors import CommandError
from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.operate import options
from cp_event_source.operate.output import Output

OUTPUTS = ["--name", "domain_name=File", "--region", "eu-north-1"]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Registers a function as the only command, and runs it."""

    def of(function: Callable[..., None], *arguments: str) -> Any:
        app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
        monkeypatch.setattr(options, "app", app)
        options.command("try")(function)
        return CliRunner().invoke(app, [*arguments, *OUTPUTS])

    return of


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "is not authorized"}}, "Scan")


def test_a_command_gets_the_pipeline_and_its_own_options(run: Callable[..., Any]) -> None:
    def work(pipeline: Pipeline, output: Output, ids: list[str], *, limit: int = 3) -> None:
        output.result({"domain": pipeline.domain_name, "ids": ids, "limit": limit, "exact": Decimal("0.10")})

    done = run(work, "a", "b", "--limit", "5", "--json")

    assert done.exit_code == 0
    assert json.loads(done.stdout) == {"domain": "File", "ids": ["a", "b"], "limit": 5, "exact": 0.1}
    assert '"exact":0.1' in done.stdout


def test_with_json_notes_and_progress_go_to_the_error_output(run: Callable[..., Any]) -> None:
    def work(_pipeline: Pipeline, output: Output) -> None:
        output.note("Reading")
        with output.step("Working", 2) as step:
            step.advance(2)
        output.result([1])

    done = run(work, "--json")

    assert done.stdout == "[1]\n"
    assert "Reading" in done.stderr


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (CommandError("no such table"), "Error: no such table"),
        (refused("AccessDeniedException"), "operator_policy_arn, or auditor_policy_arn"),
        (refused("ThrottlingException"), "ThrottlingException"),
        (EndpointConnectionError(endpoint_url="http://x"), "Could not connect"),
    ],
)
def test_what_went_wrong_is_an_error_and_exit_code_1(error: Exception, says: str, run: Callable[..., Any]) -> None:
    def work(_pipeline: Pipeline, _output: Output) -> NoReturn:
        raise error

    done = run(work)

    assert (done.exit_code, done.stdout) == (1, "")
    assert says in done.stderr


def test_what_a_command_finds_is_its_exit_code(run: Callable[..., Any]) -> None:
    def work(_pipeline: Pipeline, output: Output) -> None:
        output.exit_code = options.FAILED

    assert run(work).exit_code == 1


def test_wrong_usage_is_exit_code_2(run: Callable[..., Any]) -> None:
    def work(_pipeline: Pipeline, _output: Output) -> NoReturn:
        raise typer.BadParameter("--limit: must be more; got 0")

    done = run(work)

    assert done.exit_code == 2
    assert "must be more; got 0" in done.stderr


@pytest.mark.parametrize(
    ("number", "word", "exit_code"), [(signal.SIGINT, "Interrupted", 130), (signal.SIGTERM, "Terminated", 143)]
)
@pytest.mark.parametrize("how", ["", "cp-event-source try --resume FILE"])
def test_a_signal_ends_it_and_it_says_how_to_go_on(
    number: int, word: str, exit_code: int, how: str, run: Callable[..., Any]
) -> None:
    def work(_pipeline: Pipeline, output: Output) -> None:
        output.how_to_continue = how
        os.kill(os.getpid(), number)

    done = run(work)

    assert done.exit_code == exit_code
    assert (f"{word}. To continue: {how}" if how else f"{word}.\n") in done.output
