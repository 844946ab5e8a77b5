"""Transforms, by which programs change what components register, do so in the local run."""

from pathlib import Path

import pytest

from cp_event_source.local import LocalRun
from cp_event_source.local.errors import ProgramError
from tests.local.programs_on_disk import write_program

LAYER = str(Path(__file__).parents[2] / "examples" / "default" / "file_domain")

PROGRAM = """
import pulumi, pulumi_aws as aws

def renamed(text):
    def transform(args):
        if args.type_ == "aws:sqs/queue:Queue":
            tags = {**args.props.get("tags", {}), text: args.props.get("tags", {}).get("order", "")}
            tags["order"] = tags.get("order", "") + text
            return pulumi.ResourceTransformResult({**args.props, "tags": tags}, args.opts)
    return transform

class Pair(pulumi.ComponentResource):
    def __init__(self, name, opts):
        super().__init__("test:index:Pair", name, opts=opts)
        own = pulumi.ResourceOptions(parent=self, transforms=[renamed("a")])
        self.queue = aws.sqs.Queue(f"{name}-queue", opts=own)
        self.register_outputs({})
"""


def test_a_resource_is_transformed_by_its_own_its_parents_and_the_stacks_in_this_order(
    run: LocalRun, tmp_path: Path
) -> None:
    program = write_program(
        tmp_path / "transformed",
        PROGRAM
        + """
pulumi.runtime.register_resource_transform(renamed("c"))
pair = Pair("pair", pulumi.ResourceOptions(transforms=[renamed("b")]))
pulumi.export("url", pair.queue.url)
pulumi.export("tags", pair.queue.tags)
""",
    )

    outputs = run.deploy(program).outputs

    assert outputs["tags"] == {"a": "", "b": "a", "c": "ab", "order": "abc"}
    assert run.client("sqs").list_queue_tags(QueueUrl=outputs["url"])["Tags"] == outputs["tags"]


def test_the_children_of_a_remote_component_are_transformed(run: LocalRun, tmp_path: Path) -> None:
    program = write_program(
        tmp_path / "remotely-transformed",
        f"""
        import pulumi

        def described(args):
            seen.append(args.type_)
            if args.type_ == "aws:lambda/layerVersion:LayerVersion":
                return pulumi.ResourceTransformResult({{**args.props, "description": "transformed"}}, args.opts)

        class Layer(pulumi.ComponentResource):
            arn: pulumi.Output[str]
            def __init__(self, name, opts):
                props = {{"sourceDir": {LAYER!r}, "arn": None}}
                super().__init__("cp-event-source:index:DomainPythonLayer", name, props, opts, remote=True)

        seen = []
        layer = Layer("transformed-remote", pulumi.ResourceOptions(transforms=[described]))
        pulumi.export("arn", layer.arn)
        pulumi.export("seen", layer.arn.apply(lambda _: seen))
        """,
    )

    outputs = run.deploy(program).outputs

    assert run.client("lambda").get_layer_version_by_arn(Arn=outputs["arn"])["Description"] == "transformed"
    assert outputs["seen"] == ["cp-event-source:index:DomainPythonLayer", "aws:lambda/layerVersion:LayerVersion"]


def test_a_transform_that_fails_refuses_the_resource_with_its_error(run: LocalRun, tmp_path: Path) -> None:
    program = write_program(
        tmp_path / "failing",
        """
        import pulumi, pulumi_aws as aws
        def failing(args):
            raise ValueError("no such queue")
        aws.sqs.Queue("q", opts=pulumi.ResourceOptions(transforms=[failing]))
        """,
    )

    with pytest.raises(ProgramError, match=r"aws:sqs/queue:Queue 'q': a transform failed: .*no such queue"):
        run.deploy(program)
