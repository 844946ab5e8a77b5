"""Guarantee: the template for `pulumi new` is what `cp-event-source new` writes, under a name that Pulumi fills in.

After a change of what `new` writes, write the template with `python -m tests.examples.test_template`.
"""

import shutil
from pathlib import Path
from typing import Any, Final

import yaml

from cp_event_source.new.names import Names
from cp_event_source.new.project import project_files

from .program import run_program

TEMPLATE: Final = Path(__file__).parents[2] / "examples" / "template"
DOMAIN: Final = Names("Item", ("ItemAdded", "ItemRenamed"))
OF_PULUMI: Final = "Pulumi.yaml"
"""The file that is the template's own: it says what Pulumi asks for."""
MADE: Final = {"__pycache__", ".ruff_cache", ".pytest_cache", ".venv"}
"""What tools make in it."""


def generated() -> dict[str, str]:
    """The other files, by their paths. Pulumi shows the quick start of Pulumi.yaml instead of a README.md."""
    files = project_files(DOMAIN, "template")
    return {path: text for path, text in files.items() if path not in {OF_PULUMI, "README.md"}}


def kept() -> dict[str, str]:
    return {
        str(path.relative_to(TEMPLATE)): path.read_text()
        for path in sorted(TEMPLATE.rglob("*"))
        if path.is_file() and path.name != OF_PULUMI and not MADE & {*path.parts}
    }


def test_the_template_is_what_new_writes() -> None:
    assert kept() == generated()


def test_pulumi_fills_in_names_and_asks_for_settings_that_the_program_reads() -> None:
    text = (TEMPLATE / OF_PULUMI).read_text()
    template: dict[str, Any] = yaml.safe_load(text)
    assert (template["name"], template["description"]) == ("${PROJECT}", "${DESCRIPTION}")
    assert template["runtime"] == yaml.safe_load(project_files(DOMAIN, "template")[OF_PULUMI])["runtime"]
    assert template["template"]["config"].keys() == {"aws:region", "development"}
    for command in ("pytest", "cp-event-source local . --events events.json", "pulumi up"):
        assert command in template["template"]["quickstart"]


def test_the_program_of_the_template_runs() -> None:
    registered = run_program(TEMPLATE, project="template", config={"development": "true"})
    assert "domain_table_name" in registered.exports


if __name__ == "__main__":
    own = (TEMPLATE / OF_PULUMI).read_text()
    shutil.rmtree(TEMPLATE)
    for path, text in {**generated(), OF_PULUMI: own}.items():
        (TEMPLATE / path).parent.mkdir(parents=True, exist_ok=True)
        (TEMPLATE / path).write_text(text)
