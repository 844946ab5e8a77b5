"""`status` on a deployed pipeline: every part is read by its own call, and the screen says what they mean together."""

from cp_event_source.local import LocalRun, Pipeline
from tests.e2e.events import new_id, uploaded
from tests.operate.conftest import Cli


def test_all_parts_of_a_pipeline_are_read(run: LocalRun, files: Pipeline, cli_on: Cli) -> None:
    run.publish([uploaded(new_id(), 1)])
    run.drain()

    done = cli_on("status", "--json")

    document = done.document
    print(done.output)
    print(cli_on("status").output)
    assert document["domain_name"] == "File"
