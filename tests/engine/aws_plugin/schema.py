"""The part of the AWS provider's schema that the component's own schema and its users' programs refer to."""

import json
from typing import Any, Final

from cp_event_source.local.runtimes.aws_schema import aws_schema, version

VERSION: Final = version()

_NAMESPACES: Final = {
    "aws": "Aws",
    "cloudwatch": "CloudWatch",
    "dynamodb": "DynamoDB",
    "iam": "Iam",
    "kms": "Kms",
    "lambda": "Lambda",
    "sns": "Sns",
    "sqs": "Sqs",
}


def schema() -> dict[str, Any]:
    """The local run's schema, and what the generators of SDKs need to name the provider's own SDK in a language."""
    found: dict[str, Any] = json.loads(aws_schema([]))
    languages: dict[str, dict[str, Any]] = {
        "csharp": {"namespaces": _NAMESPACES},
        "go": {"importBasePath": f"github.com/pulumi/pulumi-aws/sdk/v{VERSION.split('.')[0]}/go/aws"},
        "java": {"basePackage": "com.pulumi"},
        "nodejs": {},
        "python": {},
    }
    respected = {name: {**language, "respectSchemaVersion": True} for name, language in languages.items()}
    return {**found, "language": respected}
