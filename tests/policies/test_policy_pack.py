"""Guarantee: the policy pack judges as its policies do, when Pulumi's own SDK for policy packs serves it.

The pack runs as the engine runs it, as a process of its own, and is asked over gRPC.
"""

import json
import os
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from cp_event_source.pages.compliance import CONTROLS, Default
from cp_event_source.policies import POLICIES, Resource, findings_in
from tests.component.deployment import deployed_with

ROOT = Path(__file__).parents[2]
PACK = ROOT / "examples" / "policy_pack"
PYTHON = ROOT / ".venv-policies" / "bin" / "python"
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What the engine sends for an unknown text."""

pytestmark = pytest.mark.skipif(
    not PYTHON.exists() and "CI" not in os.environ,
    reason="the SDK of policy packs has its own environment: run `make policies`",
)


@pytest.fixture(scope="module")
def pack() -> Iterator[Any]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([PYTHON, "-u", PACK], env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            with grpc.insecure_channel(f"127.0.0.1:{int(process.stdout.readline())}") as channel:
                yield analyzer_pb2_grpc.AnalyzerStub(channel)
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def resources() -> list[Resource]:
    return deployed_with().states()


def configure(pack: Any, config: dict[str, Any]) -> None:
    """As the option `--policy-pack-config` does."""
    pack.Configure(
        analyzer_pb2.ConfigureAnalyzerRequest(
            policyConfig={
                name: analyzer_pb2.PolicyConfig(
                    enforcementLevel=analyzer_pb2.EnforcementLevel.Value(level.upper()), properties=struct({})
                )
                for name, level in config.items()
            }
        )
    )


def struct(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    """Properties as the engine sends them."""
    made = struct_pb2.Struct()
    made.update(json.loads(json.dumps(dict(properties), default=str)))
    return made


def found(pack: Any, resources: Iterable[Resource]) -> dict[str, set[str]]:
    """The URNs that violate each policy: those of single resources, and those of the stack."""
    options = [analyzer_pb2.AnalyzerResourceOptions(protect=each.protect, parent=each.parent) for each in resources]
    about = [
        {
            "type": each.type,
            "name": each.name,
            "urn": each.urn,
            "properties": struct(each.properties),
            "options": option,
        }
        for each, option in zip(resources, options, strict=True)
    ]
    stack = [analyzer_pb2.AnalyzerResource(parent=each.parent, **of) for each, of in zip(resources, about, strict=True)]
    violated: dict[str, set[str]] = defaultdict(set)
    for of in about:
        for each in pack.Analyze(analyzer_pb2.AnalyzeRequest(**of)).diagnostics:
            violated[each.policyName].add(of["urn"])
    for each in pack.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(resources=stack)).diagnostics:
        violated[each.policyName].add(each.urn)
    return violated


def test_the_pack_has_every_policy_and_demands_what_is_satisfied_by_default(pack: Any) -> None:
    served = {each.name: each for each in pack.GetAnalyzerInfo(empty_pb2.Empty()).policies}
    levels = {
        control.key: analyzer_pb2.MANDATORY if isinstance(control.status, Default) else analyzer_pb2.DISABLED
        for control in CONTROLS
        if control.key in POLICIES
    }
    assert {name: each.enforcementLevel for name, each in served.items()} == levels
    assert all(each.description for each in served.values())
    assert "publishers" in served["bus-policy"].configSchema.properties


def test_the_default_stack_passes(pack: Any, resources: list[Resource]) -> None:
    configure(pack, {})
    assert found(pack, resources) == {}


def test_the_pack_finds_what_the_policies_find(pack: Any) -> None:
    configure(pack, dict.fromkeys(POLICIES, "mandatory"))
    resources = deployed_with(development=True, monitoring={"alarms": False}).states()
    expected = {
        key: {finding.resource.urn for finding in findings}
        for key, policy in POLICIES.items()
        if (findings := findings_in(policy, resources))
    }
    assert found(pack, resources) == expected
    assert {"deletion-protection", "alarms-notify", "signed-code"} <= expected.keys()


def test_a_development_stack_passes_with_the_configuration_for_it(pack: Any) -> None:
    configure(pack, json.loads((PACK / "development.json").read_text()))
    resources = deployed_with(development=True).states()
    assert found(pack, resources) == {}


def test_the_configuration_for_development_disables_what_the_page_says() -> None:
    off = [control.key for control in CONTROLS if control.status == Default(off_in_development=True)]
    assert json.loads((PACK / "development.json").read_text()) == dict.fromkeys(off, "disabled")


def test_a_preview_is_not_judged_by_what_it_does_not_know_yet(pack: Any, resources: list[Resource]) -> None:
    """Before the first update nothing has what AWS computes, and what refers to it is unknown."""
    configure(pack, {})

    def before(each: Resource) -> Resource:
        known = {name: value for name, value in each.properties.items() if name not in {"arn", "name", "url"}}
        unknown = dict.fromkeys({"policy", "kmsMasterKeyId", "kmsKeyId"} & known.keys(), UNKNOWN)
        return replace(each, protect=each.kind != "Table", properties=known | unknown)

    assert found(pack, [before(each) for each in resources]).keys() == {"deletion-protection"}
