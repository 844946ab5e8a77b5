"""CloudWatch log groups. Pulumi has them in its module `cloudwatch`."""

from typing import Any, Final

from cp_event_source.local.resources.request import Created, Creator, Request


def _log_group(request: Request) -> Created:
    inputs = request.inputs
    logs = request.clients("logs")
    name = request.physical_name(512)
    group: dict[str, Any] = {
        "logGroupName": name,
        "tags": inputs.get("tags", {}),
        **inputs.given(kmsKeyId="kmsKeyId", logGroupClass="logGroupClass"),
    }
    # Everything is destroyed together.
    inputs.no_effect("deletionProtectionEnabled", "skipDestroy")
    logs.create_log_group(**group)
    if days := inputs.get("retentionInDays"):
        logs.put_retention_policy(logGroupName=name, retentionInDays=days)
    described = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    arn = next(found["arn"] for found in described if found["logGroupName"] == name)
    # The service's own ARN ends in ":*"; Pulumi's does not.
    return Created(name, {"name": name, "arn": arn.removesuffix(":*")})


CREATORS: Final[dict[str, Creator]] = {"aws:cloudwatch/logGroup:LogGroup": _log_group}
