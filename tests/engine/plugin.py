"""The component as other languages get it: a plugin in a folder, which runs with the tests' own interpreter."""

import shlex
import sys
from pathlib import Path
from typing import Final

from .harness import ROOT

NAME: Final = "cp-event-source"


def plugin(folder: Path) -> Path:
    """A folder with the plugin's executable.

    The engine itself would make an environment for the plugin's folder in the repository, and install its requirements
    there. This executable starts the same program without that.
    """
    folder.mkdir(parents=True, exist_ok=True)
    executable = folder / f"pulumi-resource-{NAME}"
    command = shlex.join([sys.executable, str(ROOT / "cp_event_source")])
    executable.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    executable.chmod(0o755)
    return folder


def by_path(plugin_folder: Path) -> str:
    """The part of a Pulumi.yaml that says where the plugin is."""
    return f"plugins:\n  providers:\n    - name: {NAME}\n      path: {plugin_folder}\n"


def yaml_program(folder: Path, plugin_folder: Path, resources: str) -> Path:
    """A program in YAML that uses the plugin by path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Pulumi.yaml").write_text(f"name: {folder.name}\nruntime: yaml\n{by_path(plugin_folder)}{resources}")
    return folder
