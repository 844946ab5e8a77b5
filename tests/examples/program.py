"""Runs a Pulumi program with mocks and without an engine, and returns what it registers and exports."""

import runpy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import mocks

from tests.component.deployment import run_apart

ACCOUNT = "111122223333"
REGION = "eu-central-1"

_ARNS = {
    "aws:cloudwatch/eventBus:EventBus": "arn:aws:events:{region}:{account}:event-bus/{name}",
    "aws:dynamodb/table:Table": "arn:aws:dynamodb:{region}:{account}:table/{name}",
    "aws:kms/key:Key": "arn:aws:kms:{region}:{account}:key/{name}",
    "aws:lambda/function:Function": "arn:aws:lambda:{region}:{account}:function:{name}",
    "aws:lambda/layerVersion:LayerVersion": "arn:aws:lambda:{region}:{account}:layer:{name}:1",
    "aws:sqs/queue:Queue": "arn:aws:sqs:{region}:{account}:{name}",
}


@dataclass
class Registered:
    """What a program registered."""

    resources: list[mocks.MockResourceArgs] = field(default_factory=list)
    exports: dict[str, Any] = field(default_factory=dict)

    def of_type(self, token: str) -> list[mocks.MockResourceArgs]:
        return [resource for resource in self.resources if resource.typ == token]

    def only(self, token: str) -> mocks.MockResourceArgs:
        (resource,) = self.of_type(token)
        return resource


class Cloud(mocks.Mocks):
    """Returns to each resource its inputs and the computed properties that the programs read."""

    def __init__(self, registered: Registered, stack_outputs: Mapping[str, Any]) -> None:
        self._registered = registered
        self._stack_outputs = stack_outputs

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        self._registered.resources.append(args)
        if args.typ == "pulumi:pulumi:StackReference":
            return args.name, {**args.inputs, "outputs": dict(self._stack_outputs)}
        physical = f"{args.name}-1a2b3c4"
        arn = _ARNS.get(args.typ, "arn:aws:other:{region}:{account}:{name}").format(
            region=REGION, account=ACCOUNT, name=physical
        )
        computed = {
            "arn": arn,
            "name": physical,
            "streamArn": f"{arn}/stream/2026-11-23T08:30:00.000",
            "url": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{physical}",
            "region": REGION,
            "version": "1",
        }
        return physical, {**computed, **args.inputs}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"the program calls {args.token}: it would need credentials at preview")


def run_program(
    program: Path | Callable[[], object],
    *,
    project: str = "program",
    config: Mapping[str, str] | None = None,
    stack_outputs: Mapping[str, Any] | None = None,
) -> Registered:
    """Run a program's folder (its `__main__.py`), or a function, as `pulumi up` does.

    Args:
        program: the folder, or the function.
        project: the project's name.
        config: the project's configuration; the keys do not have the project's name.
        stack_outputs: the outputs of every StackReference.
    """
    registered = Registered()

    @pulumi.runtime.test  # type: ignore[untyped-decorator]
    def run() -> pulumi.Output[None]:
        if callable(program):
            program()
        else:
            runpy.run_path(str(program / "__main__.py"), run_name="__main__")
        stack: Any = pulumi.runtime.get_root_resource()
        outputs = stack.outputs
        return pulumi.Output.all(**outputs).apply(registered.exports.update)

    def in_a_context_of_its_own() -> None:
        pulumi.runtime.set_all_config({f"{project}:{key}": value for key, value in (config or {}).items()})
        mocks.set_mocks(Cloud(registered, stack_outputs or {}), project=project, stack="local", preview=False)
        run()

    run_apart(in_a_context_of_its_own)
    return registered
