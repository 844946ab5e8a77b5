"""The part of the AWS provider's schema that the component's own schema and its users' programs refer to.

Names come from `pulumi_aws`, as installed. Only simple types are named: for all others a program may give anything.
"""

import importlib
import json
import re
from importlib import metadata
from typing import Any, Final, get_type_hints

from cp_event_source.local.resources import CREATORS

VERSION: Final = metadata.version("pulumi-aws")

_KINDS: Final = {str: "string", int: "integer", bool: "boolean", float: "number"}
_ANY: Final = {"$ref": "pulumi.json#/Any"}
_MAPS: Final = {"tags", "tagsAll"}


def schema() -> dict[str, Any]:
    """A schema that the engine's binder accepts."""
    resources = {token: _resource(token) for token in CREATORS}
    namespaces = {
        "aws": "Aws", "cloudwatch": "CloudWatch", "dynamodb": "DynamoDB", "iam": "Iam", "kms": "Kms",
        "lambda": "Lambda", "sns": "Sns", "sqs": "Sqs",
    }  # fmt: skip
    major = VERSION.split(".")[0]
    return {
        "name": "aws",
        "version": VERSION,
        "meta": {"moduleFormat": "(.*)(?:/[^/]*)"},
        "config": {},
        "provider": {"inputProperties": {"region": {"type": "string"}, "defaultTags": _ANY}},
        "resources": resources,
        "language": {
            "csharp": {"namespaces": namespaces, "respectSchemaVersion": True},
            "go": {
                "importBasePath": f"github.com/pulumi/pulumi-aws/sdk/v{major}/go/aws",
                "respectSchemaVersion": True,
            },
            "java": {"basePackage": "com.pulumi"},
            "nodejs": {"respectSchemaVersion": True},
            "python": {"respectSchemaVersion": True},
        },
    }


def _resource(token: str) -> dict[str, Any]:
    matched = re.fullmatch(r"aws:(\w+)/(\w+):(\w+)", token)
    assert matched is not None
    module = "lambda_" if matched[1] == "lambda" else matched[1]
    cls = getattr(importlib.import_module(f"pulumi_aws.{module}"), matched[3])
    found = {
        _camel_case(name): _type(_camel_case(name), value.fget)
        for name, value in vars(cls).items()
        if isinstance(value, property)
    }
    return {"properties": found, "inputProperties": found}


def _type(name: str, getter: Any) -> dict[str, Any]:
    if name in _MAPS:
        return {"type": "object", "additionalProperties": {"type": "string"}}
    (value,) = get_type_hints(getter)["return"].__args__
    kinds = {value, *getattr(value, "__args__", ())} & _KINDS.keys()
    return {"type": _KINDS[kinds.pop()]} if len(kinds) == 1 and _is_simple(value) else _ANY


def _is_simple(value: Any) -> bool:
    """Whether a type is one of the simple ones, or that and nothing."""
    return value in _KINDS or {*getattr(value, "__args__", ())} <= {*_KINDS, type(None)}


def _camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(each.capitalize() for each in others)


def text() -> str:
    return json.dumps(schema())
