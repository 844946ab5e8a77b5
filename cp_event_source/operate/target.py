"""Finds the pipeline that a command works on: by the outputs of its stack, or as a local run keeps it."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.exceptions import ProfileNotFound

from cp_event_source.deployed.clients import Clients
from cp_event_source.deployed.errors import UsageError
from cp_event_source.deployed.kept_runs import kept_runs
from cp_event_source.deployed.pipeline import OUTPUTS, Pipeline
from cp_event_source.inputs.spelling import in_python

_DISTINCTIVE: Final = "domain_events_table_name"
"""An output that each component has and nothing else: where it is, the component's other outputs are beside it."""

STACK_VARIABLE: Final = "CP_EVENT_SOURCE_STACK"

_EMULATORS_CREDENTIALS: Final[dict[str, Any]] = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}


class TargetError(UsageError):
    """The pipeline cannot be found; the message says what to give."""


@dataclass(frozen=True)
class Target:
    """What the command line says about the pipeline."""

    stack: Path | None = None
    """A file with the JSON of `pulumi stack output --json`; `-` is the standard input."""
    local: bool = False
    """Whether it is one that a local run keeps up."""
    component: str | None = None
    """Which of several components."""
    names: Sequence[str] = ()
    """Outputs given one by one, as NAME=VALUE."""
    profile: str | None = None
    region: str | None = None
    endpoint_url: str | None = None


def find_pipeline(target: Target) -> Pipeline:
    """The pipeline that the command line names, with its clients. It makes no call to AWS.

    Raises:
        TargetError: nothing names a pipeline, or several pipelines are meant.
    """
    found = _found(target)
    given = dict(map(_name_and_value, target.names))
    for name in given.keys() - OUTPUTS:
        near = get_close_matches(name, OUTPUTS, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise TargetError(f"--name: must be an output of the component; got {name!r}{hint}")
    if not found and not given:
        raise TargetError(
            "the pipeline must be named by --stack FILE, --local or --name; got none of them; run"
            " `pulumi stack output --json > outputs.json`, and then give --stack outputs.json"
        )
    label, outputs, endpoint = _chosen(found, target) if found else ("", {}, None)
    outputs = {**outputs, **given}
    name = label or outputs.get("domain_name") or "given by names"
    return Pipeline(name, outputs, _clients(target, outputs, endpoint))


Found = tuple[str, dict[str, str], str | None]
"""A component: what tells it from others, its outputs, and the emulator that it is in."""


def _found(target: Target) -> list[Found]:
    stack = target.stack
    if target.local and stack is not None and str(stack) == os.environ.get(STACK_VARIABLE):
        stack = None  # what is said on the command line counts more
    if target.local and stack is not None:
        raise TargetError("--local: must be given without --stack; got both; leave one out")
    if target.local:
        runs = kept_runs()
        if not runs:
            raise TargetError(
                "--local: a local run must be up; found none; start one in another terminal with"
                " `cp-event-source local PROGRAM_DIR --events FILE --keep`"
            )
        up = ", ".join(f"{run.endpoint} ({', '.join(run.pipelines)})" for run in runs)
        if target.endpoint_url is not None:
            address = target.endpoint_url.rstrip("/").replace("//localhost:", "//127.0.0.1:")
            runs = [run for run in runs if run.endpoint == address]
            if not runs:
                raise TargetError(f"--endpoint-url: must be that of a local run; got {target.endpoint_url}; found {up}")
        if len(runs) != 1:
            raise TargetError(f"--local: must mean one run; found {up}; give --endpoint-url of one of them")
        (run,) = runs
        return [(name, dict(outputs), run.endpoint) for name, outputs in run.pipelines.items()]
    if stack is None:
        return []
    components = _components(_read(stack))
    if not components:
        raise TargetError(
            f"--stack: {stack} must have the outputs of a CpEventSource; found no {_DISTINCTIVE} in it; export"
            " them (in Python with CpEventSource.export_outputs, in other languages the component itself), run"
            " `pulumi up`, and write the file again"
        )
    return [(label, outputs, None) for label, outputs in components.items()]


def _read(file: Path) -> Mapping[str, Any]:
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except OSError as error:
        raise TargetError(f"--stack: {file} cannot be read: {error.strerror}") from error
    try:
        value = json.loads(text)
    except ValueError as error:
        raise TargetError(
            f"--stack: {file} must be JSON; {error}; write it with `pulumi stack output --json > {file}`"
        ) from error
    if not isinstance(value, dict):
        raise TargetError(
            f"--stack: {file} must be an object of outputs; got {type(value).__name__}; write it with"
            f" `pulumi stack output --json > {file}`"
        )
    return value


def _components(exports: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """The components in a stack's exports, by what distinguishes each: a prefix, or the name of an object."""
    found: dict[str, dict[str, str]] = {}
    texts = {_snake(name): value for name, value in exports.items() if isinstance(value, str)}
    for name in texts:
        if name.endswith(_DISTINCTIVE):
            prefix = name.removesuffix(_DISTINCTIVE)
            found[prefix.rstrip("_-")] = {
                each.removeprefix(prefix): value for each, value in texts.items() if each.startswith(prefix)
            }
    for name, value in exports.items():
        if isinstance(value, dict):
            for label, outputs in _components(value).items():
                found["_".join(filter(None, (name, label)))] = outputs
    return found


def _snake(name: str) -> str:
    """An output's name as Python has it: other languages export `domainTableName`."""
    return in_python(name) if name[:1].islower() and "_" not in name else name


def _chosen(found: Sequence[Found], target: Target) -> Found:
    labels = ", ".join(sorted(label or "(without a prefix)" for label, _, _ in found))
    if target.component is None:
        if len(found) > 1:
            raise TargetError(f"--component: must say which component is meant; found {labels}; give one of them")
        return found[0]
    for each in found:
        if target.component in {each[0], each[1].get("domain_name")}:
            return each
    raise TargetError(f"--component: must be a component of the stack; got {target.component!r}; found {labels}")


def _name_and_value(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals or not value:
        raise TargetError(f"--name: must be NAME=VALUE, such as domain_table_name=files-domain; got {text!r}")
    return name, value


def _clients(target: Target, outputs: Mapping[str, str], emulator: str | None) -> Clients:
    arns = (value for value in outputs.values() if value.startswith("arn:") and value.count(":") > 4)
    of_the_outputs = next((arn.split(":")[3] for arn in arns if arn.split(":")[3]), None)
    try:
        session = boto3.Session(
            profile_name=target.profile,
            region_name=target.region or of_the_outputs,
            **(_EMULATORS_CREDENTIALS if emulator else {}),
        )
    except ProfileNotFound as error:
        raise TargetError(f"--profile: must be a profile of this machine; got {target.profile!r}") from error
    if session.region_name is None:
        raise TargetError("--region: must be given, since no output has an ARN, and no profile has a region; got none")
    # A rebuild answers when it is done, which takes at most as long as Lambda lets a function run.
    # Adaptive: a table that throttles slows a command down, and does not end it.
    settings = {"read_timeout": 920, "tcp_keepalive": True, "retries": {"mode": "adaptive", "total_max_attempts": 10}}
    return Clients(session, emulator or target.endpoint_url, settings)
