"""Guarantee: the built wheel is complete. In a new environment it can be imported and holds the functions' code.

With the dependencies of the local run, it runs the demo. Nothing in these tests uses this checkout.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]


def run(*command: str | Path, cwd: Path, **more: str) -> str:
    """A command's output. Nothing in its environment refers to this checkout."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    environment |= more
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, f"{command} exited with {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


def environment(folder: Path) -> Path:
    """The environment in a folder: an empty one, if there was none."""
    if not (folder / "venv").exists():
        venv.create(folder / "venv")
    return folder / "venv"


def install(folder: Path, *arguments: str | Path) -> Path:
    """Let pip install something into the environment in a folder, from files only. Returns its folder of executables.

    The pip is this environment's, and compiles nothing.
    """
    executables = environment(folder) / "bin"
    pip = (sys.executable, "-m", "pip", "--python", executables / "python")
    run(*pip, "install", "--quiet", "--no-compile", "--no-index", *arguments, cwd=folder)
    return executables


def install_with_dependencies(folder: Path, wheel: Path, extra: str = "") -> Path:
    """Put the dependencies there that the wheel names, as links to those of this environment, and install the wheel.

    This environment has the pinned versions. To let pip find them in an index takes ten seconds; here it only has to
    agree that they are all that the wheel needs.
    """
    packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(environment(folder))}))
    (itself,) = Distribution.discover(path=[str(wheel)])
    for source in {source for each in required(itself, {extra}) for source in parts(each)}:
        if not (packages / source.name).exists():
            (packages / source.name).symlink_to(source)
    return install(folder, f"{wheel}[{extra}]" if extra else wheel)


def required(itself: Distribution, extras: set[str]) -> list[Distribution]:
    """All that a distribution needs, and what these need, as it is installed here."""
    found: dict[str, Distribution] = {}
    wanted = [(itself, extras)]
    while wanted:
        package, extras = wanted.pop()
        for line in package.requires or []:
            requirement = Requirement(line)
            if requirement.marker and not any(requirement.marker.evaluate({"extra": each}) for each in {"", *extras}):
                continue
            if requirement.name not in found:
                found[requirement.name] = distribution(requirement.name)
                wanted.append((found[requirement.name], requirement.extras))
    return list(found.values())


def parts(package: Distribution) -> set[Path]:
    """The packages, modules and metadata of a distribution, where they are installed."""
    return {
        Path(str(package.locate_file(file.parts[0])))
        for file in package.files or []
        if file.parts[0] not in {"..", "__pycache__"}
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("installed")


@pytest.fixture(scope="module")
def deploying(wheel: Path, folder: Path) -> Path:
    """An environment with the dependencies of a deployment."""
    return install_with_dependencies(folder, wheel)


@pytest.fixture(scope="module")
def local(wheel: Path, folder: Path, deploying: Path) -> Path:
    """The same environment, which from now on also has the dependencies of the local run."""
    return install_with_dependencies(folder, wheel, "local")


def test_the_wheel_holds_the_functions_code_inside_the_package_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"cp_event_source"}
    sources = {f"cp_event_source/{path.relative_to(ROOT)}" for path in (ROOT / "handler").rglob("*.py")}
    assert {name for name in names if name.startswith("cp_event_source/handler/")} == sources
    assert {"cp_event_source/py.typed", "cp_event_source/PulumiPlugin.yaml"} <= set(names)


def test_the_package_imports_without_an_aws_library_and_finds_the_functions_code(
    deploying: Path, tmp_path: Path
) -> None:
    program = (
        "import cp_event_source, importlib.util as u; from cp_event_source.resources import code_archive as h;"
        "files = h.code_files();"
        "assert u.find_spec('botocore') is None, 'a deployment must need only Pulumi';"
        "assert u.find_spec('handler') is None, 'there must be no top-level module named handler';"
        "assert {'handler/persist_function.py', 'handler/project_function.py'} <= set(files);"
        "assert all(path.is_file() for path in files.values());"
        "print(cp_event_source.__file__)"
    )
    where = run(deploying / "python", "-c", program, cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(deploying.parent)


def test_without_dependencies_the_package_creates_events_and_projects_and_needs_boto3_only_to_publish(
    wheel: Path, tmp_path: Path
) -> None:
    executables = install(tmp_path, "--no-deps", wheel)
    program = (
        "from cp_event_source.producer import DomainEvent, publish\n"
        "event = DomainEvent(domain_name='File', domain_id='f', event_name='E', payload=0.1, user_id='u')\n"
        "try: publish([event], event_bus='company')\n"
        "except ModuleNotFoundError as error: print(error.name, event.detail)\n"
    )
    assert run(executables / "python", "-c", program, cwd=tmp_path).startswith(
        'boto3 {"DomainId":"f","DomainName":"File",'
    )
    run(executables / "cp-event-source", "new", "my-files", "--domain", "File", cwd=tmp_path)
    assert (tmp_path / "my-files" / "file_domain" / "domain_handler.py").is_file()


@pytest.mark.timeout(600)
def test_the_installed_command_runs_the_demo_and_leaves_no_file(local: Path, tmp_path: Path) -> None:
    example = shutil.copytree(ROOT / "examples" / "default", tmp_path / "default")
    command = (local / "cp-event-source", "local", example, "--events", example / "events.json")
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    output = run(*command, cwd=tmp_path, TMPDIR=str(temporary))
    assert list(temporary.iterdir()) == []
    for name in ("FileUploaded", "FileScanned"):
        assert name in output
