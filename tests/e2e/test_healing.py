"""Guarantees: new logic that knows the event heals a parked domain object; logic that does not start is taken back."""

import pytest

from cp_event_source.deployed.difference import Difference
from cp_event_source.deployed.verify import verify
from cp_event_source.local import LocalRun, Pipeline
from cp_event_source.local.errors import FailedStartError
from tests.e2e.events import attributes, domain_event, new_id, row, stored
from tests.local.programs_on_disk import write_program

PROGRAM = """
import pulumi
from cp_event_source import CpEventSource, CpEventSourceArgs, DomainPythonLayer, DomainPythonLayerArgs

old = DomainPythonLayer("counter-old", DomainPythonLayerArgs(source_dir="old"))
new = DomainPythonLayer("counter-new", DomainPythonLayerArgs(source_dir="new"))
CpEventSource("counters", CpEventSourceArgs(cp_domain_name="Counter", cp_domain_logic_layer=old.arn))
pulumi.export("new_logic", new.arn)
"""

LAYER = """
from dataclasses import dataclass


@dataclass
class Counter:
    DomainId: str
    Steps: list

    def apply(self, event_name, payload):
        if event_name not in KNOWN:
            raise LookupError(f"{event_name} is not known")
        self.Steps.append(event_name)


class Domain:
    @staticmethod
    def from_dynamo_item(item):
        return Counter(item.DomainId, list(item.Steps))

    @staticmethod
    def create_new(domain_id, user_id):
        return Counter(domain_id, [])

    @staticmethod
    def to_dynamo_item(domain):
        return {"DomainId": domain.DomainId, "Steps": domain.Steps}


KNOWN = %r
"""


@pytest.fixture(scope="module")
def counters(run: LocalRun, tmp_path_factory: pytest.TempPathFactory) -> tuple[Pipeline, str]:
    """A pipeline whose logic does not know Reset, and the ARN of a layer that does."""
    program = write_program(tmp_path_factory.mktemp("healing") / "counters", PROGRAM)
    for folder, known in (("old", ["Stepped"]), ("new", ["Stepped", "Reset"])):
        (program / folder).mkdir()
        (program / folder / "domain_handler.py").write_text(LAYER % known)
    stack = run.deploy(program)
    return stack.pipelines[0], stack.outputs["new_logic"]


def test_new_logic_heals_parked_objects_in_order_and_skips_nothing(
    run: LocalRun, counters: tuple[Pipeline, str]
) -> None:
    """One object heals at its next event, the other at a rebuild request."""
    pipeline, new_logic = counters
    at_next_event, at_request = new_id(), new_id()
    for second, name in enumerate(["Stepped", "Reset", "Stepped"]):
        # One after the other, since what the last good state holds depends on the order of arrival.
        run.publish(
            [
                domain_event(domain_id, second, name, {}, DomainName="Counter")
                for domain_id in (at_next_event, at_request)
            ]
        )
        run.drain()
    for domain_id in (at_next_event, at_request):
        assert attributes(pipeline, domain_id)["Steps"] == ["Stepped"]
        assert row(pipeline, domain_id).parked is not None
        assert len(stored(pipeline, domain_id)) == 3

    _deploy_logic(run, pipeline, new_logic)
    run.publish([domain_event(at_next_event, 10, "Stepped", {}, DomainName="Counter")])
    run.publish([{"Detail": {"EventType": "REBUILD", "DomainName": "Counter", "DomainId": at_request}}])

    run.wait_for(
        lambda: not any(row(pipeline, domain_id).parked for domain_id in (at_next_event, at_request)),
        "both objects to be healed",
    )
    run.drain()
    assert attributes(pipeline, at_next_event)["Steps"] == ["Stepped", "Reset", "Stepped", "Stepped"]
    assert attributes(pipeline, at_request)["Steps"] == ["Stepped", "Reset", "Stepped"]
    assert row(pipeline, at_request).logic_version == new_logic
    assert verify(pipeline).differences == []

    table = {"TableName": pipeline.outputs["domain_table_name"], "Key": {"DomainId": {"S": at_request}}}
    run.client("dynamodb").update_item(
        **table,
        UpdateExpression="SET Steps[1] = :other",
        ExpressionAttributeValues={":other": {"S": "Wrong"}},
    )
    assert verify(pipeline).differences == [Difference(at_request, "Steps[1]", "Wrong", "Reset")]


def test_a_layer_that_starts_here_and_not_in_the_function_is_taken_back(
    run: LocalRun, counters: tuple[Pipeline, str]
) -> None:
    """The function has another environment than the process in which a layer is tried."""
    pipeline, _ = counters
    (folder,) = (each for each in run.layer_folders() if each.name == "old")
    file, code = folder / "domain_handler.py", (folder / "domain_handler.py").read_text()
    file.write_text(f'import os\nassert "AWS_LAMBDA_FUNCTION_NAME" not in os.environ, "only here"\n{code}')

    with pytest.raises(FailedStartError, match=r"does not start: .*only here"):
        run.deploy_layer(folder)

    counter = new_id()
    run.publish([domain_event(counter, 1, "Stepped", {}, DomainName="Counter")])
    run.drain()
    assert attributes(pipeline, counter)["Steps"] == ["Stepped"]


def _deploy_logic(run: LocalRun, pipeline: Pipeline, layer: str) -> None:
    """Change the project function as an update of the program with another layer does."""
    client = run.client("lambda")
    name = pipeline.outputs["project_function_arn"].split(":")[-1]
    variables = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    client.update_function_configuration(
        FunctionName=name, Layers=[layer], Environment={"Variables": variables | {"LOGIC_VERSION": layer}}
    )
    client.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 600})
