"""IAM roles and policies. The emulator keeps them, and enforces them only if it is asked to."""

from typing import Any, Final

from cp_event_source.local.resources.request import Created, Creator, Request


def _role(request: Request) -> Created:
    inputs = request.inputs
    iam = request.clients("iam")
    name = request.physical_name(64)
    role = {
        "RoleName": name,
        "AssumeRolePolicyDocument": inputs.need("assumeRolePolicy"),
        "Tags": request.tags(),
        **inputs.given(
            Description="description",
            MaxSessionDuration="maxSessionDuration",
            Path="path",
            PermissionsBoundary="permissionsBoundary",
        ),
    }
    inputs.no_effect("forceDetachPolicies")  # everything is destroyed together
    answer = iam.create_role(**role)["Role"]
    for policy in inputs.blocks("inlinePolicies"):
        iam.put_role_policy(RoleName=name, PolicyName=policy.need("name"), PolicyDocument=policy.need("policy"))
    for arn in inputs.get("managedPolicyArns", []):
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    return Created(
        name,
        {
            "name": name,
            "arn": answer["Arn"],
            "uniqueId": answer["RoleId"],
            "createDate": answer["CreateDate"].isoformat(),
        },
    )


def _role_policy(request: Request) -> Created:
    role = request.inputs.need("role")
    name = request.physical_name(128)
    request.clients("iam").put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=request.inputs.need("policy"))
    return Created(f"{role}:{name}", {"name": name})


def _policy(request: Request) -> Created:
    inputs = request.inputs
    name = request.physical_name(128)
    policy: dict[str, Any] = {
        "PolicyName": name,
        "PolicyDocument": inputs.need("policy"),
        "Tags": request.tags(),
        **inputs.given(Description="description", Path="path"),
    }
    inputs.no_effect("delayAfterPolicyCreationInMs")  # policies take effect at once here
    answer = request.clients("iam").create_policy(**policy)["Policy"]
    return Created(answer["Arn"], {"name": name, "arn": answer["Arn"], "policyId": answer["PolicyId"]})


def _attachment(request: Request) -> Created:
    role = request.inputs.need("role")
    arn = request.inputs.need("policyArn")
    request.clients("iam").attach_role_policy(RoleName=role, PolicyArn=arn)
    return Created(f"{role}-{arn}")


CREATORS: Final[dict[str, Creator]] = {
    "aws:iam/policy:Policy": _policy,
    "aws:iam/role:Role": _role,
    "aws:iam/rolePolicy:RolePolicy": _role_policy,
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _attachment,
}
