"""The schema of the AWS package, as far as a program needs it: read off the Python package, which brings no schema."""

import importlib
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import pulumi_aws

from cp_event_source.local.lookups import LOOKUPS
from cp_event_source.local.resources import CREATORS

PACKAGE: Final = "aws"

_TOKEN: Final = re.compile(r"\baws:(?:(\w+)(?:/\w+)?:)?(\w+)")
"""A resource type or a function, in the long form or in one of the short ones that programs may use."""

_TOP: Final = "index"
"""The module of what belongs to no service."""

_PYTHON_MODULES: Final = {_TOP: "", "lambda": ".lambda_"}


def aws_schema(texts: Iterable[str]) -> str:
    """The schema of what a local run knows, and of what a program names beside that: the run refuses it in words.

    Properties have any type, so that only their names are checked.

    Args:
        texts: the program.
    """
    found = {match.groups(_TOP) for text in [*CREATORS, *LOOKUPS, *texts] for match in _TOKEN.finditer(text)}
    resources: dict[str, Any] = {}
    functions: dict[str, Any] = {}
    for module_name, name in found:
        try:
            module = importlib.import_module(f"pulumi_aws{_PYTHON_MODULES.get(module_name, f'.{module_name}')}")
        except ModuleNotFoundError:
            continue
        token = f"{PACKAGE}:{module_name}/{name[0].lower()}{name[1:]}:{name}"
        if name[0].isupper() and (resource := getattr(module, name, None)):
            resources[token] = {"properties": _properties(resource), "inputProperties": _properties(resource)}
        elif result := getattr(module, f"{name[0].upper()}{name[1:]}Result", None):
            functions[token] = {
                "inputs": {"properties": _properties(result)},
                "outputs": {"properties": _properties(result)},
            }
    return json.dumps(
        {
            "name": PACKAGE,
            "version": version(),
            "meta": {"moduleFormat": "(.*)(?:/[^/]*)"},
            "provider": {"inputProperties": _properties(pulumi_aws.ProviderArgs)},
            "resources": resources,
            "functions": functions,
        }
    )


def version() -> str:
    """The version of the AWS package."""
    plugin = Path(pulumi_aws.__file__).with_name("pulumi-plugin.json")
    return str(json.loads(plugin.read_text(encoding="utf-8"))["version"])


def _properties(kind: type) -> dict[str, Any]:
    return {name: {"$ref": "pulumi.json#/Any"} for name in _names(kind)}


def _names(kind: type) -> Iterator[str]:
    """The names of a class's properties, as Pulumi has them."""
    for name, value in vars(kind).items():
        if isinstance(value, property):
            yield getattr(value.fget, "_pulumi_name", name)
