"""Guarantee: Pulumi's own tools take the package: its schema binds, and the SDKs that they generate compile."""

import compileall
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cp_event_source.plugin import Provider
from tests.component.test_schema import schema_of
from tests.pinned import INHERITED

from .harness import ROOT, Engine, RefusedError, missing_tools
from .plugin import NAME, plugin

NIGHTLY = bool(os.environ.get("NIGHTLY"))


@pytest.fixture(scope="module")
def package(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plugin's executable, which Pulumi's commands take for a package."""
    return plugin(tmp_path_factory.mktemp("package")) / f"pulumi-resource-{NAME}"


@pytest.fixture(scope="module")
def sdks(engine: Engine, package: Path, tmp_path_factory: pytest.TempPathFactory) -> "Sdks":
    return Sdks(engine, package, tmp_path_factory.mktemp("sdks"))


class Sdks:
    """The package's SDKs, each generated once."""

    def __init__(self, engine: Engine, package: Path, folder: Path) -> None:
        self._engine = engine
        self._package = package
        self._folder = folder

    def of(self, language: str) -> Path:
        """The folder of a language's SDK; skips the test where it cannot be generated."""
        if reason := missing_tools(f"pulumi-language-{language}"):
            pytest.skip(reason)
        folder = self._folder / language
        if not folder.exists():
            arguments = ("package", "gen-sdk", str(self._package), "--language", language, "--out", str(self._folder))
            try:
                self._engine.run(*arguments, folder=self._folder)
            except RefusedError as error:
                if "dial tcp" in str(error):  # .NET's generator downloads a logo
                    pytest.skip(f"the generator for {language} needs the Internet")
                raise
        return folder


def run(command: list[str], folder: Path) -> str:
    """Run a tool that may download something."""
    done = subprocess.run(command, cwd=folder, env=INHERITED, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def change(manifest: Path, part: str, values: dict[str, str]) -> None:
    """Set values in a part of a package.json."""
    content = json.loads(manifest.read_text())
    content[part].update(values)
    manifest.write_text(json.dumps(content))


def downloads(*tools: str) -> pytest.MarkDecorator:
    """Skips where a tool is missing, and where nothing may be downloaded."""
    reason = missing_tools(*tools) or ("" if NIGHTLY else "downloads some 100 MB: set NIGHTLY=1")
    return pytest.mark.skipif(bool(reason), reason=reason)


def test_the_binder_accepts_the_schema_with_its_references_to_the_aws_provider(engine: Engine, package: Path) -> None:
    """The command binds the schema, and prints what came of it."""
    bound = json.loads(engine.run("package", "get-schema", str(package), folder=package.parent))
    served = schema_of(Provider)
    assert bound["resources"].keys() == served["resources"].keys()
    assert bound["types"].keys() == served["types"].keys()
    assert references(bound) == references(served)
    assert any(each.startswith("/aws/") for each in references(bound))


def references(schema: Any) -> set[str]:
    """What a schema refers to."""
    if isinstance(schema, dict):
        own = {schema["$ref"]} if isinstance(schema.get("$ref"), str) else set()
        return own.union(*(references(each) for each in schema.values()))
    return set().union(*(references(each) for each in schema)) if isinstance(schema, list) else set()


def test_the_sdk_for_python_compiles_and_can_be_imported(sdks: Sdks) -> None:
    folder = sdks.of("python")
    assert compileall.compile_dir(folder, quiet=1)
    about = folder / "pulumi_cp_event_source.dist-info" / "METADATA"  # as if it was installed
    about.parent.mkdir()
    about.write_text("Metadata-Version: 2.1\nName: pulumi_cp_event_source\nVersion: 0.1.0\n")
    code = "from pulumi_cp_event_source import CpEventSource, IndexArgs, SignedCodeArgs"
    run([sys.executable, "-c", code], folder)


@downloads("npm")
def test_the_sdk_for_typescript_compiles_with_a_program(sdks: Sdks, tmp_path: Path) -> None:
    shutil.copytree(sdks.of("nodejs"), tmp_path / "sdk")
    # The newest of the registry: a mirror may lag behind the Python package.
    change(tmp_path / "sdk" / "package.json", "dependencies", {"@pulumi/aws": "^7.0.0"})
    (tmp_path / "package.json").write_text('{"name": "program", "private": true}')
    (tmp_path / "tsconfig.json").write_text(
        json.dumps(
            {
                "compilerOptions": {
                    "strict": True, "target": "ES2022", "module": "commonjs", "moduleResolution": "node",
                    "noEmit": True, "skipLibCheck": True, "types": ["node"],
                },
                "files": ["program.ts"],
            }
        )
    )  # fmt: skip
    (tmp_path / "program.ts").write_text(
        """
        import * as es from "@pulumi/cp-event-source";
        const logic = new es.DomainPythonLayer("logic", { sourceDir: "./file_domain" });
        const files = new es.CpEventSource("files", {
            cpDomainName: "File", cpDomainLogicLayer: logic.arn, eventsPerSnapshot: 50, tags: { team: "a" },
            domainTableIndexes: [{ name: "by-result", hashKey: "ScanResult" }],
        });
        export const table = files.domainTable.apply(table => table.streamArn);
        // @ts-expect-error
        new es.CpEventSource("typing-error", { cpDomainName: "File", cpDomainLogicLayer: logic.arn, cpEventBuss: "x" });
        """
    )
    run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "./sdk", "typescript@5"], tmp_path)
    run(["npx", "tsc", "--project", "."], tmp_path)


@downloads("go")
def test_the_sdk_for_go_compiles(sdks: Sdks, tmp_path: Path) -> None:
    folder = tmp_path / "sdk"
    shutil.copytree(sdks.of("go") / "cpeventsource", folder)
    (folder / "go.mod").write_text("module example.com/pulumi-cp-event-source/sdk/go/cp-event-source\n\ngo 1.24\n")
    tidied = subprocess.run(
        ["go", "mod", "tidy"], cwd=folder, env=INHERITED, capture_output=True, text=True, check=False
    )
    if tidied.returncode and "pulumi-aws/sdk/v7" in tidied.stderr:
        pytest.skip("Go's module proxy does not serve the AWS provider's SDK here")
    assert tidied.returncode == 0, tidied.stderr
    run(["go", "build", "./..."], folder)


def test_the_sdk_for_dotnet_is_generated(sdks: Sdks) -> None:
    assert (sdks.of("dotnet") / "CpEventSource.cs").is_file()


def test_the_sdk_for_java_is_generated(sdks: Sdks) -> None:
    assert list(sdks.of("java").rglob("CpEventSource.java"))


@downloads()
def test_the_package_is_installed_from_the_repositorys_folder(engine: Engine, tmp_path: Path) -> None:
    """The engine makes an environment for it in the folder, from the pinned requirements."""
    for name in (NAME.replace("-", "_"), "handler"):
        ignore = shutil.ignore_patterns("__pycache__", "venv")
        shutil.copytree(ROOT / name, tmp_path / name, symlinks=True, ignore=ignore)
    with_network = replace(engine, environment={**INHERITED, **engine.environment})
    bound = json.loads(with_network.run("package", "get-schema", "./cp_event_source", folder=tmp_path))
    assert bound["resources"].keys() == schema_of(Provider)["resources"].keys()
