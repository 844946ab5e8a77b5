"""Guarantee: the two pages for Pulumi's registry have its form, and show programs that fit the package.

The registry takes `docs/_index.md` and `docs/installation-configuration.md` from a release's tag, and shows them on its
own site. So their links cannot be relative, and they have its tabs, a `choosable` for each language of a `chooser`.
"""

import json
import re
from pathlib import Path

import pytest
import yaml

from .markdown import FOR_THE_REGISTRY, REPOSITORY, Block, blocks, links
from .test_code_blocks import is_a_program

LANGUAGES = ["typescript", "python", "go", "yaml"]
SCHEMA = json.loads((REPOSITORY / "tests" / "component" / "golden" / "schema.json").read_text())["resources"]
NAMES = {
    name for resource in SCHEMA.values() for names in ("inputProperties", "properties") for name in resource[names]
}
EXAMPLE = {block.language: block for block in blocks(REPOSITORY / "docs" / "_index.md")}
_CHOOSER = re.compile(r'\{\{< chooser language "([\w,]+)" >\}\}\n(.*?)\{\{< /chooser >\}\}\n', re.DOTALL)
_CHOOSABLE = re.compile(r"\{\{% choosable language (\w+) %\}\}\n(.*?)\{\{% /choosable %\}\}\n", re.DOTALL)


@pytest.mark.parametrize("page", FOR_THE_REGISTRY, ids=lambda page: page.name)
def test_a_page_has_the_registrys_form(page: Path) -> None:
    text = page.read_text()
    _, front_matter, body = text.split("---\n", 2)
    matter = yaml.safe_load(front_matter)
    assert matter.keys() == {"title", "meta_desc", "layout"}
    assert matter["layout"] == "package"
    assert 50 <= len(matter["meta_desc"]) <= 160, "what search engines show"
    choosers = _CHOOSER.findall(body)
    assert choosers
    for languages, tabs in choosers:
        assert languages.split(",") == LANGUAGES
        assert [language for language, _ in _CHOOSABLE.findall(tabs)] == LANGUAGES
    assert "{{" not in _CHOOSER.sub("", body)
    assert links(page) == []


def test_the_example_has_a_tab_for_each_language() -> None:
    assert list(EXAMPLE) == LANGUAGES


def test_the_example_in_python_runs(tmp_path: Path) -> None:
    is_a_program(EXAMPLE["python"], tmp_path)


def used(block: Block) -> set[str]:
    """The names of inputs and outputs in an example, as the schema has them."""
    patterns = {
        "typescript": r"(?:\b(\w+): (?!Domain)|(?:layer|files)\.(\w+))",
        "go": r"^\t+([A-Z]\w+): |(?:layer|files)\.(\w+)",
        "yaml": r"^      (\w+): |\$\{[\w-]+\.(\w+)\}",
    }
    found = (one or other for one, other in re.findall(patterns[block.language], block.text, re.MULTILINE))
    return {name[0].lower() + name[1:] for name in found}


@pytest.mark.parametrize("language", ["typescript", "go", "yaml"])
def test_the_example_uses_names_of_the_schema(language: str) -> None:
    names = used(EXAMPLE[language])
    assert {"cpDomainName", "cpDomainLogicLayer", "sourceDir", "arn", "eventBusName"} <= names <= NAMES


@pytest.mark.parametrize("page", FOR_THE_REGISTRY, ids=lambda page: page.name)
def test_yaml_is_yaml(page: Path) -> None:
    for block in blocks(page):
        assert block.language != "yaml" or isinstance(yaml.safe_load(block.text), dict)
