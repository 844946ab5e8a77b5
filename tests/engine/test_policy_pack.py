"""Guarantee: under Pulumi's own engine, the policy pack passes the default stack and stops one that lacks a control.

That each policy fails for each resource that is changed against it is shown without an engine, in `tests/policies`.
"""

import shutil
from pathlib import Path

import pytest

from .harness import ROOT, Engine, RefusedError, copied_example

ENVIRONMENT = ROOT / ".venv-policies"

pytestmark = pytest.mark.skipif(
    not ENVIRONMENT.exists(), reason="the SDK of policy packs has its own environment: run `make policies`"
)


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The pack with the tests' own environment, which finds this repository's package on PYTHONPATH."""
    copy = tmp_path / "policy_pack"
    shutil.copytree(ROOT / "examples" / "policy_pack", copy, ignore=shutil.ignore_patterns("__pycache__", "venv"))
    project = copy / "PulumiPolicy.yaml"
    project.write_text(project.read_text().replace("virtualenv: venv", f"virtualenv: {ENVIRONMENT}"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return copy


def named(folder: Path, project: str) -> Path:
    """The program as a project of its own, so that its stack is no other test's."""
    file = folder / "Pulumi.yaml"
    file.write_text(file.read_text().replace("name: cp-event-source-default", f"name: {project}"))
    return folder


def test_the_default_stack_passes_and_a_development_stack_does_not(engine: Engine, tmp_path: Path, pack: Path) -> None:
    stack = engine.stack(named(copied_example("default", tmp_path), "policies"))
    stack.set("development", "true")
    with pytest.raises(RefusedError, match=r"\[mandatory\] +deletion-protection .*files-domain-events"):
        stack.preview(policy_packs=[str(pack)])
    stack.preview(policy_packs=[str(pack)], policy_pack_configs=[str(pack / "development.json")])
    stack.set("development", "false")
    stack.preview(policy_packs=[str(pack)])
    stack.up(policy_packs=[str(pack)])
    stack.preview(policy_packs=[str(pack)])


def test_a_transform_against_a_control_is_stopped_before_the_resource_is_made(
    engine: Engine, tmp_path: Path, pack: Path
) -> None:
    folder = named(copied_example("default", tmp_path), "policies-transformed")
    program = folder / "__main__.py"
    change = """
def change(args):
    if args.type_ == "aws:cloudwatch/logGroup:LogGroup":
        return pulumi.ResourceTransformResult({**args.props, "kmsKeyId": "alias/aws/logs"}, args.opts)


pulumi.runtime.register_resource_transform(change)
"""
    program.write_text(program.read_text().replace("\nhere =", f"{change}\nhere =", 1))
    stack = engine.stack(folder)
    with pytest.raises(RefusedError, match="kmsKeyId must be the ARN of a customer-managed key"):
        stack.up(policy_packs=[str(pack)])
    assert not [each for each in stack.resources() if each["type"] == "aws:cloudwatch/logGroup:LogGroup"]
