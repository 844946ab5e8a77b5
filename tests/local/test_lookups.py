"""What programs look up in an account is answered from the emulator."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pulumi_aws
import pytest

from cp_event_source.deployed.clients import Clients
from cp_event_source.local import LocalRun
from cp_event_source.local.errors import UnsupportedError
from cp_event_source.local.lookups import LOOKUPS, look_up
from tests.local.programs_on_disk import write_program


def clients(region: str = "us-east-1", partition: str = "aws") -> Clients:
    """Clients of an account that has only a caller."""
    caller = {"Account": "1", "Arn": f"arn:{partition}:iam::1:root", "UserId": "U"}
    sts = SimpleNamespace(get_caller_identity=lambda: caller)
    fake: Any = lambda service: {"sts": sts}[service]  # noqa: E731
    fake.region = region
    return cast("Clients", fake)


def test_a_program_learns_its_account_region_and_partition(run: LocalRun, tmp_path: Path) -> None:
    program = write_program(
        tmp_path / "looking",
        """
        import pulumi, pulumi_aws as aws
        pulumi.export("account", aws.get_caller_identity().account_id)
        pulumi.export("caller", aws.get_caller_identity_output().arn)
        pulumi.export("region", aws.get_region().region)
        pulumi.export("other", aws.get_region(region="eu-central-1").description)
        pulumi.export("partition", aws.get_partition().partition)
        pulumi.export("suffix", aws.get_partition_output().dns_suffix)
        pulumi.export("queue", aws.sqs.Queue("q").arn)
        """,
    )

    outputs = run.deploy(program, {"aws:region": "eu-west-1"}).outputs

    assert outputs["queue"].split(":")[1:5] == [outputs["partition"], "sqs", outputs["region"], outputs["account"]]
    assert outputs["region"] == "eu-west-1"
    assert outputs["other"] == "Europe (Frankfurt)"
    assert outputs["suffix"] == "amazonaws.com"
    assert outputs["caller"].startswith(f"arn:aws:iam::{outputs['account']}:")


@pytest.mark.parametrize("token", LOOKUPS)
def test_an_answer_has_every_property_that_the_package_has(token: str) -> None:
    name = token.rpartition(":")[2]
    result = getattr(pulumi_aws, f"{name[0].upper()}{name[1:]}Result")
    properties = {
        getattr(each.fget, "_pulumi_name", attribute)
        for attribute, each in vars(result).items()
        if isinstance(each, property)
    }

    assert look_up(token, {}, clients()).keys() == properties


@pytest.mark.parametrize(
    ("partition", "suffix", "reverse"),
    [("aws", "amazonaws.com", "com.amazonaws"), ("aws-cn", "amazonaws.com.cn", "cn.com.amazonaws")],
)
def test_a_partition_has_its_own_names(partition: str, suffix: str, reverse: str) -> None:
    found = look_up("aws:index/getPartition:getPartition", {}, clients(partition=partition))
    assert (found["partition"], found["dnsSuffix"], found["reverseDnsPrefix"]) == (partition, suffix, reverse)


def test_a_region_that_is_none_is_refused() -> None:
    with pytest.raises(UnsupportedError, match=r"region: must be the name of a region of AWS.*got 'mars-1'"):
        look_up("aws:index/getRegion:getRegion", {"region": "mars-1"}, clients())
