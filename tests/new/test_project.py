"""Guarantee: a new project is complete and correct, whatever its domain and its events are called."""

import ast
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cp_event_source.handler.domain.logic import RowItem
from cp_event_source.layer.contract_check import check_domain_layer
from cp_event_source.new.names import BadNames, Names, names_of
from cp_event_source.new.project import compatible_versions, project_files
from tests.examples.program import run_program

from .generated import attributes, logic_of, rows, sample_events, write

DOMAIN_NAMES = st.text(st.sampled_from("ABZabz09 _.:/=+@-"), min_size=1, max_size=30)
EVENT_NAMES = st.one_of(
    st.text(min_size=1, max_size=30), st.sampled_from(["it's", '"', "'\"", "\\", "${x}", "$domain"])
)

FILE = names_of("File")


def names_in(source: str) -> list[str]:
    """The event names that `apply` matches, in order."""
    cases = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.match_case)]
    patterns = [case.pattern.value for case in cases if isinstance(case.pattern, ast.MatchValue)]
    return [ast.literal_eval(pattern) for pattern in patterns]


@given(domain=DOMAIN_NAMES, events=st.lists(EVENT_NAMES, max_size=4), folder=st.text(max_size=20))
def test_names_give_correct_code_and_events_or_are_refused(domain: str, events: list[str], folder: str) -> None:
    try:
        names = names_of(domain, events)
    except BadNames:
        return
    files = project_files(names, folder)
    sources = {name: text for name, text in files.items() if name.endswith(".py")}
    for source in sources.values():
        ast.parse(source)
    assert names_in(sources[f"{names.snake}_domain/domain_handler.py"]) == list(names.events)
    with TemporaryDirectory() as temporary:
        layer = write(Path(temporary), files) / f"{names.snake}_domain"
        report = check_domain_layer(layer)
    assert (report.errors, report.warnings) == ((), ())
    project = yaml.safe_load(files["Pulumi.yaml"])
    assert isinstance(project["name"], str)
    assert 1 <= len(project["name"]) <= 100
    assert all(folded.failure is None for folded in rows(names, files).values())


@pytest.mark.parametrize(
    "names",
    [FILE, names_of("Purchase Order", ["OrderPlaced"]), names_of("Order", ["A", "B", "ItemRenamed", "C"])],
    ids=lambda names: names.domain,
)
def test_the_sample_events_are_of_several_objects_and_out_of_order(names: Names) -> None:
    files = project_files(names, "project")
    events = sample_events(names, files)
    assert {event.event_name for event in events} == set(names.events)
    assert len({event.domain_id for event in events}) == 3
    assert len({event.event_id for event in events}) == len(events)
    first = [event.key for event in events if event.domain_id == events[0].domain_id]
    assert first != sorted(first)


def test_the_default_events_give_these_rows() -> None:
    folded = rows(FILE, project_files(FILE, "my-files"))
    assert attributes(folded["file-1"]) == {
        "DomainId": "file-1",
        "CreatedAt": "2026-03-02T09:00:00Z",
        "UpdatedAt": "2026-03-02T11:00:00Z",
        "Name": "final",
        "Status": "CLOSED",
    }
    assert {domain_id: attributes(each)["Status"] for domain_id, each in folded.items()} == {
        "file-1": "CLOSED",
        "file-2": "CLOSED",
        "file-3": "CREATED",
    }


def test_the_logic_refuses_an_unknown_event() -> None:
    files = project_files(FILE, "my-files")
    events = sample_events(FILE, files)
    other = names_of("File", ["FileUploaded"])
    unknown = logic_of(other, project_files(other, "x"))
    with pytest.raises(ValueError, match="the File domain does not know this event"):
        unknown.apply(unknown.create_new(events[0]), events[0])


def test_a_row_that_lacks_an_attribute_is_an_error_so_that_the_object_is_folded_again() -> None:
    logic = logic_of(FILE, project_files(FILE, "my-files"))
    with pytest.raises(AttributeError, match="the row has no attribute 'Status'"):
        logic.from_dynamo_item(RowItem({"DomainId": "f", "CreatedAt": "", "UpdatedAt": "", "Name": ""}))


def test_the_program_deploys_the_pipeline_of_the_domain(tmp_path: Path) -> None:
    names = names_of("Purchase Order")
    program = run_program(write(tmp_path, project_files(names, "orders")))
    assert {"event_bus_name", "domain_table_name", "publisher_policy_arn", "dashboard_url"} <= set(program.exports)


@pytest.mark.parametrize(
    ("version", "versions"),
    [
        ("0.1.0", ">=0.1.0,<0.2"),
        ("0.9.3", ">=0.9.3,<0.10"),
        ("1.0.0", ">=1.0.0,<2"),
        ("2.4.1.dev3", ">=2.4.1.dev3,<3"),
    ],
)
def test_the_requirement_is_a_range_that_the_installed_version_is_in(version: str, versions: str) -> None:
    assert compatible_versions(version) == versions


@pytest.mark.parametrize(
    ("folder", "project"),
    [
        ("my-files", "my-files"),
        ("My Files!", "My-Files"),
        ("ümlaut", "mlaut"),
        ("...", "file"),
        ("", "file"),
        ("1", "1"),
    ],
)
def test_the_pulumi_project_is_named_after_the_folder(folder: str, project: str) -> None:
    assert yaml.safe_load(project_files(FILE, folder)["Pulumi.yaml"])["name"] == project
