"""The schema of the package, as the plugin serves it: what Pulumi infers from the components, for readers in all
languages and for their SDKs."""

import inspect
import re
from collections.abc import Callable
from typing import Any, Final

ABOUT: Final[dict[str, Any]] = {
    "description": "Event sourcing on AWS as one Pulumi component: bring a class that folds events, "
    "get the whole pipeline.",
    "keywords": [
        "category/cloud",
        "kind/component",
        "aws",
        "cqrs",
        "dynamodb",
        "event-sourcing",
        "eventbridge",
        "pulumi",
        "serverless",
    ],
    "license": "Apache-2.0",
}
"""What the schema says about the package. Pulumi's Registry defines the keywords with a `/`; the others are those of
the Python distribution, which is not installed where the plugin runs.

It names no publisher: `pulumi package publish` takes that for the name of an organization in Pulumi Cloud, and prefers
it to the organization of whoever publishes the package in a registry of their own."""

_PARAGRAPHS: Final = re.compile(r"\n\s*\n")


def served(inferred: dict[str, Any], spelled: Callable[[str], str]) -> dict[str, Any]:
    """The schema to serve.

    Args:
        inferred: the schema that Pulumi infers.
        spelled: spells the names of inputs and outputs in a text as the schema does.
    """
    schema: dict[str, Any] = _readable(inferred, spelled)
    return schema | ABOUT | {"types": {_type_name(name): shape for name, shape in schema["types"].items()}}


def _readable(part: Any, spelled: Callable[[str], str]) -> Any:
    """A part of the schema, with descriptions that read well and with types' names as `_type_name` has them."""
    if not isinstance(part, dict):
        return part
    readable = {name: _readable(value, spelled) for name, value in part.items()}
    # A property may have one of these names, too: then its value is a dict.
    if isinstance(description := part.get("description"), str):
        readable["description"] = spelled(_prose(description))
    if isinstance(reference := part.get("$ref"), str) and reference.startswith("#/types/"):
        readable["$ref"] = _type_name(reference)
    return readable


def _prose(docstring: str) -> str:
    """A docstring without the source's indentation and line breaks: one line for each paragraph."""
    paragraphs = _PARAGRAPHS.split(inspect.cleandoc(docstring))
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _type_name(name: str) -> str:
    """The name of a type without Python's `Args`: SDKs append one of their own where a type is an input."""
    return name.removesuffix("Args")
