"""Guarantee: a command finds the pipeline that its user means, or says what to give; it never guesses between two."""

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from cp_event_source.deployed.kept_runs import KeptRun, noted
from cp_event_source.operate.target import Target, TargetError, find_pipeline

ARN = "arn:aws:lambda:eu-north-1:123456789012:function:files-project"
FILES = {
    "domain_events_table_name": "files-events",
    "domain_table_name": "files",
    "domain_name": "File",
    "project_function_arn": ARN,
}


@pytest.fixture(autouse=True)
def no_other_region(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))


def stack(folder: Path, exports: Any) -> Path:
    file = folder / "outputs.json"
    file.write_text(exports if isinstance(exports, str) else json.dumps(exports))
    return file


def prefixed(prefix: str, outputs: dict[str, str]) -> dict[str, str]:
    return {f"{prefix}{name}": value for name, value in outputs.items()}


@pytest.mark.parametrize(
    "exports",
    [
        FILES,
        FILES | {"url": "https://example.org", "count": 3, "tags": ["a"]},
        prefixed("files_", FILES),
        {"files": FILES},
        {
            "domainEventsTableName": "files-events",
            "domainTableName": "files",
            "domainName": "File",
            "projectFunctionArn": ARN,
        },
    ],
    ids=["as they are", "among others", "with a prefix", "in an object", "as other languages name them"],
)
def test_a_component_is_found_in_the_outputs_of_a_stack(exports: dict[str, Any], tmp_path: Path) -> None:
    pipeline = find_pipeline(Target(stack=stack(tmp_path, exports)))

    assert {name: pipeline.output(name) for name in FILES} == FILES
    assert pipeline.project_function == "files-project"
    assert pipeline.clients.region == "eu-north-1"


def test_the_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(FILES)))

    assert find_pipeline(Target(stack=Path("-"))).domain_name == "File"


TWO = prefixed("files_", FILES) | prefixed("accounts_", FILES | {"domain_name": "Account"})


@pytest.mark.parametrize("component", ["accounts", "Account"])
def test_of_several_components_one_is_named_by_its_prefix_or_its_domain(component: str, tmp_path: Path) -> None:
    assert find_pipeline(Target(stack=stack(tmp_path, TWO), component=component)).domain_name == "Account"


@pytest.mark.parametrize(
    ("exports", "more", "says"),
    [
        (TWO, {}, "--component: must say which.*accounts, files"),
        (TWO, {"component": "orders"}, "got 'orders'; found accounts, files"),
        ({"bucket": "b"}, {}, "in Python with CpEventSource.export_outputs"),
        ("{", {}, "must be JSON"),
        ([], {}, "must be an object of outputs; got list"),
        (FILES, {"local": True}, "--local: must be given without --stack"),
        (FILES, {"names": ["domain_name"]}, "--name: must be NAME=VALUE"),
        (FILES, {"profile": "absent"}, "--profile: must be a profile"),
        ({"domain_events_table_name": "t"}, {}, "--region: must be given"),
    ],
)
def test_what_is_wrong_is_named_with_what_to_give(
    exports: Any, more: dict[str, Any], says: str, tmp_path: Path
) -> None:
    with pytest.raises(TargetError, match=says):
        find_pipeline(Target(stack=stack(tmp_path, exports), **more))


def test_nothing_names_a_pipeline(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="named by --stack FILE, --local or --name"):
        find_pipeline(Target())
    with pytest.raises(TargetError, match="cannot be read: No such file"):
        find_pipeline(Target(stack=tmp_path / "absent"))


def test_names_replace_what_the_file_says_and_suffice_alone(tmp_path: Path) -> None:
    target = Target(stack=stack(tmp_path, FILES), names=["domain_table_name=other"])
    alone = Target(names=["domain_name=File"], region="eu-west-1")

    assert find_pipeline(target).output("domain_table_name") == "other"
    assert find_pipeline(alone).domain_name == "File"


def test_the_region_of_the_command_line_counts_more(tmp_path: Path) -> None:
    assert find_pipeline(Target(stack=stack(tmp_path, FILES), region="us-east-1")).clients.region == "us-east-1"


def test_a_local_run_that_is_up_is_found(tmp_path: Path) -> None:
    with noted(KeptRun("http://127.0.0.1:1", "us-east-1", {"files": FILES})):
        pipeline = find_pipeline(Target(local=True))

    assert (pipeline.name, pipeline.domain_name) == ("files", "File")
    assert pipeline.clients.endpoint == "http://127.0.0.1:1"
    with pytest.raises(TargetError, match="found none; start one"):
        find_pipeline(Target(local=True))


def test_a_local_run_that_was_killed_is_forgotten(tmp_path: Path) -> None:
    with noted(KeptRun("http://127.0.0.1:1", "us-east-1", {"files": FILES})):
        (note,) = tmp_path.glob("cp-event-source-runs-*/*.json")
        note.rename(note.with_name(f"{2**22 + os.getpid()}.json"))  # above the highest number of a process

        with pytest.raises(TargetError, match="found none"):
            find_pipeline(Target(local=True))


def test_two_local_runs_are_told_apart_by_their_address(tmp_path: Path) -> None:
    with noted(KeptRun("http://127.0.0.1:1", "us-east-1", {"files": FILES})):
        (note,) = tmp_path.glob("cp-event-source-runs-*/*.json")
        other = json.loads(note.read_text()) | {"endpoint": "http://127.0.0.1:2"}
        note.with_name("1.json").write_text(json.dumps(other))

        with pytest.raises(TargetError, match=r"found .*:\d \(files\), .*:\d \(files\); give"):
            find_pipeline(Target(local=True))
        found = find_pipeline(Target(local=True, endpoint_url="http://127.0.0.1:2/"))
        assert found.clients.endpoint == "http://127.0.0.1:2"
        with pytest.raises(TargetError, match="--endpoint-url: must be that of a local run"):
            find_pipeline(Target(local=True, endpoint_url="http://127.0.0.1:3"))


def test_what_the_command_line_says_counts_more_than_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CP_EVENT_SOURCE_STACK", "outputs.json")
    with noted(KeptRun("http://127.0.0.1:1", "us-east-1", {"files": FILES})):
        assert find_pipeline(Target(stack=Path("outputs.json"), local=True)).name == "files"


def test_a_name_that_no_output_has_is_refused() -> None:
    with pytest.raises(TargetError, match="got 'domain_tabel_name'; did you mean domain_table_name"):
        find_pipeline(Target(names=["domain_tabel_name=other"], region="eu-west-1"))


def test_a_table_that_throttles_slows_a_command_and_does_not_end_it(tmp_path: Path) -> None:
    retries = find_pipeline(Target(stack=stack(tmp_path, FILES))).clients("dynamodb").meta.config.retries

    assert (retries["mode"], retries["total_max_attempts"]) == ("adaptive", 10)
