"""The layer made from a folder: the folder's files, checked, as one layer version."""

import os
from pathlib import Path
from typing import cast

import pulumi
import pytest

from cp_event_source import CpEventSource, CpEventSourceArgs, DomainPythonLayer, DomainPythonLayerArgs

from ..deployment import arn, deploy, in_program

SEED_LAYER = Path(__file__).parents[2] / "fixtures" / "seed_layer"
LAYER_ARN = arn("lambda", "layer:file-domain:1")


def layer(source_dir: object = str(SEED_LAYER), name: str = "file-domain", **more: object) -> DomainPythonLayer:
    args = {"source_dir": source_dir, **more}
    return DomainPythonLayer(name, cast("DomainPythonLayerArgs", args))


def test_the_folder_becomes_one_layer_version_and_its_arn_the_output() -> None:
    deployment = deploy(in_program(layer))
    assert deployment.names() == {("LayerVersion", "file-domain-layer")}
    component = deployment.only("DomainPythonLayer")
    assert component.type == "cp-event-source:index:DomainPythonLayer"
    version = deployment.only("LayerVersion")
    assert version.parent == component.urn
    code = version.inputs.pop("code")
    assert version.inputs == {
        "layerName": "file-domain",
        "description": "Domain logic for project/stack",
        "compatibleRuntimes": ["python3.14"],
        "skipDestroy": True,
    }
    assert {name: asset.path for name, asset in code.assets.items()} == {
        "python/domain_handler.py": str(SEED_LAYER / "domain_handler.py")
    }
    assert deployment.outputs[component.urn] == {"arn": LAYER_ARN, "layerName": "file-domain", "version": "1"}


def test_an_earlier_version_outlives_the_next_one() -> None:
    """Rows, snapshots and Lambda's earlier configurations name it; a roll-back deploys it again."""
    assert deploy(in_program(layer)).only("LayerVersion").inputs["skipDestroy"] is True


def test_it_is_in_the_region_that_is_given() -> None:
    abroad = deploy(in_program(lambda: layer(region="eu-north-1")))
    assert abroad.only("LayerVersion").inputs["region"] == "eu-north-1"
    with pytest.raises(pulumi.InputPropertiesError, match=r"^region: must be the name of a region"):
        deploy(in_program(lambda: layer(region=pulumi.Output.from_input("north"))))


def test_the_component_takes_the_layers_arn_as_it_is() -> None:
    def program() -> None:
        CpEventSource("files", CpEventSourceArgs(cp_domain_name="File", cp_domain_logic_layer=layer().arn))

    assert deploy(program).only("Function", "files-project").inputs["layers"] == [LAYER_ARN]


def test_the_checks_warnings_are_shown_and_stop_nothing() -> None:
    deployment = deploy(in_program(layer))
    assert len(deployment.warnings) == 2
    assert "Domain.create_new calls datetime.utcnow()" in deployment.warnings[1]


@pytest.mark.parametrize("preview", [True, False])
def test_broken_logic_stops_the_deployment_before_anything_is_registered(tmp_path: Path, *, preview: bool) -> None:
    (tmp_path / "domain_handler.py").write_text("class Domain: ...\n")

    def program() -> None:
        with pytest.raises(pulumi.InputPropertiesError) as refusal:
            layer(str(tmp_path))
        lines = str(refusal.value).splitlines()
        assert len(lines) == 4
        assert all(line.startswith("source_dir: domain_handler.py") for line in lines)

    assert deploy(program, preview=preview).resources == []


@pytest.mark.parametrize(
    ("source_dir", "found"),
    [
        (None, "source_dir: must be the path of the folder that holds domain_handler.py; got nothing"),
        ("", "source_dir: must be the path of the folder that holds domain_handler.py; got ''"),
        (7, "source_dir: must be the path of the folder that holds domain_handler.py; got 7"),
        ("/no/such/folder", "source_dir: /no/such/folder does not exist"),
    ],
)
def test_the_folder_must_be_one(source_dir: object, found: str) -> None:
    def program() -> None:
        with pytest.raises(pulumi.InputPropertiesError) as refusal:
            layer(source_dir)
        assert str(refusal.value).startswith(found)

    assert deploy(program).resources == []


def test_a_mistyped_input_is_not_passed_over() -> None:
    def program() -> None:
        args = {"source_dir": str(SEED_LAYER), "runtime": "python3.9"}
        with pytest.raises(
            pulumi.InputPropertiesError, match="runtime: is not an input; use one of region, source_dir"
        ):
            DomainPythonLayer("file-domain", DomainPythonLayerArgs(**args))  # type: ignore[typeddict-item]

    deploy(program)


@pytest.mark.parametrize("name", ["n" * 65, "file domain"])
def test_the_name_must_be_one_for_a_layer(name: str) -> None:
    def program() -> None:
        with pytest.raises(pulumi.InputPropertiesError, match=r"^name: "):
            layer(name=name)

    assert deploy(program).resources == []


def test_a_relative_folder_is_found_from_where_the_program_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(SEED_LAYER.parent)
    code = deploy(in_program(lambda: layer("seed_layer"))).only("LayerVersion").inputs["code"]
    assert [os.path.isabs(asset.path) for asset in code.assets.values()] == [True]  # noqa: PTH117
