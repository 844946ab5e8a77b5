"""The functions' code where it must be signed: then it is deployed from a bucket, not from this package."""

from typing import TypedDict

import pulumi


class SignedCodeArgs(TypedDict):
    """Where the functions' code lies, signed: what `cp-event-source package` wrote, after AWS Signer."""

    code_signing_config_arn: pulumi.Input[str]
    """ARN of the code signing configuration that both functions are checked against."""

    s3_bucket: pulumi.Input[str]
    """Name of the bucket with the signed archive, in the region that the component is deployed to."""

    s3_key: pulumi.Input[str]
    """Key of the signed archive in the bucket."""

    s3_object_version: pulumi.Input[str]
    """Version of that object, so that a deployment is of just this code."""
