"""`status`: one screen about a deployed pipeline."""

from cp_event_source.deployed.pipeline import Pipeline
from cp_event_source.handler.values.clock import Clock
from cp_event_source.operate.options import FAILED, command
from cp_event_source.operate.output import Output
from cp_event_source.operate.overview.assess import assess
from cp_event_source.operate.overview.document import document_of
from cp_event_source.operate.overview.look import look_at
from cp_event_source.operate.overview.screen import screen


@command("status")
def status(pipeline: Pipeline, output: Output) -> None:
    """Show on one screen whether events flow, what is late, what waits for a person, and what the last day cost.

    It changes nothing. Exit code 1 if anything needs attention or cannot be read.
    """
    snapshot = look_at(pipeline, Clock())
    assessment = assess(snapshot)
    output.exit_code = FAILED if assessment.findings else 0
    output.result(document_of(snapshot, assessment), screen(snapshot, assessment))
