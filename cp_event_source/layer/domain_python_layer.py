"""The domain logic layer, made from a folder."""

from pathlib import Path
from typing import Final, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from ..inputs.checks import Check, check_name, inputs, raise_if_any, region, shown
from ..inputs.later import Later, readable_twice
from ..inputs.spelling import in_schema
from .contract_check import check_domain_layer
from .layer_files import layer_files
from .runtime import RUNTIME

MAX_LAYER_NAME_LENGTH: Final = 64


class DomainPythonLayerArgs(TypedDict):
    """The inputs of `DomainPythonLayer`."""

    source_dir: str
    """Path of the folder that holds `domain_handler.py` and whatever it imports, packages included; a relative path
    starts where the program runs. The layer leaves out hidden files, compiled files, virtual environments, and tests at
    the folder's top (`tests`, `test_*.py`, `conftest.py`)."""

    region: NotRequired[pulumi.Input[str]]
    """The region that the layer is in, that of the functions that use it, such as `eu-central-1`. Default: the
    provider's."""


class DomainPythonLayer(pulumi.ComponentResource):
    """The domain's own logic as a Lambda layer version, made of a folder's files. They are checked against the contract
    by reading them, before anything is deployed. Earlier versions stay in the account."""

    pulumi_type = "cp-event-source:index:DomainPythonLayer"

    arn: pulumi.Output[str]
    """ARN of the layer version: what `CpEventSource` takes as `cp_domain_logic_layer`."""
    layer_name: pulumi.Output[str]
    """Name of the layer, the same for all its versions."""
    version: pulumi.Output[str]
    """Number of the layer version."""

    def __init__(self, name: str, args: DomainPythonLayerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """
        Args:
            name: the resource name and the layer's name, at most 64 ASCII letters, digits, `-` and `_`.
            args: the inputs.
            opts: the options that any component takes.

        Raises:
            pulumi.InputPropertiesError: a bad input, or logic that breaks the contract; the message has a line for
            every problem, with file, line and the class, method or parameter.
        """
        check_name(name, MAX_LAYER_NAME_LENGTH)
        given = {input_: readable_twice(value) for input_, value in args.items() if value is not None}
        raise_if_any(inputs(given, _CHECKS, required={"source_dir"}, plain={"source_dir"}))
        source_dir = Path(args["source_dir"]).resolve()
        report = check_domain_layer(source_dir)
        raise_if_any([f"source_dir: {error}" for error in report.errors])
        super().__init__(self.pulumi_type, name, {in_schema(input_): value for input_, value in given.items()}, opts)
        for warning in report.warnings:
            pulumi.log.warn(str(warning), resource=self)
        layer = aws.lambda_.LayerVersion(
            f"{name}-layer",
            region=Later(given, _CHECKS).if_given("region"),
            # Without automatic naming: other stacks may use the name, too, since versions do not clash.
            layer_name=name,
            description=f"Domain logic for {pulumi.get_project()}/{pulumi.get_stack()}"[:256],
            compatible_runtimes=[RUNTIME],
            code=pulumi.AssetArchive(
                {name: pulumi.FileAsset(str(path)) for name, path in layer_files(source_dir).items()}
            ),
            # A new version replaces this one, which stays in the account: rows and snapshots name it as the logic that
            # computed them, and a roll-back deploys it again.
            skip_destroy=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = layer.arn
        self.layer_name = layer.layer_name
        self.version = layer.version
        self.register_outputs({"arn": self.arn, "layerName": self.layer_name, "version": self.version})


def _source_dir(name: str, value: object) -> list[str]:
    if isinstance(value, str) and value.strip():
        return []
    return [f"{name}: must be the path of the folder that holds domain_handler.py; got {shown(value)}"]


_CHECKS: Final[dict[str, Check]] = {"source_dir": _source_dir, "region": region}
