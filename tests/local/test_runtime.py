"""Guarantee: a function in a local run imports what it can import on Lambda, and nothing else."""

import importlib.metadata
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cp_event_source.local import runtime
from cp_event_source.local.errors import EmulatorError
from tests.local.functions import Functions


@pytest.fixture(scope="module")
def functions(tmp_path_factory: pytest.TempPathFactory) -> Functions:
    return Functions.within(tmp_path_factory.mktemp("functions"))


IMPORTABLE = """
import importlib.util
def found(names): return [name for name in names if importlib.util.find_spec(name)]
"""


def test_it_finds_the_sdk_and_what_that_requires(functions: Functions) -> None:
    names = ["boto3", "botocore", "s3transfer", "jmespath", "urllib3", "dateutil", "six"]

    assert functions.result(f"{IMPORTABLE}found({names})") == names
    assert functions.result("import boto3\nboto3.__version__") == importlib.metadata.version("boto3")


def test_it_finds_nothing_else_of_the_emulators_environment(functions: Functions) -> None:
    """Every top-level module that is installed here is tried, except those of the SDK and of the standard library."""
    others = sorted(
        {
            name
            for name in importlib.metadata.packages_distributions()
            if name.isidentifier() and name not in sys.stdlib_module_names
        }
        - {"boto3", "botocore", "s3transfer", "jmespath", "urllib3", "dateutil", "six"}
    )
    assert {"pulumi", "yaml", "semver", "rich", "ministack", "pip"} & set(others) > {"pulumi", "semver"}

    assert functions.result(f"{IMPORTABLE}found({[*others, 'cp_event_source', 'tests']})") == []


def test_its_path_is_lambdas(functions: Functions) -> None:
    """Its code, the layers with the later one first, the standard library, what the runtime brings."""
    layer = {
        "python/x.py": "",
        "python/lib/python3.14/site-packages/y.py": "",
        "python/lib/python3.11/site-packages/z": "",
    }
    path = functions.result("import sys\nsys.path", layer, {**layer, "top.py": ""})

    parts = [path[0].rpartition("/")[2], *(name.partition("/layer_")[2] for name in path[1:5])]
    assert parts == [
        "code",
        "1/python/lib/python3.14/site-packages",
        "0/python/lib/python3.14/site-packages",
        "1/python",
        "0/python",
    ]
    assert not any("/layer_" in name or "/code" in name for name in path[5:-1] if "site-packages" not in name)
    assert "" not in path
    assert path[0].rpartition("/")[0] not in path, "the folder of the process's script"


@pytest.mark.parametrize(
    ("files", "layer", "origin"),
    [
        ({"both.py": "WHERE = 'code'"}, {"python/both.py": "WHERE = 'layer'"}, "code"),
        ({}, {"python/both.py": "WHERE = 'layer'"}, "layer"),
        ({}, {"python/colorsys.py": "WHERE = 'layer'"}, "layer"),  # of the standard library
        ({}, {"python/six.py": "WHERE = 'layer'"}, "layer"),  # of the runtime
    ],
)
def test_what_is_earlier_on_the_path_hides_what_is_later(
    functions: Functions, files: dict[str, str], layer: dict[str, str], origin: str
) -> None:
    (name,) = layer

    assert functions.result(f"import {Path(name).stem} as module\nmodule.WHERE", layer, files=files) == origin


@pytest.mark.parametrize("name", ["top.py", "python/lib/python3.11/site-packages/top.py"])
def test_what_a_layer_has_elsewhere_is_not_found(functions: Functions, name: str) -> None:
    assert functions.result(f"{IMPORTABLE}found(['top'])", {name: ""}) == []


def test_it_has_lambdas_environment_and_not_the_emulators(functions: Functions) -> None:
    names = functions.result("import os\nsorted(os.environ)")

    assert not {"PYTHONSAFEPATH", "PYTHONUTF8", "PYTHONUNBUFFERED", "_LAMBDA_LAYERS_DIRS"} & set(names)
    assert "AWS_EXECUTION_ENV" in names


def test_a_process_that_a_function_starts_is_a_plain_one(functions: Functions) -> None:
    child = "import importlib; print(importlib.import_module.__module__)"
    command = f"[sys.executable, '-c', {child!r}], text=True"

    assert functions.result(f"import subprocess, sys\nsubprocess.check_output({command})") == "importlib\n"


def test_an_interpreter_without_a_virtual_environment_gives_the_same(tmp_path: Path) -> None:
    """The base interpreter, as a system's own Python would be, with the SDK on its path."""
    code = (
        "import sys; sys.path[:0] = sys.argv[2:]\n"
        "from pathlib import Path; from cp_event_source.local.runtime import make_runtime\n"
        "make_runtime(Path(sys.argv[1]))"
    )
    base: Any = sys._base_executable  # type: ignore[attr-defined]
    here = [str(Path(runtime.__file__).parents[2]), importlib.metadata.distribution("boto3").locate_file("")]
    subprocess.run([base, "-c", code, str(tmp_path / "runtime"), *map(str, here)], check=True)

    assert Functions(tmp_path).result("import boto3, sys\nsys.prefix") == str(tmp_path / "runtime")


def test_requirements_are_those_that_the_installed_versions_name(monkeypatch: pytest.MonkeyPatch) -> None:
    installed = {
        "sdk": ["core >=1,<2", 'crt; extra == "crt"', "old (>=1) ; python_version < '3'", "core[fast]"],
        "core": ["sdk", "date_util~=2"],
        "date_util": None,
    }

    def distribution(name: str) -> object:
        if name not in installed:
            raise importlib.metadata.PackageNotFoundError(name)
        return SimpleNamespace(requires=installed[name])

    monkeypatch.setattr(runtime, "distribution", distribution)

    assert sorted(runtime._with_requirements("sdk")) == ["core", "date_util", "sdk"]
    installed["core"] = ["gone"]
    with pytest.raises(EmulatorError, match=r"functions need gone, which is not installed; run: pip install"):
        runtime._with_requirements("sdk")


def test_a_distribution_without_a_list_of_files_is_found_by_its_top_level(tmp_path: Path) -> None:
    """As systems' own packagers install them."""
    info = tmp_path / "python_dateutil-2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: python-dateutil\nVersion: 2\n")
    (tmp_path / "dateutil").mkdir()
    (tmp_path / "one.py").write_text("")

    assert runtime._parts(importlib.metadata.Distribution.at(info)) == []
    (info / "top_level.txt").write_text("dateutil\none\n")
    assert runtime._parts(importlib.metadata.Distribution.at(info)) == [tmp_path / "dateutil", tmp_path / "one.py"]
