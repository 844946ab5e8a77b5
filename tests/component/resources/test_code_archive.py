"""The functions' deployment package: complete, pure, and the same every time."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pulumi
import pytest

from cp_event_source.resources import code_archive

from ..deployment import Deployment

ROOT = Path(__file__).parents[3]


def test_every_file_of_the_functions_code_is_there() -> None:
    expected = {f"handler/{path.relative_to(ROOT / 'handler').as_posix()}" for path in (ROOT / "handler").rglob("*.py")}
    assert code_archive.code_files().keys() == expected
    assert {"handler/__init__.py", "handler/persist_function.py", "handler/project_function.py"} <= expected


def test_it_is_pure_python_and_so_runs_on_any_architecture() -> None:
    assert {Path(name).suffix for name in code_archive.code_files()} == {".py"}
    extensions = {".so", ".pyd", ".dylib"}
    assert [path for path in code_archive.HANDLER_DIR.rglob("*") if path.suffix in extensions] == []


def test_the_files_are_listed_one_by_one_sorted_and_without_compiled_ones() -> None:
    names = list(code_archive.code_files())
    assert names == sorted(names)
    assert all(path.is_file() for path in code_archive.code_files().values())
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


def test_both_functions_get_that_archive(deployment: Deployment) -> None:
    for name in ("files-persist", "files-project"):
        code = deployment.only("Function", name).inputs["code"]
        assert {path: asset.path for path, asset in code.assets.items()} == {
            path: str(file) for path, file in code_archive.code_files().items()
        }
        assert all(isinstance(asset, pulumi.FileAsset) for asset in code.assets.values())


def test_of_the_same_code_an_archive_has_the_same_bytes_wherever_and_whenever_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not of when, by whom and with which rights the files were installed; nor of a compressor's version."""
    code_archive.write_archive(tmp_path / "here.zip")
    elsewhere = {}
    for name, file in code_archive.code_files().items():
        elsewhere[name] = tmp_path / name
        elsewhere[name].parent.mkdir(parents=True, exist_ok=True)
        elsewhere[name].write_bytes(file.read_bytes())
        elsewhere[name].chmod(0o600)
        os.utime(elsewhere[name], (0, 0))
    monkeypatch.setattr(code_archive, "code_files", lambda: elsewhere)
    code_archive.write_archive(tmp_path / "there.zip")

    assert (tmp_path / "here.zip").read_bytes() == (tmp_path / "there.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "here.zip") as package:
        assert package.namelist() == sorted(elsewhere)
        for entry in package.infolist():
            assert entry.date_time == (1980, 1, 1, 0, 0, 0)
            assert entry.compress_type == zipfile.ZIP_STORED
            assert entry.external_attr >> 16 & 0o444 == 0o444, "Lambda could not read it"


IMPORT_ALONE = """
import gc, importlib, sys

botocore_and_its_own = {"botocore", "dateutil", "jmespath", "six", "urllib3"}
known = sys.stdlib_module_names | botocore_and_its_own | {"handler", "domain_handler"}

class NothingElse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in known:
            raise ModuleNotFoundError(f"not to be imported: {name}", name=name)

code, layer, module = sys.argv[1:]
sys.path[:0] = [code, layer]
sys.meta_path.insert(0, NothingElse())
assert callable(importlib.import_module(module).handle)
assert gc.isenabled()
assert gc.get_freeze_count() > 10_000, "each pass of the collector would examine what botocore has loaded"
assert sys.modules["handler"].__file__.startswith(code)
"""


@pytest.mark.parametrize("module", ["handler.persist_function", "handler.project_function"])
def test_a_function_starts_with_nothing_but_the_archive_its_layer_and_the_runtimes_botocore(
    module: str, tmp_path: Path
) -> None:
    """Not even with boto3, which the runtime has as well: a cold start would be the longer for it."""
    for name, path in code_archive.code_files().items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, tmp_path / name)
    environment = {
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_LAMBDA_FUNCTION_NAME": "function",
        "DOMAIN_NAME": "File",
        "DOMAIN_EVENTS_TABLE": "events",
        "DOMAIN_TABLE": "rows",
        "DOMAIN_SNAPSHOTS_TABLE": "snapshots",
        "EVENTS_PER_SNAPSHOT": "100",
        "INGEST_DEAD_LETTER_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/111122223333/ingest",
        "PARKED_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/111122223333/parked",
        "MAX_FUTURE_SKEW_SECONDS": "600",
        "EVENT_TIME_LIMIT_SECONDS": "10",
        "LOGIC_VERSION": "1",
    }
    layer = ROOT / "tests" / "fixtures" / "seed_layer"
    ran = subprocess.run(
        [sys.executable, "-P", "-c", IMPORT_ALONE, str(tmp_path), str(layer), module],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert ran.returncode == 0, ran.stderr


def test_a_programs_own_handler_module_is_not_mistaken_for_ours(tmp_path: Path) -> None:
    (tmp_path / "handler.py").write_text("raise RuntimeError('the program has its own handler')\n")
    program = "import handler_probe\n"
    (tmp_path / "handler_probe.py").write_text(
        "from cp_event_source.resources import code_archive\nprint(code_archive.HANDLER_DIR)\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert Path(ran.stdout.strip()) == ROOT / "handler"


@pytest.mark.parametrize("with_links", [True, False], ids=["a checkout", "a wheel, or the engine's copy of a checkout"])
def test_the_code_has_one_name_wherever_it_lies(tmp_path: Path, with_links: bool) -> None:
    """The engine unpacks a plugin's checkout with files in the place of links."""
    ignore = shutil.ignore_patterns("__pycache__", "venv")
    names = ("cp_event_source", "handler") if with_links else ("cp_event_source",)
    for name in names:
        shutil.copytree(ROOT / name, tmp_path / name, symlinks=with_links, ignore=ignore)
    program = (
        "import cp_event_source.handler.projection.rows as rows\n"
        "from cp_event_source.resources import code_archive\n"
        "print(rows.__file__, code_archive.HANDLER_DIR)\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    imported, folder = ran.stdout.split()
    assert imported == str(tmp_path / "cp_event_source" / "handler" / "projection" / "rows.py")
    assert Path(folder) == (tmp_path / "handler" if with_links else tmp_path / "cp_event_source" / "handler")
