"""Every alarm says what it means and leads to a section of the runbook, and every section to an alarm."""

import re

import pytest

from cp_event_source.handler.projection.plan import Outcome
from cp_event_source.resources.monitoring.catalogue import ALARMS, DEFAULT_THRESHOLDS
from cp_event_source.resources.monitoring.specification import RUNBOOK, Alarm
from tests.docs.markdown import REPOSITORY, anchors

from .handler_metrics import HANDLER

PAGE = REPOSITORY / RUNBOOK
SECTIONS = {
    match["title"]: match["text"]
    for match in re.finditer(r"^## (?P<title>.+)\n(?P<text>(?:.*\n)*?)(?=^## |\Z)", PAGE.read_text(), re.MULTILINE)
}


def anchor_of(title: str) -> str:
    return title.lower().replace(" ", "-")


@pytest.mark.parametrize("alarm", ALARMS, ids=lambda alarm: alarm.name)
def test_an_alarm_says_what_it_means_how_severe_it_is_and_where_to_read_on(alarm: Alarm) -> None:
    description = alarm.description("File")
    assert re.fullmatch(r"[A-Z].{20,200}\.", alarm.meaning)
    assert "Domain: File." in description
    assert description.startswith(f"{alarm.severity}: {alarm.meaning}")
    assert description.endswith(f"docs/runbook.md#{alarm.section}")


@pytest.mark.parametrize("alarm", ALARMS, ids=lambda alarm: alarm.name)
def test_an_alarms_section_is_there_and_names_it_and_how_severe_it_is(alarm: Alarm) -> None:
    assert alarm.section in anchors(PAGE)
    text = next(text for title, text in SECTIONS.items() if anchor_of(title) == alarm.section)
    assert re.search(rf"^\| `{alarm.name}` \| {alarm.severity} \|", text, re.MULTILINE)


def test_every_section_belongs_to_an_alarm() -> None:
    assert {anchor_of(title) for title in SECTIONS} == {alarm.section for alarm in ALARMS}


@pytest.mark.parametrize("title", SECTIONS)
def test_a_section_says_what_is_wrong_what_is_at_risk_how_to_look_what_to_do_and_when_it_is_done(title: str) -> None:
    labels = re.findall(r"^\*\*(.+?)\*\*", SECTIONS[title], re.MULTILINE)
    assert labels == ["What it means.", "At risk.", "Look.", "Do.", "Done when"]


@pytest.mark.parametrize("title", SECTIONS)
def test_a_section_names_no_alarm_that_is_not_there(title: str) -> None:
    named = re.findall(r"^\| `([a-z-]+)` \| (?:warning|critical) \|", SECTIONS[title], re.MULTILINE)
    assert named == [alarm.name for alarm in ALARMS if alarm.section == anchor_of(title)]


@pytest.mark.parametrize(
    ("alarm", "threshold", "words"),
    [
        ("ingest-age", 15 * 60, "above 15 minutes"),
        ("ingest-dead-letter-age", 7 * 86_400, "above 7 days"),
        ("parked-age", 7 * 86_400, "above 7 days"),
        ("projection-dead-letter-age", 7 * 86_400, "above 7 days"),
        ("stream-age", 3_600_000, "above 1 hour"),
        ("stream-age-grave", 12 * 3_600_000, "above 12 hours"),
        ("persist-duration", 72_000, "above 72 seconds of 90"),
        ("project-duration", 12 * 60_000, "above 12 minutes of 15"),
        ("rebuild-requests", 100, "above 100 in 5 minutes"),
    ],
)
def test_a_threshold_in_the_page_is_the_default(alarm: str, threshold: float, words: str) -> None:
    assert DEFAULT_THRESHOLDS[alarm] == threshold
    (row,) = re.findall(rf"^\| `{alarm}` \| .*$", PAGE.read_text(), re.MULTILINE)
    assert words in row


def test_no_other_threshold_is_in_the_page_than_none() -> None:
    named = re.findall(r"^\| `([a-z-]+)` \| (?:warning|critical) \| (.*) \|$", PAGE.read_text(), re.MULTILINE)
    none = {alarm for alarm, words in named if "above 0" in words or words.startswith("the same")}
    assert {alarm for alarm, threshold in DEFAULT_THRESHOLDS.items() if threshold == 0} <= none


def test_queries_ask_for_what_the_functions_log() -> None:
    """A text in a query is a message if it stands after `message`."""
    queries = re.findall(r"^insights .*?'$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    asked = {text for query in queries for text in re.findall(r'message (?:= |in \[)("[^\]|\']*")', query)}
    messages = {message for texts in asked for message in re.findall(r'"([^"]+)"', texts)}
    assert len(queries) == PAGE.read_text().count("\ninsights ") > 5
    assert len(messages) > 3
    source = "".join(path.read_text() for path in HANDLER.glob("*.py"))
    outcomes = {f"domain object {outcome.value}" for outcome in Outcome}
    assert {message for message in messages - outcomes if f'"{message}"' not in source} == set()
