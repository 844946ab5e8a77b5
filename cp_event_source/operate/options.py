"""Registers a command for operators: every one has the options that name the pipeline, and reports errors alike."""

import inspect
import shlex
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from botocore.exceptions import BotoCoreError, ClientError

from cp_event_source.deployed.ending import FAILED as FAILED
from cp_event_source.deployed.ending import INTERRUPTED, TERMINATED, WRONG_USAGE, TerminatedError, ended_by_signals
from cp_event_source.deployed.errors import CommandError, UsageError
from cp_event_source.operate.output import Output
from cp_event_source.operate.target import STACK_VARIABLE, Target, find_pipeline

app = typer.Typer(
    name="cp-event-source",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Commands for operators of a deployed pipeline.",
)

_PANEL: Final = "Pipeline"


def _option(name: str, kind: Any, *declarations: str, help: str, **more: Any) -> inspect.Parameter:  # noqa: A002
    option = typer.Option(*declarations, help=help, rich_help_panel=_PANEL, **more)
    default = False if kind is bool else None
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, option])


_OF_THE_TARGET: Final = (
    _option(
        "stack",
        Path | None,
        "--stack",
        help="File with the JSON of `pulumi stack output --json`; - reads the standard input.",
        envvar=STACK_VARIABLE,
        metavar="FILE",
    ),
    _option("local", bool, "--local", help="The pipeline of a local run that is up (--keep or --watch)."),
    _option(
        "component",
        str | None,
        "--component",
        help="Which component, if the stack has several: the prefix of its outputs, or its domain.",
        metavar="NAME",
    ),
    _option(
        "name",
        list[str] | None,
        "--name",
        help="An output of the component, such as domain_table_name=TABLE (may be repeated).",
        metavar="NAME=VALUE",
    ),
    _option("profile", str | None, "--profile", help="Profile of the AWS credentials."),
    _option("region", str | None, "--region", help="AWS region; by default that of the outputs' ARNs."),
    _option("endpoint_url", str | None, "--endpoint-url", help="Address instead of AWS's own.", metavar="URL"),
)
_JSON: Final = _option("as_json", bool, "--json", help="Print one JSON document on the standard output.")


def command(name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function as the command of this name.

    The function's first parameters are the pipeline and the output. The others are typer's arguments and options, with
    `Annotated`. Its docstring is the command's help. It raises CommandError if it cannot continue, and sets the exit
    code of the output if it found something wrong.
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(function, eval_str=True)
        own = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in list(signature.parameters.values())[2:]]
        parameters = [*own, *_OF_THE_TARGET, _JSON]

        @wraps(function)
        def run(**given: Any) -> None:
            target = {each.name: given.pop(each.name) for each in _OF_THE_TARGET}
            output = Output(json=given.pop(_JSON.name), target=_named(target))
            exit_code = _run(lambda: function(find_pipeline(_target(target)), output, **given), output)
            if exit_code:
                raise typer.Exit(exit_code)

        del run.__wrapped__  # typer would read its parameters
        run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {each.name: each.annotation for each in parameters}
        app.command(name)(run)
        return function

    return register


def _named(target: dict[str, Any]) -> str:
    """The options that name the pipeline, to be given again; a space before each."""
    words: list[str] = []
    for name, value in target.items():
        option = f"--{name.replace('_', '-')}"
        if value is True:
            words.append(option)
        elif value:
            words += [word for each in (value if isinstance(value, list) else [value]) for word in (option, str(each))]
    return "".join(f" {shlex.quote(word)}" for word in words)


def _target(values: dict[str, Any]) -> Target:
    return Target(**{**{key: value for key, value in values.items() if key != "name"}, "names": values["name"] or ()})


def _run(work: Callable[[], None], output: Output) -> int:
    """Do a command's work and report its errors; returns the exit code."""
    try:
        with ended_by_signals():
            work()
    except UsageError as error:
        output.error(str(error))
        return WRONG_USAGE
    except (CommandError, BotoCoreError) as error:
        return _failed(str(error), output)
    except ClientError as error:
        return _failed(_of_aws(error), output)
    except KeyboardInterrupt:
        _say_how_to_continue("Interrupted", output)
        return INTERRUPTED
    except TerminatedError:
        _say_how_to_continue("Terminated", output)
        return TERMINATED
    return output.exit_code


def _failed(why: str, output: Output) -> int:
    output.error(why)
    if output.how_to_continue:
        output.note(f"To continue: {output.how_to_continue}")
    return FAILED


def _of_aws(error: ClientError) -> str:
    code = error.response.get("Error", {}).get("Code", "")
    if code.startswith("AccessDenied") or code == "KMSAccessDeniedException":
        return (
            f"{error}; the caller must have the policy operator_policy_arn, or auditor_policy_arn for commands that"
            " change nothing"
        )
    return str(error)


def _say_how_to_continue(what: str, output: Output) -> None:
    output.note(f"{what}. To continue: {output.how_to_continue}" if output.how_to_continue else f"{what}.")
