"""KMS keys. The emulator keeps them, and does not encrypt what other services store with them."""

from typing import Any, Final

from cp_event_source.local.resources.request import Created, Creator, Request


def _key(request: Request) -> Created:
    inputs = request.inputs
    kms = request.clients("kms")
    key: dict[str, Any] = {
        "Tags": [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in request.tags()],
        **inputs.given(
            BypassPolicyLockoutSafetyCheck="bypassPolicyLockoutSafetyCheck",
            Description="description",
            KeySpec="customerMasterKeySpec",
            KeyUsage="keyUsage",
            MultiRegion="multiRegion",
            Policy="policy",
        ),
    }
    inputs.no_effect("deletionWindowInDays")  # everything is destroyed together
    answer = kms.create_key(**key)["KeyMetadata"]
    key_id = answer["KeyId"]
    if inputs.get("enableKeyRotation"):
        period = inputs.given(RotationPeriodInDays="rotationPeriodInDays")
        kms.enable_key_rotation(KeyId=key_id, **period)
    if inputs.get("isEnabled") is False:
        kms.disable_key(KeyId=key_id)
    return Created(key_id, {"arn": answer["Arn"], "keyId": key_id})


def _alias(request: Request) -> Created:
    kms = request.clients("kms")
    name = request.physical_name(256, start="alias/")
    key = kms.describe_key(KeyId=request.inputs.need("targetKeyId"))["KeyMetadata"]
    kms.create_alias(AliasName=name, TargetKeyId=key["KeyId"])
    arn = key["Arn"].replace(f"key/{key['KeyId']}", name)
    return Created(name, {"name": name, "arn": arn, "targetKeyArn": key["Arn"]})


def _key_policy(request: Request) -> Created:
    inputs = request.inputs
    key_id = inputs.need("keyId")
    bypass = inputs.given(BypassPolicyLockoutSafetyCheck="bypassPolicyLockoutSafetyCheck")
    request.clients("kms").put_key_policy(KeyId=key_id, Policy=inputs.need("policy"), **bypass)
    return Created(key_id)


CREATORS: Final[dict[str, Creator]] = {
    "aws:kms/alias:Alias": _alias,
    "aws:kms/key:Key": _key,
    "aws:kms/keyPolicy:KeyPolicy": _key_policy,
}
