"""Guarantee: a producer needs no Pulumi, and needs boto3 only to publish. The package exports its components."""

import subprocess
import sys
from pathlib import Path

import pytest

import cp_event_source
from cp_event_source import component

ROOT = Path(__file__).parents[2]

WITHOUT = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"pulumi", "pulumi_aws", "boto3", "botocore"}:
            raise ModuleNotFoundError(f"not to be imported: {name}", name=name)

sys.meta_path.insert(0, Missing())
"""


def run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT + program], capture_output=True, text=True, check=False, cwd=ROOT
    )


def test_events_can_be_created_without_pulumi_and_boto3() -> None:
    ran = run(
        "from cp_event_source.producer import DomainEvent, publish\n"
        "made = DomainEvent(domain_name='File', domain_id='f', event_name='E', payload={'a': [0.1]}, user_id='u')\n"
        "assert '0.1' in made.detail\n"
    )
    assert ran.returncode == 0, ran.stderr


def test_the_first_publish_without_a_client_imports_boto3() -> None:
    ran = run("from cp_event_source.producer import publish\npublish([], event_bus='company')\n")
    assert "not to be imported: boto3" in ran.stderr


def test_the_package_imports_pulumi_only_when_its_component_is_used() -> None:
    ran = run(
        "import cp_event_source, sys\n"
        "assert not {'pulumi', 'cp_event_source.component'} & set(sys.modules)\n"
        "cp_event_source.CpEventSource\n"
    )
    assert "not to be imported: pulumi" in ran.stderr


def test_the_package_exports_its_components_by_name_by_star_and_in_dir() -> None:
    assert cp_event_source.CpEventSource is component.CpEventSource
    names: dict[str, object] = {}
    exec("from cp_event_source import *", names)
    assert set(cp_event_source.__all__) <= names.keys()
    assert set(cp_event_source.__all__) <= set(dir(cp_event_source))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'cp_event_source' has no attribute 'Component'"):
        _ = cp_event_source.Component
